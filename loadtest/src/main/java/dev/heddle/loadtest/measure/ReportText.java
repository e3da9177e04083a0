package dev.heddle.loadtest.measure;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;

/** Writes a result for people: a table of the series, then what else there is to say. */
public final class ReportText {
  private static final List<String> TITLES =
      List.of("", "count", "p50", "p90", "p99", "p99.9", "max", "mean");

  private ReportText() {}

  /** The result, and what of the conditions it was measured in must be known to judge it. */
  public static String of(ExperimentRun run) {
    var text = new StringBuilder(of(run.result()));
    if (run.billed().any()) {
      text.append("\nbilled: ").append(billed(run.billed()));
    }
    run.conditions().warnings().forEach(each -> text.append("\nwarning: ").append(each));
    return text.toString();
  }

  /** What an experiment cost, by the bills of its requests. */
  public static String billed(Billing billed) {
    return "%s s active, %s s of CPU, %s MiB s of memory, %s by the rate card"
        .formatted(
            figure(billed.activeSeconds()),
            figure(billed.cpuSeconds()),
            figure(billed.memoryMibSeconds()),
            String.format(Locale.ROOT, "%.9f", billed.cost()));
  }

  /** Lines without a line break at the end; times in milliseconds. */
  public static String of(ExperimentResult result) {
    var text = new StringBuilder();
    text.append(result.experiment()).append(": ").append(result.subject()).append('\n');
    text.append(table(result.series()));
    result
        .summary()
        .forEach((name, value) -> text.append('\n').append(name).append(' ').append(figure(value)));
    for (var goal : result.goals()) {
      text.append(
          String.format(
              Locale.ROOT,
              "%ngoal %s <= %s: %s",
              goal.what(),
              figure(goal.atMost()),
              goal.met() ? "met" : "MISSED, " + figure(goal.measured())));
    }
    result.notes().forEach(note -> text.append("\nnote: ").append(note));
    result.problems().forEach(problem -> text.append("\nPROBLEM: ").append(problem));
    return text.toString();
  }

  private static String table(List<Series> all) {
    var figures = new LinkedHashSet<String>();
    all.forEach(series -> figures.addAll(series.figures().keySet()));
    var rows = new ArrayList<List<String>>();
    var titles = new ArrayList<>(TITLES);
    titles.set(0, "times in ms");
    titles.addAll(figures);
    rows.add(titles);
    for (var series : all) {
      var row = new ArrayList<String>();
      row.add(series.name());
      var times = series.latency().percentiles();
      row.add(Long.toString(times.count()));
      for (var micros :
          new double[] {
            times.p50(), times.p90(), times.p99(), times.p999(), times.max(), times.mean()
          }) {
        row.add(String.format(Locale.ROOT, "%.3f", micros / 1_000));
      }
      for (var name : figures) {
        var value = series.figures().get(name);
        row.add(value == null ? "" : figure(value));
      }
      rows.add(row);
    }
    return aligned(rows);
  }

  private static String aligned(List<List<String>> rows) {
    var widths = new int[rows.getFirst().size()];
    for (var row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    var lines = new ArrayList<String>();
    for (var row : rows) {
      var line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        var pad = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? row.get(i) + pad : "  " + pad + row.get(i));
      }
      lines.add(line.toString().stripTrailing());
    }
    return String.join("\n", lines);
  }

  /** Whole numbers plainly, others with what matters of their fraction. */
  public static String figure(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return Long.toString((long) value);
    }
    return String.format(Locale.ROOT, Math.abs(value) >= 100 ? "%.0f" : "%.3f", value);
  }
}
