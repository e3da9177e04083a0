package dev.heddle.aggregations;

import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Counts all matches of one shard in each range. A document with one value costs one binary search,
 * however many ranges there are; one with several values is checked against each range, so that it
 * counts once in each.
 */
final class RangesCounter implements Tally {
  private final String field;
  private final boolean doubles;
  private final RangeBounds bounds;
  private final long[] intervals;
  private final long[] counts;
  private final boolean[] within;
  private @Nullable LongValues longValues;
  private @Nullable DoubleValues doubleValues;

  RangesCounter(String field, boolean doubles, RangeBounds bounds) {
    this.field = field;
    this.doubles = doubles;
    this.bounds = bounds;
    this.intervals = new long[bounds.intervals()];
    this.counts = new long[bounds.size()];
    this.within = new boolean[bounds.size()];
  }

  @Override
  public void enter(Segment segment) {
    if (doubles) {
      doubleValues = segment.doubles(field);
    } else {
      longValues = segment.longs(field);
    }
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    if (doubles) {
      if (doubleValues != null && doubleValues.advance(document)) {
        count(doubleValues);
      }
    } else if (longValues != null && longValues.advance(document)) {
      count(longValues);
    }
  }

  private void count(DoubleValues values) {
    int left = values.count();
    if (left == 1) {
      intervals[bounds.interval(RangeBounds.sortable(values.next()))]++;
      return;
    }
    Arrays.fill(within, false);
    for (; left > 0; left--) {
      countOnce(RangeBounds.sortable(values.next()));
    }
  }

  private void count(LongValues values) {
    int left = values.count();
    if (left == 1) {
      intervals[bounds.interval(values.next())]++;
      return;
    }
    Arrays.fill(within, false);
    for (; left > 0; left--) {
      countOnce(values.next());
    }
  }

  private void countOnce(long value) {
    for (int range = 0; range < within.length; range++) {
      if (!within[range] && bounds.contains(range, value)) {
        within[range] = true;
        counts[range]++;
      }
    }
  }

  @Override
  public BucketsPartial partial(int bucket) {
    var all = counts.clone();
    bounds.addIntervals(intervals, all);
    return BucketsPartial.exact(Keys.Numbers.upTo(all.length), all);
  }
}
