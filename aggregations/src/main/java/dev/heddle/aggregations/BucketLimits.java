package dev.heddle.aggregations;

import dev.heddle.aggregations.SearchQuery.NamedAggregation;
import dev.heddle.function.Aggregation;
import dev.heddle.function.BadRequestException;
import java.util.List;
import java.util.Locale;

/**
 * How many buckets are counted and sent on. What a leaf sends is bounded by what was asked for, not
 * by what there is.
 */
final class BucketLimits {
  /** Buckets of one histogram. */
  static final int MAX_BUCKETS = 10_000;

  /** What the inner figures of one aggregation may weigh on one leaf. */
  private static final int MAX_INNER_BYTES = 8 << 20;

  /** Below this weight more buckets are kept than would have to be, for a smaller error. */
  private static final int CHEAP_INNER_BYTES = 1 << 20;

  /** Terms that a segment counts exactly at any rate. */
  private static final int MIN_SEGMENT_TERMS = 4_096;

  /** Buckets that a leaf sends at any rate. */
  private static final int MIN_LEAF_BUCKETS = 256;

  private static final int MIN_INNER_BUCKETS = 64;
  private static final int STATS_BYTES = 64;
  private static final int BUCKET_BYTES = 32;
  private static final int HIT_BYTES = 1_024;

  private BucketLimits() {}

  static int ofSegment(int size) {
    return Math.max(MIN_SEGMENT_TERMS, size * 8);
  }

  /** Within a bucket of another aggregation. */
  static int inner(int size) {
    return Math.max(MIN_INNER_BUCKETS, needed(size));
  }

  /** More than asked for, as the best of all shards together are not the best of each. */
  private static int needed(int size) {
    return size * 3 + 10;
  }

  /** Buckets of terms or tiles that a leaf sends. */
  static int ofLeaf(NamedAggregation named) {
    int size = size(named.aggregation());
    if (named.inner().isEmpty()) {
      return Math.max(MIN_LEAF_BUCKETS, needed(size));
    }
    int cheap = (int) Math.min(MIN_SEGMENT_TERMS, CHEAP_INNER_BYTES / weight(named.inner()));
    return Math.max(needed(size), cheap);
  }

  private static int size(Aggregation aggregation) {
    return switch (aggregation) {
      case Aggregation.Terms terms -> terms.size();
      case Aggregation.GeoGrid grid -> grid.size();
      default -> throw new IllegalArgumentException(aggregation.toString());
    };
  }

  /** Buckets that a histogram may have. */
  static int most(NamedAggregation named) {
    return named.inner().isEmpty()
        ? MAX_BUCKETS
        : (int) Math.min(MAX_BUCKETS, MAX_INNER_BYTES / weight(named.inner()));
  }

  /** Refuses a request whose inner figures would be too large. */
  static void check(NamedAggregation named) {
    if (named.inner().isEmpty()) {
      return;
    }
    long weight = weight(named.inner());
    long buckets =
        switch (named.aggregation()) {
          case Aggregation.Terms terms -> needed(terms.size());
          case Aggregation.GeoGrid grid -> needed(grid.size());
          case Aggregation.Ranges ranges -> ranges.buckets().size();
          default -> 1;
        };
    if (buckets * weight > MAX_INNER_BYTES) {
      throw new BadRequestException(
          String.format(
              Locale.ROOT,
              "aggs.%s.aggs: up to %,d bytes in each of %,d buckets (expected: at most %,d together;"
                  + " fewer buckets, smaller sizes or larger errors)",
              named.name(),
              weight,
              buckets,
              MAX_INNER_BYTES));
    }
  }

  private static long weight(List<NamedAggregation> inner) {
    return inner.stream().mapToLong(named -> weight(named.aggregation())).sum();
  }

  /** What one figure may take on the wire. */
  private static long weight(Aggregation aggregation) {
    return switch (aggregation) {
      case Aggregation.Terms terms -> (long) inner(terms.size()) * BUCKET_BYTES;
      case Aggregation.GeoGrid grid -> (long) inner(grid.size()) * BUCKET_BYTES;
      case Aggregation.Ranges ranges -> (long) ranges.buckets().size() * BUCKET_BYTES;
      case Aggregation.Histogram histogram -> MIN_LEAF_BUCKETS * BUCKET_BYTES;
      case Aggregation.DateHistogram histogram -> MIN_LEAF_BUCKETS * BUCKET_BYTES;
      case Aggregation.Cardinality cardinality -> CardinalityPartial.maxBytes(cardinality.error());
      case Aggregation.Quantiles quantiles -> QuantilesPartial.maxBytes(quantiles.error());
      case Aggregation.Stats stats -> STATS_BYTES;
      case Aggregation.TopHits hits -> (long) hits.size() * HIT_BYTES;
    };
  }
}
