package dev.heddle.aggregations;

import java.util.List;

/**
 * The answer of one aggregation.
 *
 * @param buckets for terms the most frequent first, ties by key; for ranges in the order asked for
 * @param other values counted in terms that are not among the buckets
 * @param errorBound no bucket's count is too low by more than this; none is ever too high
 */
public record AggregationResult(List<Bucket> buckets, long other, long errorBound) {
  public AggregationResult {
    buckets = List.copyOf(buckets);
  }

  /** How many documents have the value, or a value in the range. */
  public record Bucket(String key, long count) {}
}
