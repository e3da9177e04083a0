package dev.heddle.coordinator;

import dev.heddle.coordinator.plan.NodeUse;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import java.util.List;

/** One call to a leaf, and what became of it. Owned by the query's thread. */
final class Attempt {
  /** Why a call was made. */
  enum Kind {
    /** By the plan. */
    FIRST,
    /** A leaf that lacked figures is asked again with them. */
    FIGURES,
    /** An earlier one was late. */
    HEDGE,
    /** An earlier one failed. */
    RETRY
  }

  /** What became of a call. */
  enum End {
    /** It is under way. */
    NONE,
    ANSWERED,
    /** The leaf told its figures and ran nothing. */
    FIGURES,
    FAILED,
    /** Others were faster: nobody waits for it. */
    OUTRUN,
    /** The query ended before. */
    LEFT
  }

  final Shards shards;
  final LeafAssignment leaf;
  final int number;
  final Kind kind;
  final boolean byShard;
  final NodeUse use;
  final long sentNanos;
  Runnable cancel = () -> {};
  End end = End.NONE;
  long endNanos;
  long queueMicros;
  long activeMicros;
  long bytes;
  List<ShardReport> reports = List.of();
  String error = "";

  /** Whether it is known what the call cost. */
  boolean settled;

  Attempt(
      Shards shards,
      LeafAssignment leaf,
      int number,
      Kind kind,
      boolean byShard,
      NodeUse use,
      long sentNanos) {
    this.shards = shards;
    this.leaf = leaf;
    this.number = number;
    this.kind = kind;
    this.byShard = byShard;
    this.use = use;
    this.sentNanos = sentNanos;
  }

  boolean underWay() {
    return end == End.NONE;
  }

  boolean asks(int shard) {
    for (var ref : leaf.shards()) {
      if (ref.shard() == shard) {
        return true;
      }
    }
    return false;
  }

  /** As bills name it. */
  String name() {
    return leaf.node() + "/" + number;
  }
}
