package dev.heddle.coordinator.scatter;

import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.engine.Bill;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What came back from a leaf. */
public sealed interface LeafReply {
  /**
   * The merged answer of the shards that it covers.
   *
   * @param partial null where no shard answered
   * @param bytes size of the whole message
   */
  record Answer(
      List<ShardRef> covers,
      byte @Nullable [] partial,
      List<ShardFailure> failures,
      List<ShardReport> reports,
      Bill bill,
      long queueMicros,
      long activeMicros,
      long bytes)
      implements LeafReply {}

  /** The leaf lacks figures of the epoch, and ran nothing. */
  record NeedsFigures(
      boolean fields,
      Figures local,
      List<ShardReport> reports,
      List<ShardFailure> failures,
      Bill bill)
      implements LeafReply {}

  /** The call failed. */
  record Failure(HeddleException cause) implements LeafReply {}

  /**
   * A shard that did not answer.
   *
   * @param reason one of the reasons of a coverage
   */
  record ShardFailure(ShardRef shard, ErrorCode code, String reason, String message) {}

  /** One shard's part. Times since the leaf began to work on the call. */
  record ShardReport(
      int shard, long documents, long matched, long startMicros, long activeMicros, long view) {}
}
