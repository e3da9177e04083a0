package dev.heddle.aggregations;

import java.util.List;

/**
 * What some shards found: their best hits in order, how many matched, and a figure for each
 * aggregation of the request.
 */
public final class SearchPartial {
  final Hit[] hits;
  final long total;
  final boolean exact;
  final List<AggregationPartial> aggs;

  SearchPartial(Hit[] hits, long total, boolean exact, List<AggregationPartial> aggs) {
    this.hits = hits;
    this.total = total;
    this.exact = exact;
    this.aggs = aggs;
  }
}
