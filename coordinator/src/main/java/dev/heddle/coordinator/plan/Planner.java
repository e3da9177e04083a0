package dev.heddle.coordinator.plan;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.engine.MissingReason;
import dev.heddle.function.Coverage;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.ToIntFunction;

/**
 * Assigns each shard to one of its live replicas, by what each would cost. Safe for many threads.
 */
public final class Planner {
  private final ReplicaChoice choice;
  private final Map<String, Known> routes = new ConcurrentHashMap<>();

  public Planner(ReplicaChoice choice) {
    this.choice = choice;
  }

  public Plan plan(DatasetRecord dataset, CatalogView catalog, Reading reading) {
    return plan(routes(dataset, catalog), reading);
  }

  /** Assigns each shard of the routes' dataset. */
  public Plan plan(Routes known, Reading reading) {
    var dataset = known.dataset;
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
            new Coverage.Missing(
                shard, MissingReason.NO_REPLICA, "no live node among " + placement.nodes()));
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
    return another(routes(dataset, catalog), reading, shard, tried);
  }

  /** A node to ask for a shard besides others; empty where all were tried. */
  public Optional<NodeRecord> another(
      Routes known, Reading reading, int shard, Collection<String> tried) {
    return Optional.ofNullable(
        choice.choose(known.dataset, shard, known.live.get(shard), reading, tried));
  }

  /** What a choice sees of a shard's replicas, for people. */
  public List<ReplicaChoice.Considered> considered(
      DatasetRecord dataset, CatalogView catalog, int shard) {
    return choice.considered(dataset, shard, routes(dataset, catalog).live.get(shard));
  }

  /** Forgets datasets that are gone. */
  public void retain(Set<String> datasetIds) {
    routes.keySet().retainAll(datasetIds);
  }

  @SuppressWarnings("ReferenceEquality") // A view is one value; its successor another.
  private Routes routes(DatasetRecord dataset, CatalogView catalog) {
    var known = routes.get(dataset.id());
    if (known == null || known.catalog != catalog || known.routes.dataset != dataset) {
      known = new Known(catalog, new Routes(dataset, catalog::node));
      routes.put(dataset.id(), known);
    }
    return known.routes;
  }

  private record Known(CatalogView catalog, Routes routes) {}

  /** The live nodes of a dataset's shards. */
  public static final class Routes {
    private final DatasetRecord dataset;
    private final List<NodeRecord> nodes = new ArrayList<>();

    /** By shard. */
    private final List<List<NodeRecord>> live;

    /**
     * Finds the nodes.
     *
     * @param living the node of that name, if it lives; the same object each time
     */
    public Routes(DatasetRecord dataset, Function<String, Optional<NodeRecord>> living) {
      this.dataset = dataset;
      this.live = new ArrayList<>(dataset.shards().size());
      for (var placement : dataset.shards()) {
        List<NodeRecord> here = new ArrayList<>(placement.nodes().size());
        for (var name : placement.nodes()) {
          living
              .apply(name)
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
    @SuppressWarnings("ReferenceEquality") // There is one object for each.
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
