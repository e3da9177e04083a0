package dev.heddle.coordinator.plan;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken.Position;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How many documents each shard was last known to hold: by answers, and by what replicas tell
 * unasked, which is there before the first query. Safe for many threads.
 */
public final class KnownShards {
  private final ReplicaTable table;
  private final Map<Key, Count> answered = new ConcurrentHashMap<>();

  /**
   * Nothing is known but by the replicas.
   *
   * @param table of what replicas tell
   */
  public KnownShards(ReplicaTable table) {
    this.table = table;
  }

  /**
   * An answer showed so many documents.
   *
   * @param position that it showed; with index 0 if that was not told
   */
  public void observe(String datasetId, int shard, long documents, Position position) {
    answered.merge(
        new Key(datasetId, shard),
        new Count(documents, position.incarnation(), position.index()),
        (known, next) -> known.laterThan(next) ? known : next);
  }

  /** What is known of a dataset's shards, for who asks of each of them. */
  public Counts of(DatasetRecord dataset) {
    return new Counts(dataset);
  }

  /**
   * The last known counts of a dataset's shards. What stands in for those never heard of is worked
   * out once, so that it takes no longer to ask of all shards where many are unknown. Safe for many
   * threads.
   */
  public final class Counts {
    private final DatasetRecord dataset;
    private volatile @Nullable OptionalLong mean;

    private Counts(DatasetRecord dataset) {
      this.dataset = dataset;
    }

    /**
     * The last known count. For a shard never heard of: the mean of the dataset's known shards, as
     * it was when one was first asked for, so that its absence shows; empty where none was known.
     */
    public OptionalLong documents(int shard) {
      var known = known(dataset.id(), shard);
      if (known != null) {
        return OptionalLong.of(known.documents);
      }
      var others = mean;
      if (others == null) {
        others = mean();
        mean = others;
      }
      return others;
    }

    private OptionalLong mean() {
      long sum = 0;
      long count = 0;
      for (var placement : dataset.shards()) {
        var other = known(dataset.id(), placement.shard());
        if (other != null) {
          sum += other.documents;
          count++;
        }
      }
      return count == 0 ? OptionalLong.empty() : OptionalLong.of((sum + count - 1) / count);
    }
  }

  /** What an answer showed, or a replica tells that shows more; null: nothing is known. */
  private @Nullable Count known(String datasetId, int shard) {
    var best = answered.get(new Key(datasetId, shard));
    for (var state : table.replicas(datasetId, shard)) {
      if (state.available() && (best == null || best.replacedBy(state))) {
        best = new Count(state.documents(), state.incarnation(), state.visible());
      }
    }
    return best;
  }

  /** Forgets datasets that are gone. */
  public void retain(Set<String> datasetIds) {
    answered.keySet().removeIf(key -> !datasetIds.contains(key.datasetId()));
  }

  private record Key(String datasetId, int shard) {}

  /**
   * Documents of a shard at a place in its history.
   *
   * @param index 0: not told
   */
  private record Count(long documents, String incarnation, long index) {
    /** Whether it is of the same history, and further on. */
    boolean laterThan(Count other) {
      return incarnation.equals(other.incarnation) && index > other.index;
    }

    /** Whether a replica shows more, or another history, or nobody knows when this one was. */
    boolean replacedBy(ReplicaState state) {
      boolean comparable = index == 0 || incarnation.equals(state.incarnation());
      return state.visible() > (comparable ? index : 0);
    }
  }
}
