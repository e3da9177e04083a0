package dev.heddle.aggregations;

import dev.heddle.function.Shard;
import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import dev.heddle.function.Shard.SegmentCollector;
import dev.heddle.function.Shard.Values;
import java.util.Arrays;
import java.util.function.ToLongFunction;

/**
 * Counts the matches of one shard in each range. A document with one value costs one binary search,
 * however many ranges there are; one with several values is checked against each range, so that it
 * counts once in each.
 */
final class RangesCounter implements Shard.Collector {
  private final String field;
  private final boolean doubles;
  private final RangeBounds bounds;
  private final long[] intervals;
  private final long[] counts;
  private final boolean[] within;

  RangesCounter(String field, boolean doubles, RangeBounds bounds) {
    this.field = field;
    this.doubles = doubles;
    this.bounds = bounds;
    this.intervals = new long[bounds.intervals()];
    this.counts = new long[bounds.size()];
    this.within = new boolean[bounds.size()];
  }

  @Override
  public SegmentCollector enter(Segment segment) {
    if (doubles) {
      DoubleValues values = segment.doubles(field);
      return (document, score) -> count(values, document, v -> RangeBounds.sortable(v.next()));
    }
    LongValues values = segment.longs(field);
    return (document, score) -> count(values, document, LongValues::next);
  }

  private <V extends Values> void count(V values, int document, ToLongFunction<V> next) {
    if (!values.advance(document)) {
      return;
    }
    int left = values.count();
    if (left == 1) {
      intervals[bounds.interval(next.applyAsLong(values))]++;
      return;
    }
    Arrays.fill(within, false);
    for (; left > 0; left--) {
      long value = next.applyAsLong(values);
      for (int range = 0; range < within.length; range++) {
        if (!within[range] && bounds.contains(range, value)) {
          within[range] = true;
          counts[range]++;
        }
      }
    }
  }

  RangesPartial partial() {
    var all = counts.clone();
    bounds.addIntervals(intervals, all);
    return new RangesPartial(all);
  }
}
