package dev.heddle.aggregations;

/** What some shards counted for one aggregation. */
sealed interface AggregationPartial permits TermsPartial, RangesPartial {
  /** Adds two partials of the same aggregation. Drops nothing, so that merging is associative. */
  static AggregationPartial merge(AggregationPartial a, AggregationPartial b) {
    if (a instanceof TermsPartial x && b instanceof TermsPartial y) {
      return TermsPartial.merge(x, y);
    }
    if (a instanceof RangesPartial x && b instanceof RangesPartial y) {
      return RangesPartial.merge(x, y);
    }
    throw new IllegalArgumentException("partials of different aggregations");
  }
}
