package dev.heddle.engine;

import dev.heddle.process.DataSize;

/**
 * How large a jar may be. Its uncompressed entries stay in memory while it is loaded.
 *
 * @param maxJar the jar itself
 * @param maxEntries files in it
 * @param maxEntry one file, uncompressed
 * @param maxUncompressed all files, uncompressed
 */
public record JarLimits(
    DataSize maxJar, int maxEntries, DataSize maxEntry, DataSize maxUncompressed) {
  public static final JarLimits DEFAULTS =
      new JarLimits(DataSize.ofMiB(32), 10_000, DataSize.ofMiB(16), DataSize.ofMiB(64));

  public JarLimits {
    if (maxEntries < 1 || maxEntries >= 0xFFFF) {
      throw new IllegalArgumentException("max-entries: " + maxEntries + " (expected: 1..65534)");
    }
  }
}
