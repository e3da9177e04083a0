package dev.heddle.aggregations;

import dev.heddle.function.Aggregation.Ranges;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Shard.FieldKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Ranges as pairs of longs, both inclusive. Doubles are mapped to longs of the same order, so that
 * one way of counting serves all kinds.
 */
final class RangeBounds {
  private final long[] first;
  private final long[] last;

  /** Every value where some range begins or has just ended, ascending, each once. */
  private final long[] cuts;

  private RangeBounds(long[] first, long[] last) {
    this.first = first;
    this.last = last;
    var all = new long[2 * first.length];
    int size = 0;
    for (int i = 0; i < first.length; i++) {
      all[size++] = first[i];
      if (last[i] != Long.MAX_VALUE) {
        all[size++] = last[i] + 1;
      }
    }
    Arrays.sort(all, 0, size);
    int distinct = 0;
    for (int i = 0; i < size; i++) {
      if (i == 0 || all[i] != all[i - 1]) {
        all[distinct++] = all[i];
      }
    }
    cuts = Arrays.copyOf(all, distinct);
  }

  static RangeBounds of(String outer, Ranges ranges, FieldKind kind) {
    int size = ranges.buckets().size();
    var first = new long[size];
    var last = new long[size];
    for (int i = 0; i < size; i++) {
      var bucket = ranges.buckets().get(i);
      var path = outer + ".ranges[" + i + "]";
      first[i] = lowest(path + ".from", bucket.from(), kind, Long.MIN_VALUE);
      long end = lowest(path + ".to", bucket.to(), kind, Long.MAX_VALUE);
      if (bucket.from() != null && bucket.to() != null && first[i] >= end) {
        throw new BadRequestException(
            path + ": " + bucket.from() + " to " + bucket.to() + " (expected: from below to)");
      }
      // `to` is exclusive. A range that ends at the lowest value of all holds nothing.
      last[i] = bucket.to() == null ? Long.MAX_VALUE : Math.max(end, Long.MIN_VALUE + 1) - 1;
    }
    return new RangeBounds(first, last);
  }

  /** The least value of the field's kind that is not below the bound. */
  private static long lowest(String path, @Nullable Object bound, FieldKind kind, long open) {
    return switch (bound) {
      case null -> open;
      case Long number when kind == FieldKind.DOUBLE -> sortable((double) number);
      case Long number -> number;
      case Double number when number.isNaN() -> throw wrong(path, number, "a number");
      case Double number when kind == FieldKind.DOUBLE -> sortable(number);
      case Double number -> (long) Math.ceil(number);
      case String text when kind == FieldKind.DATE -> IsoDates.millis(path, text);
      case Object other ->
          throw wrong(path, other, kind == FieldKind.DATE ? "a number or a date" : "a number");
    };
  }

  private static BadRequestException wrong(String path, Object bound, String expected) {
    return new BadRequestException(path + ": " + bound + " (expected: " + expected + ")");
  }

  /** A long that compares as the double does; both zeros are one. */
  static long sortable(double value) {
    long bits = Double.doubleToLongBits(value + 0.0);
    return bits ^ ((bits >> 63) & Long.MAX_VALUE);
  }

  /** The double that {@link #sortable} made the long of. */
  static double unsortable(long value) {
    return Double.longBitsToDouble(value ^ ((value >> 63) & Long.MAX_VALUE));
  }

  int size() {
    return first.length;
  }

  /** Intervals between cuts, one more than there are cuts. */
  int intervals() {
    return cuts.length + 1;
  }

  /** The interval of a value: how many cuts are not above it. */
  int interval(long value) {
    int low = 0;
    int high = cuts.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (cuts[middle] <= value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  /** The numbers of the ranges that hold the value. */
  int[] ranges(long value) {
    var holding = new int[first.length];
    int size = 0;
    for (int range = 0; range < first.length; range++) {
      if (contains(range, value)) {
        holding[size++] = range;
      }
    }
    return Arrays.copyOf(holding, size);
  }

  boolean contains(int range, long value) {
    return first[range] <= value && value <= last[range];
  }

  /** Adds, to each range, the counts of its intervals. */
  void addIntervals(long[] intervals, long[] counts) {
    for (int range = 0; range < first.length; range++) {
      int end = interval(last[range]);
      for (int i = interval(first[range]); i <= end; i++) {
        counts[range] += intervals[i];
      }
    }
  }
}
