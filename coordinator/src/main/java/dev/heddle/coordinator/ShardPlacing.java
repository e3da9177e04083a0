package dev.heddle.coordinator;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Where the shards of a new dataset go: the replicas of each on different leaves, those that hold
 * the fewest first. The first of a shard's nodes is the one that is to lead it: those places are
 * spread as evenly as the replicas allow. Used by one thread.
 */
final class ShardPlacing {
  private static final Comparator<Leaf> EMPTIEST =
      Comparator.<Leaf>comparingInt(leaf -> leaf.replicas)
          .thenComparingInt(leaf -> leaf.firsts)
          .thenComparing(leaf -> leaf.node);

  private final Map<String, Leaf> leaves = new TreeMap<>();

  /** The leaves of each new shard; the first is to lead it. */
  private final List<List<Leaf>> placed = new ArrayList<>();

  private ShardPlacing(Collection<String> nodes, Collection<DatasetRecord> datasets) {
    nodes.forEach(node -> leaves.put(node, new Leaf(node)));
    for (var dataset : datasets) {
      dataset.shards().forEach(this::count);
    }
  }

  /**
   * Places shards.
   *
   * @param nodes the live leaves
   * @param datasets that there are already, of all tenants
   * @param replicas of each shard, at most the number of leaves
   */
  static List<ShardPlacement> place(
      Collection<String> nodes, Collection<DatasetRecord> datasets, int shards, int replicas) {
    var placing = new ShardPlacing(nodes, datasets);
    for (int shard = 0; shard < shards; shard++) {
      placing.add(replicas);
    }
    boolean better = true;
    while (better) {
      better = placing.spreadLead();
    }
    List<ShardPlacement> placements = new ArrayList<>(shards);
    for (var holders : placing.placed) {
      placements.add(
          new ShardPlacement(
              placements.size(),
              1,
              UUID.randomUUID().toString(),
              holders.stream().map(leaf -> leaf.node).toList()));
    }
    return placements;
  }

  private void count(ShardPlacement placement) {
    for (var node : placement.nodes()) {
      var leaf = leaves.get(node);
      if (leaf != null) {
        leaf.replicas++;
      }
    }
    placement.joining().map(leaves::get).ifPresent(leaf -> leaf.replicas++);
    var first = leaves.get(placement.nodes().getFirst());
    if (first != null) {
      first.firsts++;
    }
  }

  private void add(int replicas) {
    List<Leaf> emptiest = new ArrayList<>(leaves.values());
    emptiest.sort(EMPTIEST);
    List<Leaf> holders = new ArrayList<>(emptiest.subList(0, replicas));
    holders.forEach(leaf -> leaf.replicas++);
    holders.sort(Comparator.comparingInt(leaf -> leaf.firsts));
    holders.getFirst().firsts++;
    placed.add(holders);
  }

  /**
   * Lets a leaf lead one shard less and another one more that has fewer by two, over others in
   * between if need be.
   *
   * @return whether there was such a pair
   */
  private boolean spreadLead() {
    for (var from : leaves.values()) {
      // How each leaf is reached: by a shard that it may lead in place of a leaf reached before.
      Map<Leaf, List<Leaf>> reached = new HashMap<>();
      Queue<Leaf> next = new ArrayDeque<>(List.of(from));
      while (!next.isEmpty()) {
        var leaf = next.remove();
        if (from.firsts - leaf.firsts >= 2) {
          leaf.firsts++;
          from.firsts--;
          for (var to = leaf; !to.equals(from); ) {
            var shard = Objects.requireNonNull(reached.get(to));
            var before = shard.getFirst();
            Collections.swap(shard, 0, shard.indexOf(to));
            to = before;
          }
          return true;
        }
        for (var shard : placed) {
          if (shard.getFirst().equals(leaf)) {
            for (var other : shard) {
              if (!other.equals(from) && reached.putIfAbsent(other, shard) == null) {
                next.add(other);
              }
            }
          }
        }
      }
    }
    return false;
  }

  /** A leaf and what it holds. */
  private static final class Leaf {
    private final String node;
    private int replicas;

    /** Shards that it is to lead. */
    private int firsts;

    Leaf(String node) {
      this.node = node;
    }
  }
}
