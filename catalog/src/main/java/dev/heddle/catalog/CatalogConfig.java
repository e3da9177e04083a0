package dev.heddle.catalog;

import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import java.time.Duration;

/**
 * Bounds of a catalog server.
 *
 * @param maxEntry of one value, at most 512KiB
 * @param maxEntries entries, at most 100,000
 * @param maxTotal of all values: they are in memory, and in one file that is written as a whole
 * @param maxChanges of one write, at most 1,000
 * @param maxWatchers watch streams, at most 1,024
 * @param watcherBuffer updates that wait for a slow watcher before it gets a snapshot instead
 * @param minTtl shortest lease
 * @param maxTtl longest lease
 * @param expiryInterval how often leases are looked at
 */
public record CatalogConfig(
    DataSize maxEntry,
    int maxEntries,
    DataSize maxTotal,
    int maxChanges,
    int maxWatchers,
    int watcherBuffer,
    Duration minTtl,
    Duration maxTtl,
    Duration expiryInterval) {

  public CatalogConfig {
    checkRange("max-entry", maxEntry.bytes(), 512 << 10);
    checkRange("max-entries", maxEntries, 100_000);
    checkRange("max-total", maxTotal.bytes(), 1 << 30);
    checkRange("max-changes", maxChanges, 1_000);
    checkRange("max-watchers", maxWatchers, 1_024);
    checkRange("watcher-buffer", watcherBuffer, 100_000);
    if (!minTtl.isPositive() || maxTtl.compareTo(minTtl) < 0) {
      throw new IllegalArgumentException(
          "min-ttl: " + DurationFormat.format(minTtl) + " (expected: > 0 and not above max-ttl)");
    }
    if (!expiryInterval.isPositive()) {
      throw new IllegalArgumentException(
          "expiry-interval: " + DurationFormat.format(expiryInterval) + " (expected: > 0)");
    }
  }

  public static CatalogConfig defaults() {
    return new CatalogConfig(
        DataSize.ofKiB(512),
        100_000,
        DataSize.ofMiB(64),
        1_000,
        1_024,
        1_000,
        Duration.ofMillis(100),
        Duration.ofMinutes(10),
        Duration.ofMillis(250));
  }

  private static void checkRange(String name, long value, long most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 1.." + most + ")");
    }
  }
}
