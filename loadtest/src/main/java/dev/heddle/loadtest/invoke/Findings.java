package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Goal;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Series;
import dev.heddle.loadtest.measure.Timeline;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What one run of an experiment has found up to now. For one thread. */
public final class Findings {
  private final List<Series> series = new ArrayList<>();
  private final Map<String, List<Double>> figures = new LinkedHashMap<>();
  private final List<Goal> goals = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();

  public void series(String name, LatencyRecorder times) {
    series.add(new Series(name, times, Map.of()));
  }

  public void series(
      String name, LatencyRecorder times, Map<String, Double> more, Timeline completions) {
    series.add(new Series(name, times, more, completions));
  }

  /** The times of a loop, and what was wrong. */
  void loop(String name, EdgeLoop.Outcome outcome) {
    loop(name, outcome, Map.of());
  }

  /**
   * The times of a loop, and what was wrong.
   *
   * @param more figures of it, by name with the unit last
   */
  void loop(String name, EdgeLoop.Outcome outcome, Map<String, Double> more) {
    problems(name, outcome);
    var all = new LinkedHashMap<String, Double>();
    all.put("callsPerSecond", outcome.perSecond());
    all.putAll(more);
    series.add(new Series(name, outcome.times(), all, outcome.completions()));
  }

  void problems(String name, EdgeLoop.Outcome outcome) {
    outcome.failures().forEach(failure -> problem(name + ": " + failure));
  }

  public void problem(String text) {
    problems.add(text);
  }

  public void note(String text) {
    notes.add(text);
  }

  /**
   * A value of a figure, one of several perhaps.
   *
   * @param name with the unit last
   */
  public void figure(String name, double value) {
    figures.computeIfAbsent(name, _ -> new ArrayList<>()).add(value);
  }

  /** The middle value of a figure, of an even number the lower one; 0: there is none. */
  public double median(String figure) {
    var sorted = figures.getOrDefault(figure, List.of()).stream().sorted().toList();
    return sorted.isEmpty() ? 0 : sorted.get((sorted.size() - 1) / 2);
  }

  /** The least value of a figure, as of the best of several runs; 0: there is none. */
  public double least(String figure) {
    return figures.getOrDefault(figure, List.of()).stream()
        .mapToDouble(Double::doubleValue)
        .min()
        .orElse(0);
  }

  /** A goal about the median of a figure. */
  public void goal(String figure, double atMost) {
    goal(figure, atMost, median(figure));
  }

  public void goal(String what, double atMost, double measured) {
    goals.add(new Goal(what, atMost, measured));
  }

  public ExperimentResult result(String experiment, String subject) {
    return result(experiment, subject, List.of());
  }

  public ExperimentResult result(String experiment, String subject, List<Curve> curves) {
    var summary = new LinkedHashMap<String, Double>();
    figures.keySet().forEach(name -> summary.put(name, median(name)));
    return new ExperimentResult(
        experiment, subject, series, summary, goals, notes, problems, curves);
  }
}
