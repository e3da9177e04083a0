package dev.heddle.aggregations;

import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import org.jspecify.annotations.Nullable;

/** Puts numbers into buckets, one each. */
final class NumberKeys extends BucketKeys {
  /** The bucket of a long. */
  interface OfLong {
    long key(long value);
  }

  /** The bucket of a double. */
  interface OfDouble {
    long key(double value);
  }

  private final String field;
  private final @Nullable OfLong ofLong;
  private final @Nullable OfDouble ofDouble;
  private @Nullable LongValues longs;
  private @Nullable DoubleValues doubles;

  private NumberKeys(String field, @Nullable OfLong ofLong, @Nullable OfDouble ofDouble) {
    this.field = field;
    this.ofLong = ofLong;
    this.ofDouble = ofDouble;
  }

  /** Of a long or date field. */
  static NumberKeys longs(String field, OfLong key) {
    return new NumberKeys(field, key, null);
  }

  static NumberKeys doubles(String field, OfDouble key) {
    return new NumberKeys(field, null, key);
  }

  @Override
  void enter(Segment segment) {
    if (ofLong != null) {
      longs = segment.longs(field);
    } else {
      doubles = segment.doubles(field);
    }
  }

  @Override
  int read(int document) {
    if (ofLong != null && longs != null) {
      return longs.advance(document) ? read(longs, ofLong) : 0;
    }
    if (ofDouble != null && doubles != null) {
      return doubles.advance(document) ? read(doubles, ofDouble) : 0;
    }
    throw new IllegalStateException("no segment entered");
  }

  private int read(LongValues values, OfLong key) {
    int count = values.count();
    room(count);
    for (int i = 0; i < count; i++) {
      keys[i] = key.key(values.next());
    }
    return distinct(count);
  }

  private int read(DoubleValues values, OfDouble key) {
    int count = values.count();
    room(count);
    for (int i = 0; i < count; i++) {
      keys[i] = key.key(values.next());
    }
    return distinct(count);
  }
}
