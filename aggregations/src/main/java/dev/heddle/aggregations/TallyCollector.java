package dev.heddle.aggregations;

import dev.heddle.function.Shard;
import dev.heddle.function.Shard.Segment;
import dev.heddle.function.Shard.SegmentCollector;

/** Feeds an outermost tally with the matches of a query. */
final class TallyCollector implements Shard.Collector, SegmentCollector {
  private static final int[] WHOLE = {0};

  private final Tally tally;

  TallyCollector(Tally tally) {
    this.tally = tally;
  }

  @Override
  public SegmentCollector enter(Segment segment) {
    tally.enter(segment);
    return this;
  }

  @Override
  public void collect(int document, float score) {
    tally.collect(document, score, WHOLE, 1);
  }

  @Override
  public boolean needsScores() {
    return tally.needsScores();
  }

  AggregationPartial partial() {
    return tally.partial(0);
  }
}
