package dev.heddle.coordinator;

import dev.heddle.coordinator.plan.NodeUse;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.coordinator.scatter.MadeCall;
import dev.heddle.function.Bound;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** One call to a leaf or a coordinator, and what became of it. Owned by the query's thread. */
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
    RETRY,
    /** An earlier one was asked for fewer hits than may be needed. */
    WHOLE
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

  /** Hits that it is asked for; 0: as many as the query asks for. */
  final int hits;

  /** The strongest bar that it was told. */
  Bound told;

  /** How often, besides when it was made; and not again before this. */
  int tellings;

  long tellAtNanos;

  /** The strongest that what it brought heeds. */
  Bound heeds = Bound.NONE;

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

  /** Of a coordinator: calls that it made and whose cost it did not know when it answered. */
  List<String> open = List.of();

  /** Of a coordinator, where it was asked to tell: the calls that it made. */
  List<MadeCall> calls = List.of();

  Attempt(
      Shards shards,
      LeafAssignment leaf,
      int number,
      Kind kind,
      boolean byShard,
      NodeUse use,
      long sentNanos,
      int hits,
      Bound told) {
    this.shards = shards;
    this.leaf = leaf;
    this.number = number;
    this.kind = kind;
    this.byShard = byShard;
    this.use = use;
    this.sentNanos = sentNanos;
    this.hits = hits;
    this.told = told;
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

  /**
   * The call, for people.
   *
   * @param startNanos that its times are since
   * @param by the coordinator that made it; empty: the one that the query came to
   */
  MadeCall made(long startNanos, String by) {
    List<MadeCall.Part> told = new ArrayList<>(reports.size());
    if (!leaf.handed()) {
      for (var report : reports) {
        if (!report.skipped()) {
          told.add(
              new MadeCall.Part(
                  report.shard(),
                  report.startMicros(),
                  report.activeMicros(),
                  report.documents(),
                  report.matched(),
                  report.scanned()));
        }
      }
    }
    return new MadeCall(
        leaf.node(),
        number,
        kind.name().toLowerCase(Locale.ROOT),
        end.name().toLowerCase(Locale.ROOT),
        leaf.shards().stream().map(ShardRef::shard).toList(),
        settled,
        (sentNanos - startNanos) / 1_000,
        (endNanos - startNanos) / 1_000,
        queueMicros,
        activeMicros,
        bytes,
        error,
        told,
        by,
        hits,
        heeds);
  }

  /** The calls that a coordinator made for this one, in the times of {@link #made}. */
  Stream<MadeCall> below(long startNanos) {
    long sent = (sentNanos - startNanos) / 1_000;
    return calls.stream().map(call -> call.later(sent));
  }

  /** As bills name it. */
  String name() {
    return leaf.node() + "/" + number;
  }
}
