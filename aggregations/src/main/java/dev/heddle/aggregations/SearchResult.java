package dev.heddle.aggregations;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The answer of {@link SearchFunction}.
 *
 * @param hits best first
 * @param total how many documents match
 * @param exact whether the total is exact; else at least so many match. Never where shards are
 *     missing
 * @param aggs by name, in the order of the request
 */
public record SearchResult(
    List<SearchHit> hits, long total, boolean exact, Map<String, AggregationResult> aggs) {
  public SearchResult {
    hits = List.copyOf(hits);
    aggs = Collections.unmodifiableMap(new LinkedHashMap<>(aggs));
  }
}
