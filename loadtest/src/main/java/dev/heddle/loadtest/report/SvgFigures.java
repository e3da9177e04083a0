package dev.heddle.loadtest.report;

import dev.heddle.loadtest.measure.BenchReport;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The plots of a report as single files of SVG, which need nothing else and can be read on light
 * and on dark pages. Stateless.
 */
public final class SvgFigures {
  private static final int LONGEST_TITLE = 60;

  private SvgFigures() {}

  /**
   * The files' content by name: {@code EXPERIMENT-N-title.svg}, N from 1 in the order of the
   * report's page. None of an experiment that failed: its figures mean nothing.
   */
  public static Map<String, String> of(BenchReport report) {
    var figures = new LinkedHashMap<String, String>();
    for (var run : report.experiments()) {
      var result = run.result();
      if (result.failed()) {
        continue;
      }
      int number = 1;
      for (var chart : Charts.of(result)) {
        var name = "%s-%d-%s.svg".formatted(result.experiment(), number++, words(chart.title()));
        figures.put(
            name,
            chart.file(
                "%s: %s, %s, %s"
                    .formatted(
                        result.experiment(),
                        result.subject(),
                        report.machine().cpu(),
                        run.startedAt())));
      }
    }
    return figures;
  }

  /** A title as it may stand in any file's name. */
  private static String words(String title) {
    var words =
        title.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    return words.substring(0, Math.min(words.length(), LONGEST_TITLE)).replaceAll("-$", "");
  }
}
