package dev.heddle.aggregations;

import dev.heddle.function.Aggregation;

/** The best documents of a bucket so far, in order. */
record HitsPartial(Hit[] hits, HitOrder order, int size) implements AggregationPartial {
  private static final Hit[] NO_HITS = {};

  static HitsPartial empty(Aggregation.TopHits hits) {
    return new HitsPartial(NO_HITS, new HitOrder(hits.sort()), hits.size());
  }

  static HitsPartial merge(HitsPartial a, HitsPartial b) {
    return new HitsPartial(a.order.merge(a.hits, b.hits, a.size), a.order, a.size);
  }
}
