package dev.heddle.loadtest.report;

import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.ExperimentRun;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.ReportText;
import dev.heddle.loadtest.measure.Series;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What changed from one report to another, as ratios with intervals that hold 95 % of what might
 * have come out as well. A figure is worse where all of its interval lies beyond the threshold: so
 * noise alone fails nothing, and neither does a figure that was measured once.
 *
 * @param rows by experiment and series in the order of the first report
 * @param notes what is in one of them alone, and what else limits the comparison
 */
public record Comparison(double threshold, List<Row> rows, List<String> notes) {
  private static final int DRAWS = 2_000;
  private static final double CONFIDENCE = 0.95;

  /** Of fewer times than these a quantile says nothing: so many lie beyond it in the mean. */
  private static final double LEAST_BEYOND = 5;

  /** Options that say where and how often, not what. */
  private static final Set<String> FREE = Set.of("target", "runs", "requests", "timeoutMillis");

  private static final double[] QUANTILES = {0.5, 0.9, 0.99, 0.999};
  private static final String[] QUANTILE_NAMES = {"p50", "p90", "p99", "p99.9"};

  public Comparison {
    rows = List.copyOf(rows);
    notes = List.copyOf(notes);
  }

  /** Which direction is good. */
  public enum Better {
    LOWER,
    HIGHER;

    /** How many times worse it became, by the ratio of after to before. */
    double worseTimes(double ratio) {
      return this == LOWER ? ratio : 1 / ratio;
    }
  }

  /**
   * A figure in both reports.
   *
   * @param before and {@code after}: means over runs; of times in microseconds
   * @param low and {@code high}: what holds 95 % of the ratios of after to before
   */
  public record Row(
      String experiment,
      String series,
      String metric,
      Better better,
      double before,
      double after,
      double low,
      double high) {
    public double ratio() {
      return after / before;
    }

    /**
     * Whether it surely became worse by more than a share.
     *
     * @param threshold 0.05: by 5 %
     */
    public boolean worse(double threshold) {
      return Math.min(better.worseTimes(low), better.worseTimes(high)) > 1 + threshold;
    }

    /** Whether it surely became better by more than a share. */
    public boolean improved(double threshold) {
      return Math.max(better.worseTimes(low), better.worseTimes(high)) < 1 / (1 + threshold);
    }
  }

  /** Whether anything became worse. */
  public boolean failed() {
    return rows.stream().anyMatch(row -> row.worse(threshold));
  }

  /**
   * Compares two reports.
   *
   * @param threshold 0..10: what share of change is let pass
   * @param seed of the draws: with the same one, the same intervals
   * @throws HeddleException INVALID_REQUEST if they cannot be compared
   */
  public static Comparison of(BenchReport before, BenchReport after, double threshold, long seed) {
    if (!(threshold >= 0 && threshold <= 10)) {
      throw new IllegalArgumentException("threshold: " + threshold + " (expected: 0..10)");
    }
    checkComparable(before, after);
    var rows = new ArrayList<Row>();
    var notes = new ArrayList<String>();
    if (before.seed() != after.seed()) {
      notes.add("seeds differ: " + before.seed() + ", " + after.seed());
    }
    var bootstrap = new Bootstrap(new Random(seed), DRAWS);
    for (var run : before.experiments()) {
      var other = named(after, run.result().experiment());
      if (other == null) {
        notes.add(run.result().experiment() + ": not in the second report");
      } else {
        warn(run, "before", notes);
        warn(other, "after", notes);
        new Pairing(run.result(), other.result(), bootstrap, rows, notes).compare();
      }
    }
    for (var run : after.experiments()) {
      if (named(before, run.result().experiment()) == null) {
        notes.add(run.result().experiment() + ": not in the first report");
      }
    }
    if (rows.isEmpty()) {
      throw incomparable("no figure that both have, repeated or of enough times");
    }
    return new Comparison(threshold, rows, notes);
  }

  private static void warn(ExperimentRun run, String which, List<String> notes) {
    run.conditions()
        .warnings()
        .forEach(each -> notes.add(run.result().experiment() + ", " + which + ": " + each));
  }

  private static void checkComparable(BenchReport before, BenchReport after) {
    var one = before.machine();
    var other = after.machine();
    same("cpu", one.cpu(), other.cpu());
    same("processors", one.processors(), other.processors());
    same("architecture", one.arch(), other.arch());
    same("memory", one.memoryBytes(), other.memoryBytes());
    var options = new LinkedHashSet<>(before.flags().keySet());
    options.addAll(after.flags().keySet());
    options.removeAll(FREE);
    for (var option : options) {
      same("option " + option, before.flags().get(option), after.flags().get(option));
    }
    for (var report : List.of(before, after)) {
      for (var run : report.experiments()) {
        if (run.result().failed()) {
          throw incomparable(
              run.result().experiment() + " failed: " + run.result().problems().getFirst());
        }
      }
    }
  }

