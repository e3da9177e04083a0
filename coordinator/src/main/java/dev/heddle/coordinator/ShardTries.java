package dev.heddle.coordinator;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.process.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The replicas that a query has asked, and whom it asks besides or instead: each shard is asked of
 * at most three. Owned by the query's thread.
 */
final class ShardTries {
  /** Replicas of a shard that a query asks at most. */
  private static final int MOST = 3;

  /** Finds a replica of a shard besides those that were asked. */
  @FunctionalInterface
  interface Replicas {
    Optional<NodeRecord> another(int shard, Collection<String> asked);
  }

  private final DatasetRecord dataset;
  private final Reading reading;
  private final Replicas replicas;
  private final Duration sessionPatience;

  /** Whether a call may be for several shards. */
  private final boolean together;

  /** Of shards that were late or failed. */
  private final Map<Integer, Set<String>> asked = new HashMap<>(0);

  ShardTries(
      DatasetRecord dataset,
      Reading reading,
      Replicas replicas,
      Duration sessionPatience,
      boolean together) {
    this.dataset = dataset;
    this.reading = reading;
    this.replicas = replicas;
    this.sessionPatience = sessionPatience;
    this.together = together;
  }

  /** Whether another replica may have what this one lacks. */
  static boolean elsewhereBetter(ErrorCode code) {
    return switch (code) {
      case STALE_REPLICA,
          NOT_OWNER,
          NOT_LEADER,
          NO_MAJORITY,
          UNAVAILABLE,
          CATALOG_UNAVAILABLE,
          STORAGE_FAILED ->
          true;
      default -> false;
    };
  }

  /**
   * Replicas to ask for shards that others were asked for; none for those that had enough.
   *
   * @param node that was asked for them
   */
  List<LeafAssignment> others(String node, Collection<ShardRef> shards) {
    for (var ref : shards) {
      asked.computeIfAbsent(ref.shard(), unseen -> new LinkedHashSet<>()).add(node);
    }
    return others(shards);
  }

  /**
   * Replicas to ask for shards that a coordinator was handed in vain. It was none of them itself,
   * also where it has some on its node; and whom it asked, if anyone, is not known.
   */
  List<LeafAssignment> others(Collection<ShardRef> shards) {
    Map<Target, List<ShardRef>> others = new LinkedHashMap<>();
    for (var ref : shards) {
      var known = asked.getOrDefault(ref.shard(), Set.of());
      if (known.size() < MOST) {
        replicas.another(ref.shard(), known).ifPresent(other -> add(others, Target.of(other), ref));
      }
    }
    return calls(others);
  }

  /**
   * Replicas to ask for shards that a coordinator was handed, and that are late: besides those of
   * the plan, for which it waits itself. Those do not count as asked from here.
   *
   * @param planned the leaves that the coordinator was told
   * @param again whether the plan's leaf is asked for a shard that nobody else has: it may be the
   *     coordinator that stalls
   */
  List<LeafAssignment> besides(
      Collection<LeafAssignment> planned, Set<ShardRef> shards, boolean again) {
    Map<Target, List<ShardRef>> others = new LinkedHashMap<>();
    for (var leaf : planned) {
      for (var ref : leaf.shards()) {
        if (shards.contains(ref)) {
          besides(leaf, ref, again).ifPresent(other -> add(others, other, ref));
        }
      }
    }
    return calls(others);
  }

  private Optional<Target> besides(LeafAssignment planned, ShardRef ref, boolean again) {
    var known = asked.getOrDefault(ref.shard(), Set.of());
    if (known.size() >= MOST) {
      return Optional.empty();
    }
    Set<String> avoided = new LinkedHashSet<>(known);
    boolean unasked = avoided.add(planned.node());
    var other = replicas.another(ref.shard(), avoided).map(Target::of);
    return other.isEmpty() && again && unasked
        ? Optional.of(new Target(planned.node(), planned.address()))
        : other;
  }

  private record Target(String node, String address) {
    static Target of(NodeRecord node) {
      return new Target(node.node(), node.internal());
    }
  }

  private static void add(Map<Target, List<ShardRef>> calls, Target target, ShardRef ref) {
    calls.computeIfAbsent(target, unseen -> new ArrayList<>()).add(ref);
  }

  private List<LeafAssignment> calls(Map<Target, List<ShardRef>> others) {
    List<LeafAssignment> calls = new ArrayList<>(others.size());
    others.forEach((other, refs) -> {
      if (together) {
        calls.add(new LeafAssignment(other.node, other.address, refs));
      } else {
        refs.forEach(ref -> calls.add(new LeafAssignment(other.node, other.address, List.of(ref))));
      }
    });
    return calls;
  }

  /** Calls for shards that the plan had left out. */
  List<LeafAssignment> leftOut(List<Plan.Skipped> skipped) {
    if (!together) {
      return skipped.stream().map(Plan.Skipped::leaf).toList();
    }
    Map<String, LeafAssignment> byNode = new LinkedHashMap<>();
    for (var left : skipped) {
      byNode.merge(left.leaf().node(), left.leaf(), LeafAssignment::with);
    }
    return List.copyOf(byNode.values());
  }

  /** Whether some replica was asked for the shard, besides those that a coordinator asks. */
  boolean tried(int shard) {
    return asked.containsKey(shard);
  }

  /** The calls were made. */
  void asking(LeafAssignment leaf) {
    for (var ref : leaf.shards()) {
      asked.computeIfAbsent(ref.shard(), unseen -> new LinkedHashSet<>()).add(leaf.node());
    }
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
    int most = 1;
    for (var ref : leaf.shards()) {
      var others = asked.getOrDefault(ref.shard(), Set.of());
      tried = Math.max(tried, others.size() - (others.contains(leaf.node()) ? 1 : 0));
      most = Math.max(most, dataset.shards().get(ref.shard()).nodes().size());
    }
    if (tried + 1 >= Math.min(MOST, most)) {
      return 0;
    }
    long share = leftNanos / (MOST - tried);
    return reading.level() == Reading.Level.SESSION && tried == 0
        ? Math.min(share, sessionPatience.toNanos())
        : share;
  }
}
