package dev.heddle.coordinator;

import dev.heddle.coordinator.admission.AdmissionConfig;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.wasm.WasmLimits;
import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * What a coordinator may use.
 *
 * @param defaultDeadline of a query that brings none
 * @param maxDeadline longest deadline of a query or invocation
 * @param mergeSlice at most so much of the deadline is kept for merging and answering
 * @param statisticsGrace how long leaves wait for each other's figures of terms unseen in the
 *     epoch: who is later is missing in the scores, and the answer says so
 * @param statisticsRefresh a changed dataset gets a new statistics epoch at most this often
 * @param queries queries in flight at most, however fast they are; beyond, they wait or are refused
 * @param invocations plain invocations in flight; beyond, they are refused
 * @param admission who is let in, and who waits
 * @param scheduling policy that chooses leaves for plain invocations: {@code locality}, {@code
 *     least-loaded}, {@code hash}, {@code round-robin}, or one of the jar of {@code scatter}
 * @param deploys in flight, each of which may compile; beyond, they are refused
 * @param bulkStreams bulk streams at a time; one counts from its first request on
 * @param tenantBulkStreams bulk streams of a tenant at a time
 * @param bulkIdle a bulk stream that is silent for so long, and waits for no answer, is ended
 * @param bulkWindow requests of a bulk stream in flight
 * @param bulkPart items of a bulk stream go to a shard in messages of at most this size
 * @param shardAttempt a replica that has not answered a write or a read of documents for this long
 *     is given up, and the next one is asked
 * @param sessionPatience a replica that is behind the position of a session's read is given up
 *     after this long, and the next one is asked
 * @param replicaReports leaves tell of their replicas at most this often, unless they answer
 * @param scanPage documents that a page of a scan holds at most, in bytes of the message; one
 *     always fits. Standard clients take messages of 4 MiB
 * @param shards of a new dataset that asks for no number
 * @param maxShards of a dataset
 * @param maxDocument largest document
 * @param maxCode largest code of a function version
 * @param tenantCode code that a tenant may keep: of all versions of its functions, and what was
 *     compiled from it
 * @param memory cap that the coordinator's own part of a query is billed with
 * @param blobs bytes of code kept on disk
 * @param peerTimeout time that a leaf has to send or take code
 * @param scatter how queries are sent to leaves
 */
public record CoordinatorConfig(
    Duration defaultDeadline,
    Duration maxDeadline,
    Duration mergeSlice,
    Duration statisticsGrace,
    Duration statisticsRefresh,
    int queries,
    int invocations,
    AdmissionConfig admission,
    String scheduling,
    int deploys,
    int bulkStreams,
    int tenantBulkStreams,
    Duration bulkIdle,
    int bulkWindow,
    DataSize bulkPart,
    Duration shardAttempt,
    Duration sessionPatience,
    Duration replicaReports,
    DataSize scanPage,
    int shards,
    int maxShards,
    DataSize maxDocument,
    DataSize maxCode,
    DataSize tenantCode,
    DataSize memory,
    DataSize blobs,
    Duration peerTimeout,
    ScatterConfig scatter,
    EngineConfig engine,
    WasmLimits wasm,
    RateCard rates) {
  public CoordinatorConfig {
    positive("default-deadline", defaultDeadline);
    positive("max-deadline", maxDeadline);
    positive("statistics-grace", statisticsGrace);
    positive("peer-timeout", peerTimeout);
    positive("shard-attempt", shardAttempt);
    positive("session-patience", sessionPatience);
    positive("replica-reports", replicaReports);
    positive("bulk-idle", bulkIdle);
    if (mergeSlice.isNegative()) {
      throw new IllegalArgumentException("merge-slice: " + mergeSlice + " (expected: >= 0)");
    }
    most("bulk-part", bulkPart, DataSize.ofKiB(448));
    most("max-document", maxDocument, DataSize.ofKiB(480));
    within("queries", queries, 1_000_000);
    within("invocations", invocations, 1_000_000);
    within("deploys", deploys, 1_000);
    within("bulk-streams", bulkStreams, 10_000);
    within("tenant-bulk-streams", tenantBulkStreams, bulkStreams);
    within("bulk-window", bulkWindow, 1_000);
    within("max-shards", maxShards, 16_384);
    within("shards", shards, maxShards);
  }

  /** The same with other limits for functions. */
  public CoordinatorConfig withEngine(EngineConfig other) {
    return new CoordinatorConfig(
        defaultDeadline,
        maxDeadline,
        mergeSlice,
        statisticsGrace,
        statisticsRefresh,
        queries,
        invocations,
        admission,
        scheduling,
        deploys,
        bulkStreams,
        tenantBulkStreams,
        bulkIdle,
        bulkWindow,
        bulkPart,
        shardAttempt,
        sessionPatience,
        replicaReports,
        scanPage,
        shards,
        maxShards,
        maxDocument,
        maxCode,
        tenantCode,
        memory,
        blobs,
        peerTimeout,
        scatter,
        other,
        wasm,
        rates);
  }

  public static CoordinatorConfig defaults() {
    return new CoordinatorConfig(
        Duration.ofSeconds(10),
        Duration.ofMinutes(15),
        Duration.ofMillis(20),
        Duration.ofSeconds(1),
        Duration.ofSeconds(1),
        256,
        1_024,
        AdmissionConfig.defaults(),
        "locality",
        4,
        16,
        12,
        Duration.ofSeconds(60),
        4,
        DataSize.parse("400KiB"),
        Duration.ofSeconds(5),
        Duration.ofMillis(200),
        Duration.ofMillis(200),
        DataSize.parse("3MiB"),
        8,
        1_024,
        DataSize.parse("480KiB"),
        DataSize.parse("16MiB"),
        DataSize.parse("256MiB"),
        DataSize.parse("128MiB"),
        DataSize.parse("1GiB"),
        Duration.ofSeconds(10),
        ScatterConfig.defaults(),
        EngineConfig.defaults(),
        WasmLimits.defaults(),
        RateCard.defaults());
  }

  private static void positive(String name, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: > 0)");
    }
  }

  /** What is written at once has to fit an entry of a shard's log. */
  private static void most(String name, DataSize value, DataSize max) {
    if (value.bytes() < 1 || value.bytes() > max.bytes()) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 1B.." + max + ")");
    }
  }

  private static void within(String name, int value, int max) {
    if (value < 1 || value > max) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 1.." + max + ")");
    }
  }
}
