package dev.heddle.aggregations;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The answer of one aggregation. */
public sealed interface AggregationResult {
  /**
   * Of one that makes buckets.
   *
   * @param buckets for terms and tiles the most frequent first, ties by key; ranges in the order
   *     asked for; steps ascending
   * @param other what was counted in values that are not among the buckets
   * @param errorBound no bucket's count is too low by more than this; none is ever too high
   * @param unseenBound no value that is not among the buckets has more documents than this
   */
  record Buckets(List<Bucket> buckets, long other, long errorBound, long unseenBound)
      implements AggregationResult {
    public Buckets {
      buckets = List.copyOf(buckets);
    }
  }

  /**
   * A bucket.
   *
   * @param count documents that are in it for sure
   * @param upper documents that may be in it at most
   * @param from where a range or step begins, inclusive: Long, Double, or a String for dates; null:
   *     open, or none
   * @param to where it ends, exclusive
   * @param tile its borders, for a tile of a map
   * @param aggs the inner figures, of the documents that were counted
   */
  record Bucket(
      String key,
      long count,
      long upper,
      @Nullable Object from,
      @Nullable Object to,
      @Nullable Tile tile,
      Map<String, AggregationResult> aggs) {
    public Bucket {
      aggs = Collections.unmodifiableMap(new LinkedHashMap<>(aggs));
    }

    /** A bucket that was counted exactly, with nothing inside. */
    public Bucket(String key, long count) {
      this(key, count, count, null, null, null, Map.of());
    }
  }

  /** Borders in degrees. */
  record Tile(double north, double west, double south, double east) {}

  /**
   * How many different values there are.
   *
   * @param lower with the given confidence not fewer than this
   * @param upper nor more than this
   * @param confidence share of cases in which the bounds hold, 0..1
   */
  record Cardinality(long value, long lower, long upper, double confidence)
      implements AggregationResult {}

  /**
   * Quantiles.
   *
   * @param count values
   * @param min the least value: Long, Double, or a String for dates; null where there is none
   * @param max the greatest
   * @param rankError the quantile asked for lies between those whose ranks are lower and higher by
   *     so much; 0: they are exact
   * @param confidence share of cases in which this holds for any one of them, 0..1
   */
  record Quantiles(
      long count,
      @Nullable Object min,
      @Nullable Object max,
      double rankError,
      double confidence,
      List<Quantile> values)
      implements AggregationResult {
    public Quantiles {
      values = List.copyOf(values);
    }
  }

  /**
   * The value below which a share of all values lies.
   *
   * @param value Long, Double, or a String for dates
   * @param lower what it may be at least
   * @param upper what it may be at most
   */
  record Quantile(double percent, Object value, Object lower, Object upper) {}

  /**
   * Figures of the values, exact. Long, Double, or a String for dates; null where there are no
   * values, or the figure means nothing.
   */
  record Stats(
      long count,
      @Nullable Object min,
      @Nullable Object max,
      @Nullable Object sum,
      @Nullable Object mean)
      implements AggregationResult {}

  /** The best documents, best first. */
  record TopHits(List<SearchHit> hits) implements AggregationResult {
    public TopHits {
      hits = List.copyOf(hits);
    }
  }
}
