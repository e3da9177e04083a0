package dev.heddle.loadtest.arrivals;

import java.util.random.RandomGenerator;

/** When requests arrive, in order, without end. Owned by one thread. */
@FunctionalInterface
public interface Arrivals {
  /** Nanoseconds from the beginning to the next arrival, never less than those of the last one. */
  long nextNanos();

  /**
   * One after the other at the same distance, the first at once.
   *
   * @param perSecond above 0, at most a million
   */
  static Arrivals steady(double perSecond) {
    check(perSecond);
    return new Arrivals() {
      private long count;

      @Override
      public long nextNanos() {
        // From the count, so that no rounding adds up.
        return Math.round(count++ * (1e9 / perSecond));
      }
    };
  }

  /**
   * As independent users make them: a Poisson process, whose distances are exponential.
   *
   * @param perSecond in the mean, above 0, at most a million
   */
  static Arrivals poisson(double perSecond, RandomGenerator random) {
    check(perSecond);
    return new Arrivals() {
      private double nanos;

      @Override
      public long nextNanos() {
        nanos += -Math.log(1 - random.nextDouble()) * (1e9 / perSecond);
        return (long) nanos;
      }
    };
  }

  /**
   * At these times, and none after the last.
   *
   * @param nanos ascending, from 0 on
   */
  static Arrivals at(long... nanos) {
    var times = nanos.clone();
    return new Arrivals() {
      private int next;

      @Override
      public long nextNanos() {
        return next < times.length ? times[next++] : Long.MAX_VALUE;
      }
    };
  }

  private static void check(double perSecond) {
    if (!(perSecond > 0 && perSecond <= 1e6)) {
      throw new IllegalArgumentException(
          "arrivals per second: " + perSecond + " (expected: above 0, at most 1000000)");
    }
  }
}
