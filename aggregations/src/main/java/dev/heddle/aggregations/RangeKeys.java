package dev.heddle.aggregations;

import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import org.jspecify.annotations.Nullable;

/** The numbers of the ranges that a document has a value in. */
final class RangeKeys extends BucketKeys {
  private final String field;
  private final boolean doubles;
  private final RangeBounds bounds;
  private final int[] @Nullable [] rangesOf;
  private @Nullable LongValues longValues;
  private @Nullable DoubleValues doubleValues;

  RangeKeys(String field, boolean doubles, RangeBounds bounds) {
    this.field = field;
    this.doubles = doubles;
    this.bounds = bounds;
    this.rangesOf = new int[bounds.intervals()][];
  }

  @Override
  void enter(Segment segment) {
    if (doubles) {
      doubleValues = segment.doubles(field);
    } else {
      longValues = segment.longs(field);
    }
  }

  @Override
  int read(int document) {
    int found = 0;
    if (doubles) {
      var values = doubleValues;
      if (values == null || !values.advance(document)) {
        return 0;
      }
      for (int left = values.count(); left > 0; left--) {
        found = add(found, RangeBounds.sortable(values.next()));
      }
    } else {
      var values = longValues;
      if (values == null || !values.advance(document)) {
        return 0;
      }
      for (int left = values.count(); left > 0; left--) {
        found = add(found, values.next());
      }
    }
    return distinct(found);
  }

  private int add(int found, long value) {
    int interval = bounds.interval(value);
    var ranges = rangesOf[interval];
    if (ranges == null) {
      ranges = rangesOf[interval] = bounds.ranges(value);
    }
    int size = found;
    if (size + ranges.length > keys.length) {
      size = distinct(size);
      grow(size, size + ranges.length);
    }
    for (int range : ranges) {
      keys[size++] = range;
    }
    return size;
  }

  private void grow(int kept, int needed) {
    var before = keys;
    room(needed);
    System.arraycopy(before, 0, keys, 0, kept);
  }
}
