package dev.heddle.coordinator.plan;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.function.Coverage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/** Assigns each shard to one of its live replicas, in turn from query to query. */
public final class Planner {
  private final AtomicLong turn = new AtomicLong();

  public Plan plan(DatasetRecord dataset, CatalogView catalog) {
    long offset = turn.getAndIncrement();
    Map<String, List<ShardRef>> byNode = new TreeMap<>();
    List<Coverage.Missing> missing = new ArrayList<>();
    for (var placement : dataset.shards()) {
      var live = live(placement, catalog);
      if (live.isEmpty()) {
        missing.add(
            new Coverage.Missing(
                placement.shard(), "no_replica", "no live node among " + placement.nodes()));
        continue;
      }
      var chosen = live.get((int) Math.floorMod(offset, (long) live.size()));
      byNode
          .computeIfAbsent(chosen.node(), node -> new ArrayList<>())
          .add(new ShardRef(placement.shard(), placement.generation()));
    }
    List<LeafAssignment> leaves = new ArrayList<>(byNode.size());
    byNode.forEach((node, shards) ->
        leaves.add(
            new LeafAssignment(
                node, catalog.node(node).map(NodeRecord::internal).orElseThrow(), shards)));
    return new Plan(dataset, leaves, missing);
  }

  private static List<NodeRecord> live(ShardPlacement placement, CatalogView catalog) {
    List<NodeRecord> live = new ArrayList<>(placement.nodes().size());
    for (var node : placement.nodes()) {
      catalog.node(node).ifPresent(live::add);
    }
    return live;
  }
}
