package dev.heddle.leaf;

import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.wasm.WasmLimits;
import dev.heddle.process.DataSize;
import dev.heddle.shard.ShardStoreConfig;
import java.time.Duration;

/**
 * What a leaf-worker may use.
 *
 * @param computeThreads threads that run scatter functions, 1..1,024; 0: one for each processor
 * @param computeQueue calls that may wait for them, 1..100,000; beyond, calls are refused
 * @param epochs sets of statistics kept, 1..1,024; the least recently used goes first
 * @param epochTerms terms kept for each of them, 1,000..10,000,000
 * @param settlements calls whose cost is remembered, for coordinators that cancelled them,
 *     100..10,000,000
 * @param replySlice at most so much of a query's deadline is kept for sending the answer
 * @param builtInMemory the cap that built-in functions are billed with
 * @param blobs bytes of code kept on disk
 * @param peerTimeout time that a peer has to send a missing blob
 */
public record LeafConfig(
    int computeThreads,
    int computeQueue,
    int epochs,
    int epochTerms,
    int settlements,
    Duration replySlice,
    DataSize builtInMemory,
    DataSize blobs,
    Duration peerTimeout,
    EngineConfig engine,
    WasmLimits wasm,
    ShardStoreConfig shards) {
  public LeafConfig {
    check("compute-threads", computeThreads, 0, 1_024);
    check("compute-queue", computeQueue, 1, 100_000);
    check("epochs", epochs, 1, 1_024);
    check("epoch-terms", epochTerms, 1_000, 10_000_000);
    check("settlements", settlements, 100, 10_000_000);
    if (replySlice.isNegative()) {
      throw new IllegalArgumentException("reply-slice: " + replySlice + " (expected: >= 0)");
    }
    if (peerTimeout.isNegative() || peerTimeout.isZero()) {
      throw new IllegalArgumentException("peer-timeout: " + peerTimeout + " (expected: > 0)");
    }
  }

  /** The same with other limits for functions. */
  public LeafConfig withEngine(EngineConfig other) {
    return new LeafConfig(
        computeThreads,
        computeQueue,
        epochs,
        epochTerms,
        settlements,
        replySlice,
        builtInMemory,
        blobs,
        peerTimeout,
        other,
        wasm,
        shards);
  }

  public static LeafConfig defaults() {
    return new LeafConfig(
        0,
        1_000,
        64,
        100_000,
        10_000,
        Duration.ofMillis(5),
        DataSize.parse("128MiB"),
        DataSize.parse("1GiB"),
        Duration.ofSeconds(10),
        EngineConfig.defaults(),
        WasmLimits.defaults(),
        ShardStoreConfig.defaults());
  }

  int threads() {
    return computeThreads == 0 ? Runtime.getRuntime().availableProcessors() : computeThreads;
  }

  private static void check(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + min + ".." + max + ")");
    }
  }
}
