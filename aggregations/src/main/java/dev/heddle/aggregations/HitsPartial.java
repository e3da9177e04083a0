package dev.heddle.aggregations;

import dev.heddle.function.Aggregation;
import dev.heddle.function.HeapSize;

/** The best documents of a bucket so far, in order. */
record HitsPartial(Hit[] hits, HitOrder order, int size) implements AggregationPartial {

  private static final long OWN = HeapSize.object(2 * HeapSize.REFERENCE + Integer.BYTES);

  static HitsPartial empty(Aggregation.TopHits hits) {
    return new HitsPartial(Hit.NONE, new HitOrder(hits.sort()), hits.size());
  }

  @Override
  public long weight() {
    return OWN + order.weight() + Hit.weight(hits);
  }

  static HitsPartial merge(HitsPartial a, HitsPartial b) {
    return new HitsPartial(a.order.merge(a.hits, b.hits, a.size), a.order, a.size);
  }
}
