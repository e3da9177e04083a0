package dev.heddle.coordinator;

import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.process.ErrorCode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The replicas that a query has asked in vain, and whom it asks instead. Owned by the query's
 * thread.
 */
final class ShardTries {
  /** Replicas of a shard that a query asks at most. */
  private static final int MOST = 3;

  private final SharedState shared;
  private final Plan plan;
  private final Reading reading;

  /** Whether a call may be for several shards. */
  private final boolean together;

  private final Map<Integer, Set<String>> failed = new HashMap<>(0);

  ShardTries(SharedState shared, Plan plan, Reading reading, boolean together) {
    this.shared = shared;
    this.plan = plan;
    this.reading = reading;
    this.together = together;
  }

  /** Whether another replica may have what this one lacks. */
  private static boolean elsewhereBetter(ErrorCode code) {
    return switch (code) {
      case STALE_REPLICA, NOT_OWNER, NOT_LEADER, NO_MAJORITY, UNAVAILABLE, STORAGE_FAILED -> true;
      default -> false;
    };
  }

  /** Calls to other replicas for shards that failed at a node; none for those that had enough. */
  List<LeafAssignment> instead(String node, List<ShardFailure> failures) {
    Map<NodeRecord, List<ShardRef>> others = new LinkedHashMap<>();
    for (var failure : failures) {
      if (!elsewhereBetter(failure.code())) {
        continue;
      }
      int shard = failure.shard().shard();
      var tried = failed.computeIfAbsent(shard, unseen -> new HashSet<>());
      tried.add(node);
      if (tried.size() < MOST) {
        var view = shared.catalog().get();
        var now = view.datasetById(plan.dataset().id()).orElse(plan.dataset());
        shared
            .planner()
            .another(now, view, reading, shard, tried)
            .ifPresent(other ->
                others.computeIfAbsent(other, unseen -> new ArrayList<>()).add(failure.shard()));
      }
    }
    List<LeafAssignment> calls = new ArrayList<>(others.size());
    others.forEach((other, shards) -> {
      shared.reasks().increment(shards.size());
      if (together) {
        calls.add(new LeafAssignment(other.node(), other.internal(), shards));
      } else {
        shards.forEach(
            shard -> calls.add(new LeafAssignment(other.node(), other.internal(), List.of(shard))));
      }
    });
    return calls;
  }

  /**
   * How long a leaf may wait until its replicas have seen what they must, so that there is time
   * left to ask others.
   *
   * @param leftNanos of the query's time
   * @return 0: as long as it has time
   */
  long patienceNanos(LeafAssignment leaf, long leftNanos) {
    if (reading.level() == Reading.Level.ANY) {
      return 0;
    }
    int tried = 0;
    int replicas = 1;
    for (var ref : leaf.shards()) {
      tried = Math.max(tried, failed.getOrDefault(ref.shard(), Set.of()).size());
      replicas = Math.max(replicas, plan.dataset().shards().get(ref.shard()).nodes().size());
    }
    if (tried + 1 >= Math.min(MOST, replicas)) {
      return 0;
    }
    long share = leftNanos / (MOST - tried);
    return reading.level() == Reading.Level.SESSION && tried == 0
        ? Math.min(share, shared.config().sessionPatience().toNanos())
        : share;
  }
}
