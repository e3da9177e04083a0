package dev.heddle.gateway.backend;

import dev.heddle.process.DataSize;

/**
 * What one bulk stream may hold in memory: {@code window + 1} batches, each at most one document
 * larger than {@code bytes}.
 *
 * @param lines of a batch at most
 * @param bytes a batch of so many leaves at once
 * @param window batches that have left and are not answered; at the limit nothing more is read
 */
public record BulkLimits(int lines, DataSize bytes, int window) {
  public BulkLimits {
    check("lines", lines, 10_000);
    check("bytes", bytes.bytes(), 16 << 20);
    check("window", window, 64);
  }

  private static void check(String name, long value, long most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 1.." + most + ")");
    }
  }

  /** The documented defaults. */
  public static BulkLimits defaults() {
    return new BulkLimits(1_000, DataSize.parse("1MiB"), 4);
  }
}
