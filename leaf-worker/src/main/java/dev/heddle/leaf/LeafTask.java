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
    BooleanSupplier cancelled) {
  LeafTask {
    shards = List.copyOf(shards);
    unready = Map.copyOf(unready);
    waited = Map.copyOf(waited);
  }

  /** A shard at a generation of its placement. */
  record ShardRef(int shard, long generation) {}

  /** Names a frozen set of statistics of one dataset. */
  record EpochId(String datasetId, String owner, long number) {}
}
