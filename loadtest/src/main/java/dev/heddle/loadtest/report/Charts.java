package dev.heddle.loadtest.report;

import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Timeline;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** The plots of an experiment. Stateless. */
final class Charts {
  private static final int STEPS = 100;
  private static final int STRETCHES = 30;
  private static final double MILLIS = 1_000;

  /** A line of so few times would be no distribution. */
  private static final long LEAST_TIMES = 10;

  private Charts() {}

  static List<LineChart> of(ExperimentResult result) {
    var charts = new ArrayList<LineChart>();
    result.curves().forEach(curve -> curve(curve, charts));
    var groups = SeriesGroup.of(result.series());
    var timed =
        groups.stream()
            .filter(group -> group.latency().count() >= LEAST_TIMES)
            .limit(LineChart.MOST_LINES)
            .toList();
    if (!timed.isEmpty()) {
      charts.add(percentiles(timed));
      charts.add(distribution(timed));
    }
    var lasting = groups.stream().filter(Charts::lasts).limit(LineChart.MOST_LINES).toList();
    if (!lasting.isEmpty()) {
      charts.add(throughput(lasting));
    }
    return charts;
  }

  private static boolean lasts(SeriesGroup group) {
    return group.runs().getLast().completions().counts().size() > 1;
  }

  private static LineChart percentiles(List<SeriesGroup> groups) {
    long most = groups.stream().mapToLong(group -> group.latency().count()).max().orElse(1);
    int nines = Math.clamp((int) Math.floor(Math.log10((double) most)), 1, 6);
    return new LineChart(
        "Latency by percentile",
        "percentile",
        new Scale.Nines(nines),
        "ms",
        millis(groups),
        false,
        lines(groups, times -> byNines(times, nines)));
  }

  /** Up to where there is a time beyond: the tail of few times is nothing but their longest. */
  private static List<Point> byNines(LatencyRecorder times, int nines) {
    var points = new ArrayList<Point>();
    double last = Math.min(nines, Math.log10((double) times.count()));
    for (int i = 0; i <= STEPS; i++) {
      double quantile = 1 - Math.pow(10, -last * i / STEPS);
      points.add(new Point(quantile, times.quantileMicros(quantile) / MILLIS));
    }
    return points;
  }

  private static LineChart distribution(List<SeriesGroup> groups) {
    return new LineChart(
        "Share of operations that took no longer",
        "ms",
        millis(groups),
        "%",
        new Scale.Linear(0, 100),
        false,
        lines(groups, Charts::cumulative));
  }

  private static List<Point> cumulative(LatencyRecorder times) {
    var points = new ArrayList<Point>();
    for (int i = 0; i <= STEPS; i++) {
      double quantile = (double) i / STEPS;
      points.add(new Point(times.quantileMicros(quantile) / MILLIS, 100 * quantile));
    }
    return points;
  }

  private static Scale millis(List<SeriesGroup> groups) {
    double low = Double.MAX_VALUE;
    double high = 0;
    for (var group : groups) {
      var times = group.latency();
      low = Math.min(low, times.quantileMicros(0));
      high = Math.max(high, times.quantileMicros(1));
    }
    // A thread that was woken in time was 0 late, which has no place on such a scale.
    return Scale.Log.around(Math.max(low, 1) / MILLIS, Math.max(high, 1) / MILLIS);
  }

  private static List<LineChart.Line> lines(
      List<SeriesGroup> groups, Function<LatencyRecorder, List<Point>> points) {
    var lines = new ArrayList<LineChart.Line>();
    for (int i = 0; i < groups.size(); i++) {
      var group = groups.get(i);
      lines.add(new LineChart.Line(group.name(), i, points.apply(group.latency())));
    }
    return lines;
  }

  private static LineChart throughput(List<SeriesGroup> groups) {
    var lines = new ArrayList<LineChart.Line>();
    for (int i = 0; i < groups.size(); i++) {
      var last = groups.get(i).runs().getLast();
      lines.add(new LineChart.Line(groups.get(i).name(), i, perSecond(last.completions())));
    }
    double seconds = most(lines, Point::x);
    double perSecond = most(lines, Point::y);
    return new LineChart(
        "Completions over time, last run",
        "seconds",
        Scale.Linear.upTo(seconds),
        "per second",
        Scale.Linear.upTo(perSecond),
        true,
        lines);
  }

  /** The last stretch is left out: nobody knows how much of it was used. */
  private static List<Point> perSecond(Timeline timeline) {
    var points = new ArrayList<Point>();
    var counts = timeline.counts();
    int each = 1 + counts.size() / STRETCHES;
    double width = each * timeline.widthNanos() / 1e9;
    for (int i = 0; (i + 1) * each < counts.size(); i++) {
      long ended = 0;
      for (int j = i * each; j < (i + 1) * each; j++) {
        ended += counts.get(j);
      }
      points.add(new Point(i * width, ended / width));
    }
    return points;
  }

  private static void curve(Curve curve, List<LineChart> charts) {
    var lines = new ArrayList<LineChart.Line>();
    for (int i = 0; i < Math.min(curve.lines().size(), LineChart.MOST_LINES); i++) {
      var line = curve.lines().get(i);
      lines.add(new LineChart.Line(line.name(), i, line.points()));
    }
    if (!lines.isEmpty()) {
      charts.add(
          new LineChart(
              curve.title(),
              curve.x(),
              Scale.Linear.upTo(most(lines, Point::x)),
              curve.y(),
              Scale.Linear.upTo(most(lines, Point::y)),
              false,
              lines));
    }
  }

  private static double most(List<LineChart.Line> lines, Function<Point, Double> value) {
    return lines.stream()
        .flatMap(line -> line.points().stream())
        .mapToDouble(value::apply)
        .max()
        .orElse(1);
  }
}
