package dev.heddle.loadtest.query;

import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Goal;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Percentiles;
import dev.heddle.loadtest.measure.Series;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/** Makes a result of what the runs brought. */
final class QueryFindings {
  /** A query made of a document's own words finds that document; a few may be unlucky. */
  private static final double MAX_EMPTY = 0.05;

  /** Above this the machine itself was late too often for its p99 to mean much. */
  private static final double BUSY_MICROS = 1_000;

  private static final double GOAL_P50_MICROS = 1_500;
  private static final double GOAL_P99_MICROS = 15_000;

  private final BenchOptions options;
  private final List<WorkloadQuery> queries;
  private final AnswerBook book;
  private final Tally warmup;
  private final List<QueryRun> runs;
  private final LatencyRecorder floor;
  private final Tally overall = new Tally();

  QueryFindings(
      BenchOptions options,
      List<WorkloadQuery> queries,
      AnswerBook book,
      Tally warmup,
      List<QueryRun> runs,
      LatencyRecorder floor) {
    this.options = options;
    this.queries = queries;
    this.book = book;
    this.warmup = warmup;
    this.runs = List.copyOf(runs);
    this.floor = floor;
    runs.forEach(run -> overall.add(run.tally()));
  }

  ExperimentResult result(String experiment) {
    var summary = summary();
    return new ExperimentResult(
        experiment, subject(), series(), summary, goals(summary), notes(), problems());
  }

  private String subject() {
    var shares = new TreeMap<QueryKind, Integer>();
    queries.forEach(query -> shares.merge(query.kind(), 1, Integer::sum));
    var kinds = new ArrayList<String>();
    shares.forEach((kind, count) -> kinds.add(count + " " + kind.label()));
    return "%s at %s, %d queries (%s), %d warm-up, %d runs of %d requests, %d client%s"
        .formatted(
            options.target().dataset(),
            options.target().url(),
            queries.size(),
            String.join(", ", kinds),
            options.load().warmup(),
            runs.size(),
            options.load().requests(),
            options.load().clients(),
            options.load().clients() == 1 ? "" : "s");
  }

  private List<Series> series() {
    var series = new ArrayList<Series>();
    for (int i = 0; i < runs.size(); i++) {
      series.add(series("run " + (i + 1), runs.get(i)));
    }
    // Runs begin anew on their timelines: on one of all of them they would lie on each other.
    var all = series("all runs", sum());
    series.add(new Series(all.name(), all.latency(), all.figures()));
    overall
        .byKind()
        .forEach((kind, times) -> series.add(new Series("  " + kind.label(), times, Map.of())));
    series.add(new Series("server's own (tookMicros)", overall.server(), Map.of()));
    series.add(new Series("scheduler delay", floor, Map.of()));
    return series;
  }

  private QueryRun sum() {
    return new QueryRun(
        overall,
        runs.stream().mapToInt(QueryRun::planned).sum(),
        runs.stream().mapToLong(QueryRun::wallNanos).sum(),
        runs.stream().mapToLong(QueryRun::cpuNanos).sum());
  }

  private static Series series(String name, QueryRun run) {
    var figures = new LinkedHashMap<String, Double>();
    figures.put("requestsPerSecond", run.perSecond());
    figures.put("errors", (double) run.tally().errors());
    figures.put("partial", (double) run.tally().partial());
    figures.put("wrong", (double) run.tally().wrong());
    figures.put("clientCpuMicros", run.microsPerRequest(run.cpuNanos()));
    figures.put("clientOwnMicros", run.microsPerRequest(run.tally().ownNanos()));
    return new Series(name, run.tally().all(), figures, run.tally().completions());
  }

  private Map<String, Double> summary() {
    var summary = new LinkedHashMap<String, Double>();
    summary.put("medianP50Micros", median(Percentiles::p50));
    summary.put("bestP50Micros", best(Percentiles::p50));
    summary.put("medianP99Micros", median(Percentiles::p99));
    summary.put("bestP99Micros", best(Percentiles::p99));
    var server = overall.server().percentiles();
    summary.put("serverP50Micros", server.p50());
    summary.put("serverP99Micros", server.p99());
    var late = floor.percentiles();
    summary.put("schedulerDelayP50Micros", late.p50());
    summary.put("schedulerDelayP99Micros", late.p99());
    return summary;
  }

  private double[] overRuns(ToDoubleFunction<Percentiles> figure) {
    return runs.stream()
        .mapToDouble(run -> figure.applyAsDouble(run.tally().all().percentiles()))
        .sorted()
        .toArray();
  }

  private double median(ToDoubleFunction<Percentiles> figure) {
    var sorted = overRuns(figure);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  private double best(ToDoubleFunction<Percentiles> figure) {
    return overRuns(figure)[0];
  }

  /** They are promised for one client at a time. */
  private List<Goal> goals(Map<String, Double> summary) {
    return options.load().clients() > 1
        ? List.of()
        : List.of(
            new Goal(
                "medianP50Micros", GOAL_P50_MICROS, summary.getOrDefault("medianP50Micros", 0.0)),
            new Goal("bestP99Micros", GOAL_P99_MICROS, summary.getOrDefault("bestP99Micros", 0.0)));
  }

  private List<String> notes() {
    var notes = new ArrayList<String>();
    if (warmup.errors() + warmup.partial() > 0) {
      notes.add(
          "warm-up: %d errors, %d partial answers, like: %s"
              .formatted(warmup.errors(), warmup.partial(), warmup.problems().getFirst()));
    }
    double late = floor.percentiles().p99();
    if (late > BUSY_MICROS) {
      notes.add(
          String.format(
              Locale.ROOT,
              "the machine was busy: it woke a sleeping thread %.1f ms late at p99, which says as"
                  + " much about it as about the server",
              late / 1_000));
    }
    var sum = sum();
    double own =
        sum.wallNanos() == 0
            ? 0
            : (double) overall.ownNanos() / sum.wallNanos() / options.load().clients();
    if (own > 0.5) {
      notes.add(
          String.format(
              Locale.ROOT,
              "the client was the limit of the throughput: %.0f %% of the time was its own",
              own * 100));
    }
    return notes;
  }

  private List<String> problems() {
    var problems = new ArrayList<String>();
    if (warmup.wrong() > 0) {
      problems.add("warm-up: " + warmup.wrong() + " wrong answers (expected: none)");
    }
    for (int i = 0; i < runs.size(); i++) {
      var run = runs.get(i);
      var tally = run.tally();
      if (tally.errors() + tally.partial() + tally.wrong() > 0) {
        problems.add(
            "run %d: %d errors, %d partial, %d wrong answers (expected: none), like: %s"
                .formatted(
                    i + 1,
                    tally.errors(),
                    tally.partial(),
                    tally.wrong(),
                    String.join("; ", tally.problems())));
      }
      if (run.gaveUp()) {
        problems.add(
            "run %d: gave up after %d requests (expected: %d)"
                .formatted(i + 1, tally.requests(), run.planned()));
      }
    }
    int empty = book.empty();
    if (options.workload().file().isEmpty() && empty > queries.size() * MAX_EMPTY) {
      problems.add(
          "%d of %d queries found nothing (expected: hardly any, as each is made of a document's own words)"
              .formatted(empty, queries.size()));
    }
    return problems;
  }
}
