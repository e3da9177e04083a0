package dev.heddle.loadtest.measure;

/**
 * The figures of a histogram, in microseconds, each exact to three digits.
 *
 * @param count times recorded; the other figures are 0 where it is 0
 */
public record Percentiles(
    long count,
    double min,
    double mean,
    double p50,
    double p90,
    double p99,
    double p999,
    double max) {
  static final Percentiles NONE = new Percentiles(0, 0, 0, 0, 0, 0, 0, 0);
}
