package dev.heddle.coordinator;

import dev.heddle.engine.EngineConfig;
import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * What a coordinator may use.
 *
 * @param defaultDeadline of a query that brings none
 * @param maxDeadline longest deadline of a query or invocation
 * @param mergeSlice at most so much of the deadline is kept for merging and answering
 * @param statisticsGrace how long leaves wait for each other's figures of terms unseen in the epoch
 * @param statisticsRefresh a changed dataset gets a new statistics epoch at most this often
 * @param queries queries in flight; beyond, they are refused
 * @param invocations plain invocations in flight; beyond, they are refused
 * @param bulkStreams bulk streams at a time
 * @param bulkWindow requests of a bulk stream in flight
 * @param shards of a new dataset that asks for no number
 * @param maxShards of a dataset
 * @param maxDocument largest document
 * @param maxCode largest code of a function version
 * @param memory cap that the coordinator's own part of a query is billed with
 * @param blobs bytes of code kept on disk
 * @param peerTimeout time that a leaf has to send or take code
 */
public record CoordinatorConfig(
    Duration defaultDeadline,
    Duration maxDeadline,
    Duration mergeSlice,
    Duration statisticsGrace,
    Duration statisticsRefresh,
    int queries,
    int invocations,
    int bulkStreams,
    int bulkWindow,
    int shards,
    int maxShards,
    DataSize maxDocument,
    DataSize maxCode,
    DataSize memory,
    DataSize blobs,
    Duration peerTimeout,
    EngineConfig engine,
    RateCard rates) {
  public CoordinatorConfig {
    positive("default-deadline", defaultDeadline);
    positive("max-deadline", maxDeadline);
    positive("statistics-grace", statisticsGrace);
    positive("peer-timeout", peerTimeout);
    if (mergeSlice.isNegative()) {
      throw new IllegalArgumentException("merge-slice: " + mergeSlice + " (expected: >= 0)");
    }
    within("queries", queries, 1_000_000);
    within("invocations", invocations, 1_000_000);
    within("bulk-streams", bulkStreams, 10_000);
    within("bulk-window", bulkWindow, 1_000);
    within("max-shards", maxShards, 16_384);
    within("shards", shards, maxShards);
  }

  public static CoordinatorConfig defaults() {
    return new CoordinatorConfig(
        Duration.ofSeconds(10),
        Duration.ofMinutes(15),
        Duration.ofMillis(20),
        Duration.ofMillis(100),
        Duration.ofSeconds(1),
        256,
        1_024,
        16,
        4,
        8,
        1_024,
        DataSize.parse("1MiB"),
        DataSize.parse("16MiB"),
        DataSize.parse("128MiB"),
        DataSize.parse("1GiB"),
        Duration.ofSeconds(10),
        EngineConfig.defaults(),
        RateCard.defaults());
  }

  private static void positive(String name, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
    }
  }

  private static void within(String name, int value, int max) {
    if (value < 1 || value > max) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 1.." + max + ")");
    }
  }
}
