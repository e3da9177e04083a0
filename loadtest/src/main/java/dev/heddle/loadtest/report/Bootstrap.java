package dev.heddle.loadtest.report;

import dev.heddle.loadtest.measure.LatencyRecorder;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.random.RandomGenerator;

/**
 * Draws again from what was measured, to say by how much a figure might have come out otherwise
 * (Efron and Tibshirani, An Introduction to the Bootstrap, 1993). Runs differ more from each other
 * than requests of one run do, so runs are drawn first, and then requests within each (Kalibera and
 * Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013). Owned by one thread.
 */
final class Bootstrap {
  private final RandomGenerator random;
  private final int draws;

  /**
   * @param draws how often each figure is drawn, at least 100
   */
  Bootstrap(RandomGenerator random, int draws) {
    if (draws < 100) {
      throw new IllegalArgumentException("draws: " + draws + " (expected: >= 100)");
    }
    this.random = random;
    this.draws = draws;
  }

  /** Figures as they might have come out as well; all are positive and finite. */
  record Draws(double[] values) {}

  /**
   * Of the mean over runs of a quantile.
   *
   * @param runs at least one, none of them empty
   */
  Draws quantile(List<LatencyRecorder> runs, double quantile) {
    var times = runs.stream().map(LatencyRecorder::quantiles).toList();
    return drawn(
        runs.size(), run -> quantile(times.get(run), (double) runs.get(run).count(), quantile));
  }

  /**
   * Of the mean over runs of a figure that each has once.
   *
   * @param runs at least two
   */
  Draws mean(List<Double> runs) {
    return drawn(runs.size(), runs::get);
  }

  private interface OfRun {
    double draw(int run);
  }

  private Draws drawn(int runs, OfRun figure) {
    var values = new double[draws];
    for (int i = 0; i < draws; i++) {
      double sum = 0;
      for (int j = 0; j < runs; j++) {
        sum += figure.draw(random.nextInt(runs));
      }
      values[i] = sum / runs;
    }
    return new Draws(values);
  }

  /**
   * A quantile of as many times drawn from the recorded ones. Which of these it falls on has a beta
   * distribution, as order statistics of uniform numbers have (David and Nagaraja, Order
   * Statistics, 2003, 2.3), so no time has to be drawn but this one.
   */
  private double quantile(DoubleUnaryOperator times, double count, double quantile) {
    double rank = Math.clamp(Math.ceil(quantile * count), 1, count);
    double first = gamma(rank);
    return times.applyAsDouble(first / (first + gamma(count + 1 - rank)));
  }

  /** Marsaglia and Tsang, A Simple Method for Generating Gamma Variables, TOMS 26 (2000). */
  private double gamma(double shape) {
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double x = random.nextGaussian();
      double v = Math.pow(1 + c * x, 3);
      if (v > 0 && Math.log(1 - random.nextDouble()) < x * x / 2 + d - d * v + d * Math.log(v)) {
        return d * v;
      }
    }
  }

  /**
   * The interval that holds a share of the ratios of independent draws.
   *
   * @param confidence 0..1, without its ends
   */
  Interval ratio(Draws of, Draws to, double confidence) {
    var ratios = new double[draws];
    for (int i = 0; i < draws; i++) {
      ratios[i] = of.values()[i] / to.values()[i];
    }
    Arrays.sort(ratios);
    double beyond = (1 - confidence) / 2;
    return new Interval(at(ratios, beyond), at(ratios, 1 - beyond));
  }

  private static double at(double[] sorted, double share) {
    return sorted[(int) Math.round(share * (sorted.length - 1))];
  }

  /** From the lower to the higher end. */
  record Interval(double low, double high) {}
}
