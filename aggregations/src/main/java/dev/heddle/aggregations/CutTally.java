package dev.heddle.aggregations;

import dev.heddle.function.Shard.Segment;

/** Keeps the buckets with most documents, and says what may be missing. */
record CutTally(KeyedTally counted, int keep) implements Tally {
  @Override
  public void enter(Segment segment) {
    counted.enter(segment);
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    counted.collect(document, score, buckets, count);
  }

  @Override
  public BucketsPartial partial(int bucket) {
    return counted.partial(bucket).cut(keep);
  }
}
