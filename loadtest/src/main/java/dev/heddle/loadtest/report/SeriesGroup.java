package dev.heddle.loadtest.report;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Repetitions of the same: series whose names differ in {@code run N} at the end alone.
 *
 * @param name without that end; {@code runs} where nothing else is left
 * @param runs at least one
 */
record SeriesGroup(String name, List<Series> runs) {
  private static final Pattern RUN = Pattern.compile("(?:^|,? )run \\d+$");
  private static final String SUM = "all runs";

  SeriesGroup {
    runs = List.copyOf(runs);
  }

  /** The groups in the order of their first series; sums over runs are no group of their own. */
  static List<SeriesGroup> of(List<Series> all) {
    var groups = new LinkedHashMap<String, List<Series>>();
    boolean repeated = all.stream().anyMatch(series -> RUN.matcher(series.name()).find());
    for (var series : all) {
      if (repeated && series.name().equals(SUM)) {
        continue;
      }
      var name = RUN.matcher(series.name()).replaceFirst("").strip();
      groups.computeIfAbsent(name.isEmpty() ? "runs" : name, _ -> new ArrayList<>()).add(series);
    }
    var list = new ArrayList<SeriesGroup>();
    groups.forEach((name, runs) -> list.add(new SeriesGroup(name, runs)));
    return list;
  }

  /** The times of all runs together. */
  LatencyRecorder latency() {
    var all = new LatencyRecorder();
    runs.forEach(run -> all.add(run.latency()));
    return all;
  }
}