  private static void same(String what, @Nullable Object before, @Nullable Object after) {
    if (!Objects.equals(String.valueOf(before), String.valueOf(after))) {
      throw incomparable(what + ": " + before + ", " + after);
    }
  }

  private static HeddleException incomparable(String why) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "compare: "
            + why
            + " (expected: two reports without failures, of one kind of machine, with the same"
            + " options)");
  }

  private static @Nullable ExperimentRun named(BenchReport report, String experiment) {
    return report.experiments().stream()
        .filter(run -> run.result().experiment().equals(experiment))
        .findFirst()
        .orElse(null);
  }

  /** One experiment in both reports. */
  private record Pairing(
      ExperimentResult before,
      ExperimentResult after,
      Bootstrap bootstrap,
      List<Row> rows,
      List<String> notes) {
    void compare() {
      var others = SeriesGroup.of(after.series());
      for (var group : SeriesGroup.of(before.series())) {
        var other = others.stream().filter(each -> each.name().equals(group.name())).findFirst();
        if (other.isEmpty()) {
          notes.add(before.experiment() + ", " + group.name() + ": not in the second report");
          continue;
        }
        quantiles(group, other.get());
        figures(group, other.get());
      }
    }

    private void quantiles(SeriesGroup group, SeriesGroup other) {
      var one = timed(group);
      var two = timed(other);
      for (int i = 0; i < QUANTILES.length; i++) {
        double quantile = QUANTILES[i];
        if (tells(one, quantile) && tells(two, quantile)) {
          ToDoubleFunction<LatencyRecorder> of = times -> times.quantileMicros(quantile);
          add(
              group.name(),
              QUANTILE_NAMES[i],
              Better.LOWER,
              one.stream().mapToDouble(of).average().orElse(0),
              two.stream().mapToDouble(of).average().orElse(0),
              () -> bootstrap.quantile(one, quantile),
              () -> bootstrap.quantile(two, quantile));
        }
      }
    }

    private static List<LatencyRecorder> timed(SeriesGroup group) {
      return group.runs().stream().map(Series::latency).filter(times -> times.count() > 0).toList();
    }

    private static boolean tells(List<LatencyRecorder> runs, double quantile) {
      return !runs.isEmpty()
          && runs.stream().allMatch(run -> run.count() * (1 - quantile) >= LEAST_BEYOND);
    }

    private void figures(SeriesGroup group, SeriesGroup other) {
      for (var name : group.runs().getFirst().figures().keySet()) {
        var better = direction(name);
        var one = values(group, name);
        var two = values(other, name);
        if (better != null && one.size() > 1 && two.size() > 1) {
          add(
              group.name(),
              name,
              better,
              one.stream().mapToDouble(Double::doubleValue).average().orElse(0),
              two.stream().mapToDouble(Double::doubleValue).average().orElse(0),
              () -> bootstrap.mean(one),
              () -> bootstrap.mean(two));
        }
      }
    }

    /** Of figures without a known unit nobody knows which direction is good. */
    private static @Nullable Better direction(String figure) {
      if (figure.endsWith("PerSecond")) {
        return Better.HIGHER;
      }
      return figure.endsWith("Micros") || figure.endsWith("Millis") ? Better.LOWER : null;
    }

    private static List<Double> values(SeriesGroup group, String figure) {
      return group.runs().stream()
          .flatMap(run -> Optional.ofNullable(run.figures().get(figure)).stream())
          .filter(value -> value > 0)
          .toList();
    }

    private void add(
        String series,
        String metric,
        Better better,
        double one,
        double two,
        Supplier<Bootstrap.Draws> oneDraws,
        Supplier<Bootstrap.Draws> twoDraws) {
      if (one > 0 && two > 0) {
        var interval = bootstrap.ratio(twoDraws.get(), oneDraws.get(), CONFIDENCE);
        rows.add(
            new Row(
                before.experiment(),
                series,
                metric,
                better,
                one,
                two,
                interval.low(),
                interval.high()));
      }
    }
  }

  /** A table for people: worse and better figures are marked, the others are within the noise. */
  public String text() {
    var lines = new ArrayList<String>();
    for (var row : rows) {
      var verdict = row.worse(threshold) ? "WORSE" : row.improved(threshold) ? "better" : "";
      lines.add(
          String.format(
                  Locale.ROOT,
                  "%-12s %-28s %-16s %12s -> %12s  x %.3f (%.3f to %.3f)  %s",
                  row.experiment(),
                  row.series(),
                  row.metric(),
                  ReportText.figure(row.before()),
                  ReportText.figure(row.after()),
                  row.ratio(),
                  row.low(),
                  row.high(),
                  verdict)
              .stripTrailing());
    }
    notes.forEach(note -> lines.add("note: " + note));
    long worse = rows.stream().filter(row -> row.worse(threshold)).count();
    lines.add(
        String.format(
            Locale.ROOT,
            "%d of %d figures surely worse by more than %.1f %%",
            worse,
            rows.size(),
            100 * threshold));
    return String.join("\n", lines);
  }
}
