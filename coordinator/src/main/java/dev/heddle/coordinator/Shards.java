package dev.heddle.coordinator;

import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/**
 * Shards that are asked for together, and the two sides that may answer for them: a first call,
 * whose answer is one partial of all of them, and its hedges, which answer shard by shard. What
 * hedges bring is held unmerged until the first call is over or they have brought everything: one
 * side's partials are taken, never both for a shard. Owned by the query's thread.
 */
final class Shards {
  /** What a hedge brought of a shard. */
  record Held(Attempt from, Atom atom, List<ShardReport> reports) {}

  List<ShardRef> refs;

  /** First calls: the last one counts, those before told that they lacked figures. */
  Attempt first;

  /** None as long as nothing was late. */
  List<Attempt> hedges = List.of();

  Map<Integer, Held> held = Map.of();

  /** Whether the first call may still answer; also while its leaf waits for figures. */
  boolean open = true;

  /** How long its calls may take; {@link HedgingPolicy#NEVER}: as long as they like. */
  long delayNanos = HedgingPolicy.NEVER;

  /** When it is to be hedged next, if {@link #mayHedge}. */
  long hedgeAtNanos;

  /** How often it was late. */
  int late;

  @SuppressWarnings("NullAway.Init") // The first call is made of this.
  Shards(List<ShardRef> refs) {
    this.refs = refs;
  }

  boolean mayHedge() {
    return delayNanos != HedgingPolicy.NEVER && underWay();
  }

  /** Whether all are held or in the answer. */
  boolean complete(IntPredicate covered) {
    for (var ref : refs) {
      if (!held.containsKey(ref.shard()) && !covered.test(ref.shard())) {
        return false;
      }
    }
    return true;
  }

  boolean underWay() {
    if (first.underWay()) {
      return true;
    }
    for (var hedge : hedges) {
      if (hedge.underWay()) {
        return true;
      }
    }
    return false;
  }

  void hedged(Attempt attempt) {
    if (hedges.isEmpty()) {
      hedges = new ArrayList<>(2);
    }
    hedges.add(attempt);
  }

  void hold(int shard, Held brought) {
    if (held.isEmpty()) {
      held = new HashMap<>();
    }
    held.putIfAbsent(shard, brought);
  }

  /** Whether some hedge is asked for the shard and has not ended. */
  boolean hedgeUnderWay(int shard) {
    for (var hedge : hedges) {
      if (hedge.underWay() && hedge.asks(shard)) {
        return true;
      }
    }
    return false;
  }
}
