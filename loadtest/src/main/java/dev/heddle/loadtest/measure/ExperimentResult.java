package dev.heddle.loadtest.measure;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an experiment found.
 *
 * @param subject what was measured, in one line
 * @param series in order of display
 * @param summary the figures to quote, by name with the unit last
 * @param notes what a reader must know to judge the figures
 * @param problems errors and wrong answers; any of them fails the experiment
 * @param curves how figures grow with others
 */
public record ExperimentResult(
    String experiment,
    String subject,
    List<Series> series,
    Map<String, Double> summary,
    List<Goal> goals,
    List<String> notes,
    List<String> problems,
    List<Curve> curves) {
  public ExperimentResult {
    series = List.copyOf(series);
    summary = Collections.unmodifiableMap(new LinkedHashMap<>(summary));
    goals = List.copyOf(goals);
    notes = List.copyOf(notes);
    problems = List.copyOf(problems);
    curves = List.copyOf(curves);
  }

  /** Without curves. */
  public ExperimentResult(
      String experiment,
      String subject,
      List<Series> series,
      Map<String, Double> summary,
      List<Goal> goals,
      List<String> notes,
      List<String> problems) {
    this(experiment, subject, series, summary, goals, notes, problems, List.of());
  }

  /** The result of an experiment that could not be run. */
  public static ExperimentResult notRun(String experiment, String why) {
    return new ExperimentResult(
        experiment, "not measured", List.of(), Map.of(), List.of(), List.of(), List.of(why));
  }

  public boolean failed() {
    return !problems.isEmpty();
  }
}
