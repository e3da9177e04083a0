package dev.heddle.loadtest.search;

import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.Closer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Asks all subjects in turns: checks, warms up by count, measures. Owned by one thread. */
final class SearchRounds implements AutoCloseable {
  private static final Duration SETTLING = Duration.ofMinutes(3);
  private static final Duration LOOK = Duration.ofMillis(250);
  private static final int MOST_TOLD = 3;

  private final List<SubjectClients> subjects = new ArrayList<>();
  private final List<SearchQuery> queries;
  private final Reference reference;
  private final BenchOptions options;
  private final Ticker ticker;
  private final RequestLog log;
  private final Random random;
  private final Closer closer = new Closer();
  private final Map<Cell, List<Double>> p50 = new HashMap<>();
  private final Map<Cell, List<Double>> perSecond = new HashMap<>();

  /** What figures are about. */
  record Cell(String subject, SearchKind kind, int clients) {}

  SearchRounds(
      List<Subject> subjects,
      List<SearchQuery> queries,
      Reference reference,
      BenchOptions options,
      Ticker ticker,
      RequestLog log) {
    this.queries = queries;
    this.reference = reference;
    this.options = options;
    this.ticker = ticker;
    this.log = log;
    this.random = new Random(options.seed());
    int most = SearchExperiment.CLIENTS.stream().mapToInt(Integer::intValue).max().orElseThrow();
    try {
      for (var subject : subjects) {
        this.subjects.add(
            closer.register(subject.name(), new SubjectClients(subject, most, ticker)));
      }
    } catch (RuntimeException e) {
      closer.closeAfter(e);
      throw e;
    }
  }

  /**
   * Waits until everything that was loaded is seen everywhere, a minute at most: whether it was
   * worth it, the check tells.
   */
  void settle(Consumer<String> progress) throws InterruptedException {
    progress.accept("waiting until all is seen");
    long began = ticker.nanoTime();
    for (var each : subjects) {
      while (!right(each) && ticker.nanoTime() - began < SETTLING.toNanos()) {
        LockSupport.parkNanos(LOOK.toNanos());
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
    }
  }

  private boolean right(SubjectClients clients) throws InterruptedException {
    try {
      for (int query = 0; query < queries.size(); query++) {
        var found = clients.ask(query);
        if (reference.check(query, found, clients.subject().ranksExactly()).isPresent()) {
          return false;
        }
      }
      return true;
    } catch (HeddleException e) {
      return false;
    }
  }

  /** Every subject answers every query once; what is wrong becomes a problem. */
  void check(String when, Findings findings, Consumer<String> progress)
      throws InterruptedException {
    progress.accept("checking all answers");
    for (var each : subjects) {
      int wrong = 0;
      double best = 0;
      for (int query = 0; query < queries.size(); query++) {
        var found = each.ask(query);
        var problem = reference.check(query, found, each.subject().ranksExactly());
        if (problem.isPresent() && wrong++ < MOST_TOLD) {
          findings.problem("%s, %s: %s".formatted(each.subject().name(), when, problem.get()));
        }
        best += reference.shareOfBest(query, found);
      }
      if (wrong > MOST_TOLD) {
        findings.problem("%s, %s: %d wrong".formatted(each.subject().name(), when, wrong));
      }
      if (!each.subject().ranksExactly()) {
        findings.figure(each.subject().name() + "TopTenPercent", 100 * best / queries.size());
      }
    }
  }

  void warm(Findings findings, Consumer<String> progress) throws InterruptedException {
    int clients = SearchExperiment.CLIENTS.getLast();
    for (var each : subjects) {
      progress.accept("warming up " + each.subject().name());
      var all = IntStream.range(0, queries.size()).toArray();
      int half = Math.max(1, options.load().warmup() / 2);
      for (int at : List.of(1, clients)) {
        var outcome = each.run("warm-up", schedule(all, half), at, RequestLog.NONE);
        outcome.failures().forEach(findings::problem);
      }
    }
  }

  void measure(Findings findings, Consumer<String> progress) throws InterruptedException {
    for (int clients : SearchExperiment.CLIENTS) {
      for (int run = 1; run <= options.load().runs(); run++) {
        progress.accept(
            "%d client%s, run %d of %d"
                .formatted(clients, clients == 1 ? "" : "s", run, options.load().runs()));
        for (var kind : SearchExperiment.KINDS) {
          for (var each : subjects) {
            measure(each, kind, clients, run, findings);
          }
        }
      }
    }
  }

  private void measure(
      SubjectClients each, SearchKind kind, int clients, int run, Findings findings)
      throws InterruptedException {
    var own =
        IntStream.range(0, queries.size()).filter(i -> queries.get(i).kind() == kind).toArray();
    int count = Math.max(1, options.load().requests() / SearchExperiment.KINDS.size());
    var subject = each.subject().name();
    var name =
        "%s, %s, %d client%s, run %d"
            .formatted(subject, kind.label(), clients, clients == 1 ? "" : "s", run);
    var cpu = new CpuShare(each.subject().pids());
    var outcome = each.run(name, schedule(own, count), clients, log);
    var figures = new LinkedHashMap<String, Double>();
    figures.put("queriesPerSecond", outcome.perSecond());
    figures.putAll(cpu.per(outcome.times().count()));
    findings.series(name, outcome.times(), figures, outcome.completions());
    outcome.failures().forEach(findings::problem);
    var cell = new Cell(subject, kind, clients);
    p50.computeIfAbsent(cell, _ -> new ArrayList<>()).add(outcome.times().percentiles().p50());
    perSecond.computeIfAbsent(cell, _ -> new ArrayList<>()).add(outcome.perSecond());
  }

  /** Every query as often as any other or once more, in random order. */
  private int[] schedule(int[] of, int count) {
    var schedule = new int[count];
    for (int i = 0; i < count; i++) {
      schedule[i] = of[i % of.length];
    }
    for (int i = count - 1; i > 0; i--) {
      int other = random.nextInt(i + 1);
      int swapped = schedule[i];
      schedule[i] = schedule[other];
      schedule[other] = swapped;
    }
    return schedule;
  }

  /** The median over the runs, in microseconds; 0: not measured. */
  double p50Micros(Cell cell) {
    return median(p50.getOrDefault(cell, List.of()));
  }

  /** The median over the runs; 0: not measured. */
  double queriesPerSecond(Cell cell) {
    return median(perSecond.getOrDefault(cell, List.of()));
  }

  private static double median(List<Double> values) {
    var sorted = values.stream().sorted().toList();
    return sorted.isEmpty() ? 0 : sorted.get((sorted.size() - 1) / 2);
  }

  @Override
  public void close() {
    closer.close();
  }
}
