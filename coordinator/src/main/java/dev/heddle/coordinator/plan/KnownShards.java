package dev.heddle.coordinator.plan;

import dev.heddle.catalog.DatasetRecord;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** How many documents each shard was last known to hold. Safe for many threads. */
public final class KnownShards {
  private final Map<Key, Long> documents = new ConcurrentHashMap<>();

  public void observe(String datasetId, int shard, long count) {
    documents.put(new Key(datasetId, shard), count);
  }

  /**
   * The last known count. For a shard never heard of: the mean of the dataset's known shards, so
   * that its absence shows; empty where none is known.
   */
  public OptionalLong documents(DatasetRecord dataset, int shard) {
    var known = documents.get(new Key(dataset.id(), shard));
    if (known != null) {
      return OptionalLong.of(known);
    }
    long sum = 0;
    long count = 0;
    for (var placement : dataset.shards()) {
      var other = documents.get(new Key(dataset.id(), placement.shard()));
      if (other != null) {
        sum += other;
        count++;
      }
    }
    return count == 0 ? OptionalLong.empty() : OptionalLong.of((sum + count - 1) / count);
  }

  /** Forgets datasets that are gone. */
  public void retain(Set<String> datasetIds) {
    documents.keySet().removeIf(key -> !datasetIds.contains(key.datasetId()));
  }

  private record Key(String datasetId, int shard) {}
}
