package dev.heddle.shard;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which shards are to move where, judged by one state of the catalog: replicas on lost nodes are
 * built elsewhere, then shards with too few or too many replicas get or lose one. One use, one
 * thread.
 */
final class PlacementMoves {
  /** The next placement of a shard of a dataset. */
  record Move(DatasetRecord dataset, ShardPlacement to) {
    ShardPlacement from() {
      return dataset.shards().get(to.shard());
    }
  }

  /** A node that was to take a shard, and did not. */
  record Refusal(String datasetId, int shard, String node) {}

  private final Collection<DatasetRecord> datasets;
  private final Set<Refusal> refusals;
  private final Set<String> live;
  private final Set<String> lost;

  /** Replicas by node, once all moves are done. */
  private final Map<String, Integer> load = new HashMap<>();

  private final List<Move> moves = new ArrayList<>();
  private int free;

  /** What becomes of a shard at rest, if anything. */
  private interface Rule {
    Optional<ShardPlacement> next(DatasetRecord dataset, ShardPlacement placement);
  }

  private PlacementMoves(
      Collection<DatasetRecord> datasets,
      Set<String> live,
      Set<String> lost,
      Set<Refusal> refusals,
      int most) {
    this.datasets = datasets;
    this.refusals = refusals;
    this.live = live;
    this.lost = lost;
    this.free = most;
    for (DatasetRecord dataset : datasets) {
      for (ShardPlacement placement : dataset.shards()) {
        placement.nodes().forEach(node -> add(node, 1));
        placement.joining().ifPresent(node -> add(node, 1));
        placement.leaving().ifPresent(node -> add(node, -1));
        free -= resting(placement) ? 0 : 1;
      }
    }
  }

  /**
   * @param live nodes that can hold shards
   * @param lost nodes that were away for too long
   * @param refusals nodes that are spared from shards
   * @param most shards that may move at once, those that do so already included
   * @return at most one for a shard
   */
  static List<Move> next(
      Collection<DatasetRecord> datasets,
      Set<String> live,
      Set<String> lost,
      Set<Refusal> refusals,
      int most) {
    PlacementMoves all = new PlacementMoves(datasets, live, lost, refusals, most);
    all.giveUp();
    all.apply(all::repaired);
    all.apply(all::resized);
    return List.copyOf(all.moves);
  }

  private static boolean resting(ShardPlacement placement) {
    return placement.joining().isEmpty() && placement.leaving().isEmpty();
  }

  /** A joining node that is lost never arrives. */
  private void giveUp() {
    for (DatasetRecord dataset : datasets) {
      for (ShardPlacement placement : dataset.shards()) {
        if (placement.joining().filter(lost::contains).isPresent()) {
          moves.add(new Move(dataset, placement.on(placement.nodes())));
        }
      }
    }
  }

  private void apply(Rule rule) {
    for (DatasetRecord dataset : datasets) {
      for (ShardPlacement placement : dataset.shards()) {
        // Without a majority the group can agree on nothing, not even on another member.
        if (free > 0
            && resting(placement)
            && majority(placement.nodes())
            && !moves(dataset, placement)) {
          rule.next(dataset, placement).ifPresent(next -> start(dataset, next));
        }
      }
    }
  }

  private boolean moves(DatasetRecord dataset, ShardPlacement placement) {
    return moves.stream()
        .anyMatch(move ->
            move.dataset().id().equals(dataset.id()) && move.to().shard() == placement.shard());
  }

  private void start(DatasetRecord dataset, ShardPlacement next) {
    moves.add(new Move(dataset, next));
    next.joining().ifPresent(node -> add(node, 1));
    next.leaving().ifPresent(node -> add(node, -1));
    free--;
  }

  private Optional<ShardPlacement> repaired(DatasetRecord dataset, ShardPlacement placement) {
    Optional<String> gone = placement.nodes().stream().filter(lost::contains).findFirst();
    if (gone.isEmpty() || placement.nodes().size() > dataset.replicas()) {
      return Optional.empty();
    }
    return candidate(dataset, placement).map(node -> placement.moving(Optional.of(node), gone));
  }

  private Optional<ShardPlacement> resized(DatasetRecord dataset, ShardPlacement placement) {
    int size = placement.nodes().size();
    if (size < dataset.replicas()) {
      return candidate(dataset, placement)
          .map(node -> placement.moving(Optional.of(node), Optional.empty()));
    }
    if (size == dataset.replicas()) {
      return Optional.empty();
    }
    return placement.nodes().stream()
        .min(
            Comparator.<String, Boolean>comparing(node -> !lost.contains(node))
                .thenComparingInt(node -> -load(node))
                .thenComparing(Comparator.naturalOrder()))
        .filter(gone ->
            majority(placement.nodes().stream().filter(node -> !node.equals(gone)).toList()))
        .map(gone -> placement.moving(Optional.empty(), Optional.of(gone)));
  }

  /** Whoever has the least to hold. */
  private Optional<String> candidate(DatasetRecord dataset, ShardPlacement placement) {
    return live.stream()
        .filter(node ->
            !placement.concerns(node)
                && !refusals.contains(new Refusal(dataset.id(), placement.shard(), node)))
        .min(Comparator.<String>comparingInt(this::load).thenComparing(Comparator.naturalOrder()));
  }

  private boolean majority(List<String> nodes) {
    return nodes.stream().filter(live::contains).count() * 2 > nodes.size();
  }

  private int load(String node) {
    return load.getOrDefault(node, 0);
  }

  private void add(String node, int replicas) {
    load.merge(node, replicas, Integer::sum);
  }
}
