package dev.heddle.shard;

import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * Limits of a node's shards.
 *
 * @param indexBuffer memory for documents not yet in a segment, shared by all shards; 64MiB
 * @param maxDocument largest document, at most 480KiB; 480KiB
 * @param maxBatch operations in one write; 10,000
 * @param maxWaitingWriters writes that may wait for the disk at once; 1,024
 * @param maxWaitingBytes bytes of theirs; 64MiB
 * @param refreshAfter how soon a write is seen by searches; 100ms
 * @param settleAfter a shard without writes for so long is merged into one segment; 3s
 * @param settleUpTo larger shards are left to the usual merges; 1GiB
 * @param filterCache memory for filters that recur, shared by all shards; 32MiB
 * @param reopenAfter pause before a shard is opened again that could not be opened, or that failed
 *     again; while it goes on failing the pause doubles, up to 16 times as long; 5s
 * @param commitAfter how soon a write is in a commit of the index; until then it is in the log,
 *     from which a start would index it again; 5s
 * @param commitBytes bytes of documents after which a commit is made sooner; 8MiB
 * @param keepFree free space of the disk that writes leave alone; 128MiB
 * @param snapshots states that are sent to other nodes at once; 2
 * @param placement how lost replicas are made anew
 */
public record ShardStoreConfig(
    DataSize indexBuffer,
    DataSize maxDocument,
    int maxBatch,
    int maxWaitingWriters,
    DataSize maxWaitingBytes,
    Duration refreshAfter,
    Duration settleAfter,
    DataSize settleUpTo,
    DataSize filterCache,
    Duration reopenAfter,
    Duration commitAfter,
    DataSize commitBytes,
    DataSize keepFree,
    int snapshots,
    PlacementConfig placement) {
  private static final long MIB = 1L << 20;
  private static final long MOST_DOCUMENT = 480 << 10;

  public ShardStoreConfig {
    size("index-buffer", indexBuffer, MIB, 16L << 30);
    size("max-document", maxDocument, 1 << 10, 64 * MIB);
    count("max-batch", maxBatch, 1, 1_000_000);
    count("max-waiting-writers", maxWaitingWriters, 1, 1_000_000);
    size("max-waiting-bytes", maxWaitingBytes, maxDocument.bytes(), 16L << 30);
    span("refresh-after", refreshAfter, Duration.ofMillis(1), Duration.ofMinutes(1));
    span("settle-after", settleAfter, Duration.ofMillis(1), Duration.ofDays(1));
    size("settle-up-to", settleUpTo, 0, 1L << 50);
    size("filter-cache", filterCache, 0, 16L << 30);
    span("reopen-after", reopenAfter, Duration.ofMillis(1), Duration.ofHours(1));
    span("commit-after", commitAfter, Duration.ofMillis(1), Duration.ofHours(1));
    size("commit-bytes", commitBytes, MIB, 16L << 30);
    size("keep-free", keepFree, 0, 1L << 50);
    count("snapshots", snapshots, 1, 100);
    // A log entry holds a document, and what is said about it.
    if (maxDocument.bytes() > MOST_DOCUMENT) {
      throw new IllegalArgumentException(
          "max-document: %s (expected: at most %s, so that it fits an entry of the log)"
              .formatted(maxDocument, new DataSize(MOST_DOCUMENT)));
    }
  }

  public static ShardStoreConfig defaults() {
    return new ShardStoreConfig(
        new DataSize(64 * MIB),
        new DataSize(MOST_DOCUMENT),
        10_000,
        1_024,
        new DataSize(64 * MIB),
        Duration.ofMillis(100),
        Duration.ofSeconds(3),
        new DataSize(1024 * MIB),
        new DataSize(32 * MIB),
        Duration.ofSeconds(5),
        Duration.ofSeconds(5),
        new DataSize(8 * MIB),
        new DataSize(128 * MIB),
        2,
        PlacementConfig.defaults());
  }

  private static void size(String name, DataSize value, long min, long max) {
    if (value.bytes() < min || value.bytes() > max) {
      throw new IllegalArgumentException(
          "%s: %s (expected: %s..%s)".formatted(name, value, new DataSize(min), new DataSize(max)));
    }
  }

  private static void count(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          "%s: %d (expected: %d..%d)".formatted(name, value, min, max));
    }
  }

  private static void span(String name, Duration value, Duration min, Duration max) {
    if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
      throw new IllegalArgumentException(
          "%s: %s (expected: %s..%s)".formatted(name, value, min, max));
    }
  }
}
