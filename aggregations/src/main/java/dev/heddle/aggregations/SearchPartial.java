package dev.heddle.aggregations;

import dev.heddle.function.HeapSize;
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

  private static final long OWN = HeapSize.object(2 * HeapSize.REFERENCE + Long.BYTES + 1);

  SearchPartial(Hit[] hits, long total, boolean exact, List<AggregationPartial> aggs) {
    this.hits = hits;
    this.total = total;
    this.exact = exact;
    this.aggs = aggs;
  }

  /** What it takes of the heap, in bytes. */
  long weight() {
    long sum = OWN + Hit.weight(hits) + HeapSize.list(aggs.size());
    for (var agg : aggs) {
      sum += agg.weight();
    }
    return sum;
  }
}
