package dev.heddle.aggregations;

import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Count, sum and extremes of a number field. */
final class StatsTally implements Tally {
  private final String field;
  private final ValueKind kind;
  private final PerBucket<OfDoubles> doubles = new PerBucket<>(OfDoubles::new);
  private long[] counts = new long[1];
  private long[] mins = new long[1];
  private long[] maxs = new long[1];
  private long[] highs = new long[1];
  private long[] lows = new long[1];
  private @Nullable LongValues longValues;
  private @Nullable DoubleValues doubleValues;

  /** What was found of doubles in one bucket. */
  private static final class OfDoubles {
    private final ExactSum sum = new ExactSum();
    private long count;
    private double min = Double.POSITIVE_INFINITY;
    private double max = Double.NEGATIVE_INFINITY;

    void add(double value) {
      count++;
      sum.add(value);
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }

  StatsTally(String field, ValueKind kind) {
    this.field = field;
    this.kind = kind;
  }

  @Override
  public void enter(Segment segment) {
    if (kind == ValueKind.DOUBLE) {
      doubleValues = segment.doubles(field);
    } else {
      longValues = segment.longs(field);
    }
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    if (longValues != null && longValues.advance(document)) {
      for (int left = longValues.count(); left > 0; left--) {
        long value = longValues.next();
        for (int i = 0; i < count; i++) {
          add(buckets[i], value);
        }
      }
    } else if (doubleValues != null && doubleValues.advance(document)) {
      for (int left = doubleValues.count(); left > 0; left--) {
        double value = doubleValues.next();
        for (int i = 0; i < count; i++) {
          doubles.of(buckets[i]).add(value);
        }
      }
    }
  }

  private void add(int bucket, long value) {
    if (bucket >= counts.length) {
      grow(bucket);
    }
    if (counts[bucket]++ == 0) {
      mins[bucket] = value;
      maxs[bucket] = value;
    } else {
      mins[bucket] = Math.min(mins[bucket], value);
      maxs[bucket] = Math.max(maxs[bucket], value);
    }
    long sum = lows[bucket] + value;
    long carry = Long.compareUnsigned(sum, lows[bucket]) < 0 ? 1 : 0;
    highs[bucket] += carry + (value >> 63);
    lows[bucket] = sum;
  }

  private void grow(int bucket) {
    int length = Math.max(bucket + 1, 2 * counts.length);
    counts = Arrays.copyOf(counts, length);
    mins = Arrays.copyOf(mins, length);
    maxs = Arrays.copyOf(maxs, length);
    highs = Arrays.copyOf(highs, length);
    lows = Arrays.copyOf(lows, length);
  }

  @Override
  public StatsPartial partial(int bucket) {
    if (kind == ValueKind.DOUBLE) {
      var found = doubles.known(bucket);
      return found == null
          ? StatsPartial.EMPTY
          : new StatsPartial.Doubles(found.count, found.min, found.max, found.sum);
    }
    return bucket >= counts.length || counts[bucket] == 0
        ? StatsPartial.EMPTY
        : new StatsPartial.Longs(
            kind, counts[bucket], mins[bucket], maxs[bucket], highs[bucket], lows[bucket]);
  }
}
