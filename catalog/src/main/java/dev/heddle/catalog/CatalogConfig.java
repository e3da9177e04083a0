package dev.heddle.catalog;

import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import java.time.Duration;

/**
 * Bounds of a catalog server.
 *
 * @param maxEntry of one value, at most 480KiB, the default: a write as a whole is an entry of the
 *     log and takes up to 512KiB
 * @param maxEntries entries, at most 100,000, the default
 * @param maxTotal of all values: they are in memory, and in one file that is written as a whole;
 *     64MiB
 * @param maxChanges of one write, at most 1,000, the default
 * @param maxWatchers watch streams, at most 1,024, the default
 * @param watcherBuffer updates that wait for a slow watcher before it gets a snapshot instead;
 *     1,000
 * @param minTtl shortest lease; 100ms
 * @param maxTtl longest lease; 10m
 * @param expiryInterval how often the leader looks at leases; 250ms
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
    Duration expiryInterval,
    Replication replication) {

  /**
   * How a member takes part.
   *
   * @param checkInterval how often it looks whether it still follows a leader, whether its state is
   *     to be written to disk and, as the leader, whether the voters are to change; 250ms
   * @param contactTimeout without a leader for so long, it ends its watches: their clients go to
   *     another member; 3s
   * @param writeTimeout of a write, until a majority has it on disk; 5s
   * @param callTimeout of a question to another member; 2s
   * @param stateEntries entries of the log after which the state is written to disk; 1,000
   * @param stateBytes bytes of the log after which it is written; 4MiB
   * @param stateIdle time without a change after which it is written; 10s
   * @param mostVoters voters at most: 1, 3 or 5, the default
   * @param voterGrace how long a voter may be away before another node takes its place; 30s
   */
  public record Replication(
      Duration checkInterval,
      Duration contactTimeout,
      Duration writeTimeout,
      Duration callTimeout,
      int stateEntries,
      DataSize stateBytes,
      Duration stateIdle,
      int mostVoters,
      Duration voterGrace) {
    public Replication {
      checkPositive("check-interval", checkInterval);
      checkPositive("contact-timeout", contactTimeout);
      checkPositive("write-timeout", writeTimeout);
      checkPositive("call-timeout", callTimeout);
      checkRange("state-entries", stateEntries, 1_000_000);
      checkRange("state-bytes", stateBytes.bytes(), 1 << 30);
      checkPositive("state-idle", stateIdle);
      if (mostVoters != 1 && mostVoters != 3 && mostVoters != 5) {
        throw new IllegalArgumentException("most-voters: " + mostVoters + " (expected: 1, 3 or 5)");
      }
      if (voterGrace.isNegative()) {
        throw new IllegalArgumentException(
            "voter-grace: " + DurationFormat.format(voterGrace) + " (expected: >= 0)");
      }
    }

    public static Replication defaults() {
      return new Replication(
          Duration.ofMillis(250),
          Duration.ofSeconds(3),
          Duration.ofSeconds(5),
          Duration.ofSeconds(2),
          1_000,
          DataSize.ofMiB(4),
          Duration.ofSeconds(10),
          5,
          Duration.ofSeconds(30));
    }
  }

  public CatalogConfig {
    checkRange("max-entry", maxEntry.bytes(), 480 << 10);
    checkRange("max-entries", maxEntries, 100_000);
    checkRange("max-total", maxTotal.bytes(), 1 << 30);
    checkRange("max-changes", maxChanges, 1_000);
    checkRange("max-watchers", maxWatchers, 1_024);
    checkRange("watcher-buffer", watcherBuffer, 100_000);
    if (!minTtl.isPositive() || maxTtl.compareTo(minTtl) < 0) {
      throw new IllegalArgumentException(
          "min-ttl: " + DurationFormat.format(minTtl) + " (expected: > 0 and not above max-ttl)");
    }
    checkPositive("expiry-interval", expiryInterval);
  }

  public static CatalogConfig defaults() {
    return new CatalogConfig(
        DataSize.ofKiB(480),
        100_000,
        DataSize.ofMiB(64),
        1_000,
        1_024,
        1_000,
        Duration.ofMillis(100),
        Duration.ofMinutes(10),
        Duration.ofMillis(250),
        Replication.defaults());
  }

  private static void checkPositive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(
          name + ": " + DurationFormat.format(value) + " (expected: > 0)");
    }
  }

  private static void checkRange(String name, long value, long most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 1.." + most + ")");
    }
  }
}
