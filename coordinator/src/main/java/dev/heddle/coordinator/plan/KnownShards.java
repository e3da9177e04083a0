package dev.heddle.coordinator.plan;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken.Position;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

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

  /**
   * The last known count. For a shard never heard of: the mean of the dataset's known shards, so
   * that its absence shows; empty where none is known.
   */
  public OptionalLong documents(DatasetRecord dataset, int shard) {
    var known = known(dataset.id(), shard);
    if (known.isPresent()) {
      return OptionalLong.of(known.get().documents);
    }
    long sum = 0;
    long count = 0;
    for (var placement : dataset.shards()) {
      var other = known(dataset.id(), placement.shard());
      if (other.isPresent()) {
        sum += other.get().documents;
        count++;
      }
    }
    return count == 0 ? OptionalLong.empty() : OptionalLong.of((sum + count - 1) / count);
  }

  /** What an answer showed, or a replica tells that shows more. */
  private Optional<Count> known(String datasetId, int shard) {
    var shown = Optional.ofNullable(answered.get(new Key(datasetId, shard)));
    var told =
        table.replicas(datasetId, shard).stream()
            .filter(ReplicaState::available)
            .max(Comparator.comparingLong(ReplicaState::visible))
            .map(state -> new Count(state.documents(), state.incarnation(), state.visible()));
    return shown.isEmpty() || told.filter(count -> count.replaces(shown.get())).isPresent()
        ? told
        : shown;
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

    /** Whether it is later, or of another history, or nobody knows when the other one was. */
    boolean replaces(Count other) {
      boolean comparable = other.index == 0 || incarnation.equals(other.incarnation);
      return index > (comparable ? other.index : 0);
    }
  }
}
