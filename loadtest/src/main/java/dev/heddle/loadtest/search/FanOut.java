package dev.heddle.loadtest.search;

import dev.heddle.loadtest.search.Found.Hit;
import dev.heddle.process.Threads;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadFactory;

/**
 * Several indexes, each searched on a virtual thread, and the answers merged. Every index has
 * figures of its own, so that scores differ a little from those of one index. Safe for any thread.
 */
final class FanOut {
  private final List<LuceneIndex> shards;
  private final ThreadFactory threads = Threads.virtual("fan-out");

  FanOut(List<LuceneIndex> shards) {
    this.shards = List.copyOf(shards);
  }

  Found search(SearchQuery query) throws IOException, InterruptedException {
    var parts = new ArrayList<FutureTask<Found>>();
    for (var shard : shards) {
      var part = new FutureTask<>(() -> shard.search(query));
      parts.add(part);
      threads.newThread(part).start();
    }
    var found = new ArrayList<Found>();
    for (var part : parts) {
      try {
        found.add(part.get());
      } catch (ExecutionException e) {
        throw new IOException("shard: " + e.getCause(), e);
      }
    }
    return merge(found);
  }

  /** One after the other on this thread. */
  Found inSequence(SearchQuery query) throws IOException {
    var found = new ArrayList<Found>();
    for (var shard : shards) {
      found.add(shard.search(query));
    }
    return merge(found);
  }

  static Found merge(List<Found> parts) {
    var hits =
        parts.stream()
            .flatMap(part -> part.hits().stream())
            .sorted(Comparator.comparingDouble((Hit hit) -> -hit.score()).thenComparing(Hit::id))
            .limit(SearchQuery.HITS)
            .toList();
    var values = new HashMap<String, Long>();
    parts.forEach(
        part -> part.buckets().forEach((value, count) -> values.merge(value, count, Long::sum)));
    return new Found(
        parts.stream().mapToLong(Found::total).sum(),
        parts.stream().allMatch(Found::exact),
        hits,
        LuceneIndex.most(values, SearchQuery.SHARD_BUCKETS),
        "");
  }
}
