package dev.heddle.coordinator.plan;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.function.Coverage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToIntFunction;

/**
 * Assigns each shard to one of its live replicas, by what each would cost. Safe for many threads.
 */
public final class Planner {
  private final ReplicaChoice choice;
  private final Map<String, Routes> routes = new ConcurrentHashMap<>();

  public Planner(ReplicaChoice choice) {
    this.choice = choice;
  }

  public Plan plan(DatasetRecord dataset, CatalogView catalog, Reading reading) {
    var known = routes(dataset, catalog);
    List<List<ShardRef>> byNode = new ArrayList<>(known.nodes.size());
    for (int i = 0; i < known.nodes.size(); i++) {
      byNode.add(new ArrayList<>());
    }
    ToIntFunction<NodeRecord> assigned = node -> byNode.get(known.place(node)).size();
    List<Coverage.Missing> missing = new ArrayList<>(0);
    for (var placement : dataset.shards()) {
      int shard = placement.shard();
      var live = known.live.get(shard);
      var chosen = choice.choose(dataset, shard, live, reading, Set.of(), assigned);
      if (chosen == null) {
        missing.add(
            new Coverage.Missing(shard, "no_replica", "no live node among " + placement.nodes()));
      } else {
        byNode.get(known.place(chosen)).add(new ShardRef(shard, placement.generation()));
      }
    }
    List<LeafAssignment> leaves = new ArrayList<>(known.nodes.size());
    for (int i = 0; i < byNode.size(); i++) {
      if (!byNode.get(i).isEmpty()) {
        var node = known.nodes.get(i);
        leaves.add(new LeafAssignment(node.node(), node.internal(), byNode.get(i)));
      }
    }
    return new Plan(dataset, leaves, missing);
  }

  /** A node to ask for a shard after others have failed; empty where all were tried. */
  public Optional<NodeRecord> another(
      DatasetRecord dataset,
      CatalogView catalog,
      Reading reading,
      int shard,
      Collection<String> tried) {
    var live = routes(dataset, catalog).live.get(shard);
    return Optional.ofNullable(choice.choose(dataset, shard, live, reading, tried));
  }

  /** Forgets datasets that are gone. */
  public void retain(Set<String> datasetIds) {
    routes.keySet().retainAll(datasetIds);
  }

  @SuppressWarnings("ReferenceEquality") // A view is one value; its successor another.
  private Routes routes(DatasetRecord dataset, CatalogView catalog) {
    var known = routes.get(dataset.id());
    if (known == null || known.catalog != catalog || known.dataset != dataset) {
      known = new Routes(dataset, catalog);
      routes.put(dataset.id(), known);
    }
    return known;
  }

  /** The live nodes of a dataset's shards, in one view of the catalog. */
  private static final class Routes {
    private final DatasetRecord dataset;
    private final CatalogView catalog;
    private final List<NodeRecord> nodes = new ArrayList<>();

    /** By shard. */
    private final List<List<NodeRecord>> live;

    Routes(DatasetRecord dataset, CatalogView catalog) {
      this.dataset = dataset;
      this.catalog = catalog;
      this.live = new ArrayList<>(dataset.shards().size());
      for (var placement : dataset.shards()) {
        List<NodeRecord> here = new ArrayList<>(placement.nodes().size());
        for (var name : placement.nodes()) {
          catalog
              .node(name)
              .ifPresent(node -> {
                here.add(node);
                if (place(node) < 0) {
                  nodes.add(node);
                }
              });
        }
        live.add(List.copyOf(here));
      }
    }

    /** The node's place among the dataset's nodes; -1: it is none of them. */
    @SuppressWarnings("ReferenceEquality") // They all come from one view.
    int place(NodeRecord node) {
      for (int i = 0; i < nodes.size(); i++) {
        if (nodes.get(i) == node) {
          return i;
        }
      }
      return -1;
    }
  }
}
