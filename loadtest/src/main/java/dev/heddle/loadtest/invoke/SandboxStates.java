package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.chaos.NodeSpec;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The paper's Figure 5: what a call takes by what the leaf has of its function: nothing (new), its
 * code (stopped), a sandbox that is paused, or one that has just worked (warm). The leaf's own
 * metrics say in which state its functions are; a state that it does not come to is a problem, as
 * is a sandbox that was made where none was to be, and the other way round.
 */
final class SandboxStates {
  /** For the leaf: soon enough to wait for, and long enough to call all functions meanwhile. */
  static final String CONFIG =
      "leaf: {engine: {pause-after: 2s, destroy-after: 6s, sandbox-memory: 64GiB}}\n";

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int MOST_TRIES = 4;
  private static final int WARM_CALLS = 20;

  private final NodeSpec leaf;
  private final InvokerGrpcClient invoker;
  private final NodeMetrics metrics;
  private final Ticker ticker;
  private final Findings findings;
  private final Consumer<String> progress;

  /**
   * @param leaf has {@link #CONFIG}, and has run other versions of each kind
   */
  SandboxStates(
      NodeSpec leaf,
      InvokerGrpcClient invoker,
      NodeMetrics metrics,
      Ticker ticker,
      Findings findings,
      Consumer<String> progress) {
    this.leaf = leaf;
    this.invoker = invoker;
    this.metrics = metrics;
    this.ticker = ticker;
    this.findings = findings;
    this.progress = progress;
  }

  /** A function that is deployed, and never ran at the leaf. */
  record Subject(String function, String version, String event) {}

  /**
   * Measures the states of some kinds of functions, those of all kinds together.
   *
   * @param kinds functions by the name of their kind, as it begins the names of figures
   * @param rounds in which all are paused, and stopped
   */
  void measure(Map<String, List<Subject>> kinds, int rounds) {
    // Those that warmed the leaf are none of these.
    if (!metrics.comesTo("sandboxes_idle", 0, PATIENCE)) {
      findings.problem("idle sandboxes: they do not end (expected: all of them)");
    }
    int all = kinds.values().stream().mapToInt(List::size).sum();
    progress.accept("new and warm");
    kinds.forEach((kind, subjects) -> {
      var warm = new LatencyRecorder();
      var fresh = new LatencyRecorder();
      for (var subject : subjects) {
        call(subject, fresh);
        for (int i = 0; i < WARM_CALLS; i++) {
          call(subject, warm);
        }
      }
      state(kind, "new", fresh);
      state(kind, "warm", warm);
    });
    rounds("paused", "sandboxes_paused", all, 0, kinds, rounds);
    rounds("stopped", "sandboxes_idle", 0, all, kinds, rounds);
  }

  /** Calls all whenever a metric has a value, by when the leaf has to make so many sandboxes. */
  private void rounds(
      String state,
      String metric,
      double value,
      int made,
      Map<String, List<Subject>> kinds,
      int rounds) {
    var times = new LinkedHashMap<String, LatencyRecorder>();
    for (int round = 1; round <= rounds; round++) {
      progress.accept("%s, %d of %d".formatted(state, round, rounds));
      var called = new Called("", Map.of());
      // Where a machine stands still for seconds, some end before others are paused or called.
      for (int tried = 0; tried < MOST_TRIES && called.times.isEmpty(); tried++) {
        called = round(metric, value, made, kinds);
      }
      if (called.times.isEmpty()) {
        findings.problem(state + ": " + called.problem);
        return;
      }
      called.times.forEach(
          (kind, some) -> times.computeIfAbsent(kind, _ -> new LatencyRecorder()).add(some));
    }
    times.forEach((kind, recorder) -> state(kind, state, recorder));
  }

  /**
   * What came of calls of all.
   *
   * @param problem why they were not in their state
   * @param times by kind; empty: they were not
   */
  private record Called(String problem, Map<String, LatencyRecorder> times) {}

  private Called round(String metric, double value, int made, Map<String, List<Subject>> kinds) {
    // All at about the same time: the first must not end before the last is paused.
    kinds.values().forEach(subjects -> subjects.forEach(one -> call(one, new LatencyRecorder())));
    if (!metrics.comesTo(metric, value, PATIENCE)) {
      return new Called(
          "%s is %.0f (expected: %.0f)".formatted(metric, metrics.engine(metric), value), Map.of());
    }
    double before = metrics.engine("sandbox_init_seconds_count");
    double loaded = metrics.engine("load_seconds_count");
    var times = new LinkedHashMap<String, LatencyRecorder>();
    kinds.forEach((kind, subjects) -> {
      var recorder = times.computeIfAbsent(kind, _ -> new LatencyRecorder());
      subjects.forEach(subject -> call(subject, recorder));
    });
    double after = metrics.engine("sandbox_init_seconds_count") - before;
    double loads = metrics.engine("load_seconds_count") - loaded;
    if (loads != 0) {
      findings.problem("%s: %.0f versions loaded (expected: none)".formatted(metric, loads));
    }
    return after == made
        ? new Called("", times)
        : new Called("%.0f sandboxes made (expected: %d)".formatted(after, made), Map.of());
  }

  private void state(String kind, String state, LatencyRecorder times) {
    findings.series(kind + ", " + state, times);
    var title = Character.toUpperCase(state.charAt(0)) + state.substring(1);
    findings.figure(kind + title + "P50Millis", times.percentiles().p50() / 1e3);
  }

  private void call(Subject subject, LatencyRecorder times) {
    long began = ticker.nanoTime();
    var reply =
        invoker.invoke(leaf.internal(), subject.function(), subject.version(), subject.event());
    times.record(ticker.nanoTime() - began);
    if (!reply.equals(subject.event())) {
      findings.problem(subject.function() + ": " + reply + " (expected: " + subject.event() + ")");
    }
  }

  /** Calls other functions, so that the leaf's Java machine is warm: one of them often. */
  void warm(List<Subject> others, int calls) {
    progress.accept("warming up the leaf");
    var ignored = new LatencyRecorder();
    others.forEach(other -> call(other, ignored));
    for (int i = 0; i < calls && !others.isEmpty(); i++) {
      call(others.get(i % others.size()), ignored);
    }
  }
}
