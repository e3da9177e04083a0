package dev.heddle.loadtest.store;

import dev.heddle.loadtest.measure.Series;
import java.util.List;

/** Middle values of several runs. */
final class Medians {
  private Medians() {}

  /** 0 where there are none; of an even number the lower one. */
  static double of(List<Double> values) {
    var sorted = values.stream().sorted().toList();
    return sorted.isEmpty() ? 0 : sorted.get((sorted.size() - 1) / 2);
  }

  /** Of the medians in milliseconds of the series whose names begin so. */
  static double of(List<Series> series, String prefix) {
    return of(
        series.stream()
            .filter(each -> each.name().startsWith(prefix))
            .map(each -> each.latency().percentiles().p50() / 1_000)
            .toList());
  }
}
