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
 */
public record ExperimentResult(
    String experiment,
    String subject,
    List<Series> series,
    Map<String, Double> summary,
    List<Goal> goals,
    List<String> notes,
    List<String> problems) {
  public ExperimentResult {
    series = List.copyOf(series);
    summary = Collections.unmodifiableMap(new LinkedHashMap<>(summary));
    goals = List.copyOf(goals);
    notes = List.copyOf(notes);
    problems = List.copyOf(problems);
  }

  public boolean failed() {
    return !problems.isEmpty();
  }
}
