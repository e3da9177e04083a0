package dev.heddle.aggregations;

import dev.heddle.aggregations.SearchQuery.NamedAggregation;
import dev.heddle.function.Aggregation;

/** What some shards found for one aggregation. */
sealed interface AggregationPartial
    permits BucketsPartial, CardinalityPartial, QuantilesPartial, StatsPartial, HitsPartial {
  /**
   * What it takes of the heap, in bytes, but for constants that all share. Large ones know it once
   * they were asked, and from then on after each merge.
   */
  long weight();

  /**
   * Adds two partials of the same aggregation. Drops nothing, so that merging is associative; may
   * change and return either of them.
   */
  static AggregationPartial merge(AggregationPartial a, AggregationPartial b) {
    return switch (a) {
      case BucketsPartial x when b instanceof BucketsPartial y -> BucketsPartial.merge(x, y);
      case CardinalityPartial x when b instanceof CardinalityPartial y ->
          CardinalityPartial.merge(x, y);
      case QuantilesPartial x when b instanceof QuantilesPartial y -> QuantilesPartial.merge(x, y);
      case StatsPartial x when b instanceof StatsPartial y -> StatsPartial.merge(x, y);
      case HitsPartial x when b instanceof HitsPartial y -> HitsPartial.merge(x, y);
      default -> throw new IllegalArgumentException("partials of different aggregations");
    };
  }

  /** What an aggregation finds where no document matches. */
  static AggregationPartial empty(NamedAggregation named) {
    return switch (named.aggregation()) {
      case Aggregation.Terms terms -> BucketsPartial.empty(Keys.Text.NONE);
      case Aggregation.Ranges ranges -> emptyRanges(named, ranges.buckets().size());
      case Aggregation.Histogram histogram -> BucketsPartial.empty(Keys.Numbers.NONE);
      case Aggregation.DateHistogram histogram -> BucketsPartial.empty(Keys.Numbers.NONE);
      case Aggregation.GeoGrid grid -> BucketsPartial.empty(Keys.Numbers.NONE);
      case Aggregation.Cardinality cardinality -> CardinalityPartial.empty(cardinality);
      case Aggregation.Quantiles quantiles -> QuantilesPartial.empty();
      case Aggregation.Stats stats -> StatsPartial.EMPTY;
      case Aggregation.TopHits hits -> HitsPartial.empty(hits);
    };
  }

  /** All ranges are always there. */
  private static BucketsPartial emptyRanges(NamedAggregation named, int size) {
    var rows = new AggregationPartial[named.inner().isEmpty() ? 0 : size][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = emptyRow(named);
    }
    return BucketsPartial.exact(Keys.Numbers.upTo(size), new long[size], rows);
  }

  private static AggregationPartial[] emptyRow(NamedAggregation named) {
    return named.inner().stream().map(AggregationPartial::empty).toArray(AggregationPartial[]::new);
  }
}
