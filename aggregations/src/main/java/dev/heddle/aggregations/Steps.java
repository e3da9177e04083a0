package dev.heddle.aggregations;

import dev.heddle.function.Aggregation.DateHistogram;
import dev.heddle.function.Aggregation.Histogram;
import dev.heddle.function.Aggregation.Step;
import dev.heddle.function.BadRequestException;

/** The arithmetic of histograms: which bucket a value is in, and where that begins and ends. */
final class Steps {
  /** Up to here a double tells whole numbers apart. */
  private static final double MAX_NUMBER = 0x1p53;

  private Steps() {}

  /** Of a long field: whole steps are counted in longs, so that nothing is rounded. */
  static NumberKeys.OfLong ofLongs(String path, Histogram histogram) {
    double interval = histogram.interval();
    double offset = offset(histogram);
    if (whole(interval) && whole(offset)) {
      long step = (long) interval;
      long shift = (long) offset;
      return value -> floor(value, step, shift);
    }
    var ofDouble = ofDoubles(path, histogram);
    return ofDouble::key;
  }

  /** Which step a value is in, where they begin at the shift, 0 or more and less than a step. */
  private static long floor(long value, long step, long shift) {
    return Math.floorDiv(value, step) - (Math.floorMod(value, step) < shift ? 1 : 0);
  }

  /** An offset of whole steps makes no difference. */
  private static double offset(Histogram histogram) {
    return histogram.offset()
        - Math.floor(histogram.offset() / histogram.interval()) * histogram.interval();
  }

  private static boolean whole(double number) {
    return number == Math.rint(number) && Math.abs(number) <= MAX_NUMBER;
  }

  static NumberKeys.OfDouble ofDoubles(String path, Histogram histogram) {
    double interval = histogram.interval();
    double offset = offset(histogram);
    return value -> {
      double number = Math.floor((value - offset) / interval);
      if (!(Math.abs(number) <= MAX_NUMBER)) {
        throw new BadRequestException(
            "%s.interval: %s (expected: larger, for the value %s)"
                .formatted(path, interval, value));
      }
      return (long) number;
    };
  }

  /** Where the bucket begins; a Long where nothing is lost. */
  static Object start(Histogram histogram, long number) {
    double interval = histogram.interval();
    double offset = offset(histogram);
    if (whole(interval) && whole(offset)) {
      try {
        return Math.addExact((long) offset, Math.multiplyExact(number, (long) interval));
      } catch (ArithmeticException e) {
        return offset + number * interval;
      }
    }
    return offset + number * interval;
  }

  /** Of a date field: the bucket's number is where it begins. */
  static NumberKeys.OfLong ofDates(DateHistogram histogram) {
    return switch (histogram.step()) {
      case Step.Calendar calendar -> {
        var steps = new CalendarSteps(calendar);
        yield steps::start;
      }
      case Step.Fixed fixed -> {
        long length = fixed.length().toMillis();
        long shift = Math.floorMod(fixed.offset().toMillis(), length);
        // The first steps of all would begin before the least long.
        yield value ->
            value < Long.MIN_VALUE + 2 * length
                ? Long.MIN_VALUE
                : floor(value, length, shift) * length + shift;
      }
    };
  }

  /** Where the bucket that begins here ends. */
  static long end(DateHistogram histogram, long start) {
    return switch (histogram.step()) {
      case Step.Calendar calendar -> new CalendarSteps(calendar).end(start);
      case Step.Fixed fixed -> {
        long length = fixed.length().toMillis();
        yield start > Long.MAX_VALUE - length ? Long.MAX_VALUE : start + length;
      }
    };
  }
}
