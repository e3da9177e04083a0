package dev.heddle.aggregations;

import dev.heddle.aggregations.AggregationResult.Bucket;
import dev.heddle.function.Aggregation.Ranges;
import java.util.ArrayList;

/** Documents by range, in the order of the request. */
record RangesPartial(long[] counts) implements AggregationPartial {
  static RangesPartial merge(RangesPartial a, RangesPartial b) {
    for (int i = 0; i < a.counts.length; i++) {
      a.counts[i] += b.counts[i];
    }
    return a;
  }

  AggregationResult result(Ranges ranges) {
    var buckets = new ArrayList<Bucket>(counts.length);
    for (int i = 0; i < counts.length; i++) {
      buckets.add(new Bucket(ranges.buckets().get(i).key(), counts[i]));
    }
    return new AggregationResult(buckets, 0, 0);
  }
}
