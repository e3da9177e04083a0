package dev.heddle.leaf;

import dev.heddle.function.Bound;
import dev.heddle.leaf.LeafTask.ShardRef;
import dev.heddle.process.ErrorCode;
import dev.heddle.shard.ShardStatistics;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came of a {@link LeafTask}. */
sealed interface LeafOutcome {
  /** What it cost. */
  Spent spent();

  /**
   * The merged answer of the shards that it covers.
   *
   * @param partial null where no shard answered, or each by itself
   * @param parts of shards that were answered each by itself
   * @param bar what others found that was heeded: what lies below it may have been left out
   */
  record Answer(
      List<ShardRef> covers,
      byte @Nullable [] partial,
      List<Part> parts,
      List<ShardFailure> failures,
      List<ShardTiming> timings,
      Bound bar,
      Spent spent)
      implements LeafOutcome {}

  /** The partial of one shard. */
  record Part(ShardRef shard, byte[] partial) {}

  /** Nothing ran: figures of the epoch are missing; these are the local ones. */
  record Missing(
      boolean fieldsMissing,
      ShardStatistics local,
      List<ShardTiming> timings,
      List<ShardFailure> failures,
      Spent spent)
      implements LeafOutcome {}

  /**
   * Why a shard did not answer.
   *
   * @param reason one of the reasons of a coverage
   */
  record ShardFailure(ShardRef shard, ErrorCode code, String reason, String message) {}

  /**
   * One shard's part, in nanoseconds since the task began to run.
   *
   * @param matched documents that match, as far as they were counted
   * @param scanned those that were looked at
   * @param skipped whether it was not searched, as nothing in it can match
   */
  record ShardTiming(
      int shard,
      long documents,
      long matched,
      long scanned,
      long startNanos,
      long activeNanos,
      long view,
      String incarnation,
      long position,
      boolean skipped) {}

  /**
   * What the task used on this leaf.
   *
   * @param initNanos in which the function's instance was made, besides the active time
   */
  record Spent(
      long activeNanos,
      long cpuNanos,
      long queueNanos,
      long initNanos,
      long memoryMib,
      long documentsScanned,
      long bytesRead,
      long shardOperations) {}
}
