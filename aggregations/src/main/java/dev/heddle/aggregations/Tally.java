package dev.heddle.aggregations;

import dev.heddle.function.Shard.Segment;
import java.util.Arrays;

/**
 * What one aggregation finds among the matches of one shard, apart for each bucket of the
 * aggregation around it. The outermost has one bucket, number 0.
 */
interface Tally {
  /** Called before a segment's documents. */
  void enter(Segment segment);

  /**
   * One match.
   *
   * @param buckets the buckets that it is in, in the first {@code count} places, each once
   */
  void collect(int document, float score, int[] buckets, int count);

  /** Whether {@link #collect} needs the score. */
  default boolean needsScores() {
    return false;
  }

  /** Whether one of them does. */
  static boolean anyNeedsScores(Tally[] tallies) {
    return Arrays.stream(tallies).anyMatch(Tally::needsScores);
  }

  /** What was found for a bucket, also where nothing was; after the last document. */
  AggregationPartial partial(int bucket);
}
