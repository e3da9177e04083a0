package dev.heddle.function;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a query asks, as every scatter function sees it.
 *
 * @param query which documents, and how they score; filters are part of it
 * @param k hits wanted, 0..10,000
 * @param fields stored fields to return; empty: all
 * @param sort empty: by score, best first
 * @param aggs by name, in the order of the request
 * @param highlight text fields to highlight; absent: every returned text field; empty: none
 * @param countUpTo totals are exact up to this count
 * @param args the function's own arguments
 */
public record ScatterRequest(
    Query query,
    int k,
    List<String> fields,
    List<Sort> sort,
    Map<String, Aggregation> aggs,
    Optional<List<String>> highlight,
    long countUpTo,
    JsonObject args) {
  public static final int MAX_K = 10_000;

  public ScatterRequest {
    if (k < 0 || k > MAX_K) {
      throw new BadRequestException("k: " + k + " (expected: 0.." + MAX_K + ")");
    }
    if (countUpTo < 0) {
      throw new BadRequestException("countUpTo: " + countUpTo + " (expected: >= 0)");
    }
    fields = List.copyOf(fields);
    sort = List.copyOf(sort);
    aggs = Collections.unmodifiableMap(new LinkedHashMap<>(aggs));
    highlight = highlight.map(List::copyOf);
  }
}
