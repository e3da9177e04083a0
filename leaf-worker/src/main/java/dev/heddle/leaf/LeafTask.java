package dev.heddle.leaf;

import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.QueryOrigin;
import dev.heddle.function.ScatterRequest;
import dev.heddle.process.Deadline;
import dev.heddle.process.HeddleException;
import dev.heddle.shard.ShardStatistics;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * One scatter function over some of this leaf's shards.
 *
 * @param statistics figures of the epoch that this leaf said it lacked
 * @param unready of the shards, those that did not come to what is to be read, and why
 * @param waited indexes that the others came to; their readers must not be older
 * @param byShard whether each shard is answered with a partial of its own
 * @param budget what it may spend here
 * @param bar what others found, which may rise while it runs
 * @param cancelled whether nobody waits for the answer any more
 */
record LeafTask(
    QueryOrigin origin,
    String tenant,
    String datasetId,
    List<ShardRef> shards,
    FunctionRef function,
    ScatterRequest request,
    EpochId epoch,
    Optional<ShardStatistics> statistics,
    Map<ShardRef, HeddleException> unready,
    Map<ShardRef, Long> waited,
    Deadline deadline,
    boolean byShard,
    Budget budget,
    SharedBar bar,
    BooleanSupplier cancelled) {
  LeafTask {
    shards = List.copyOf(shards);
    unready = Map.copyOf(unready);
    waited = Map.copyOf(waited);
  }

  /** A shard at a generation of its placement. */
  record ShardRef(int shard, long generation) {}

  /**
   * What is left to a query.
   *
   * @param documents that may be scanned; 0: any number
   * @param cpuNanos CPU time; 0: any
   */
  record Budget(long documents, long cpuNanos) {
    static final Budget ANY = new Budget(0, 0);
  }

  /** Names a frozen set of statistics of one dataset. */
  record EpochId(String datasetId, String owner, long number) {}
}
