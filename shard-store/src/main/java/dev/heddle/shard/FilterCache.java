package dev.heddle.shard;

import org.apache.lucene.index.IndexReader;
import org.apache.lucene.search.LRUQueryCache;
import org.apache.lucene.search.QueryCache;
import org.apache.lucene.search.QueryCachingPolicy;
import org.apache.lucene.search.UsageTrackingQueryCachingPolicy;
import org.jspecify.annotations.Nullable;

/**
 * Matches of filters that recur on large segments, for all shards of a node. Scores are never kept.
 * Safe for any thread.
 */
final class FilterCache {
  private static final int MOST_FILTERS = 1_000;

  private final @Nullable QueryCache filters;
  private final QueryCachingPolicy policy = new UsageTrackingQueryCachingPolicy();

  /**
   * @param bytes 0: keeps nothing
   */
  FilterCache(long bytes) {
    filters = bytes == 0 ? null : new LRUQueryCache(MOST_FILTERS, bytes);
  }

  GlobalSearcher searcher(IndexReader reader, StatisticsSnapshot statistics) {
    return new GlobalSearcher(reader, statistics, filters, policy);
  }
}
