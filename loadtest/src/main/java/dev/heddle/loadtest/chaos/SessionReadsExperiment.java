package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.consistency.SessionChecker;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Goal;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Series;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Whether sessions ever read something older than what they have written or seen while one replica
 * is slow, and what it costs a read to be sure of it. Fails on any such read. Of the general
 * options it takes seed, warm-up, runs and requests, the last three for the second part.
 */
public final class SessionReadsExperiment implements Experiment {
  private static final Trial.Shape SHAPE = new Trial.Shape(3, 1, 4, 3);
  private static final int KEYS = 200;
  private static final int SESSIONS = 8;
  private static final int SHOWN = 5;
  private static final double MOST_TIMES = 2;
  private static final double MOST_FAILED = 0.001;

  /** A replica that has not answered for so long is slow: another one is asked. */
  private static final Duration PATIENCE = Duration.ofMillis(150);

  /** For a replica to have been slow, where all reads were done before it ever was. */
  private static final Duration LONGEST = Duration.ofMinutes(2);

  private static final Duration RECOVERY = Duration.ofMinutes(4);

  private final JavaCommand java;
  private final Path directory;
  private final long reads;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param reads of all sessions together in the first part
   */
  public SessionReadsExperiment(JavaCommand java, Path directory, long reads) {
    if (reads < 1) {
      throw new IllegalArgumentException("reads: " + reads + " (expected: >= 1)");
    }
    this.java = java;
    this.directory = directory;
    this.reads = reads;
  }

  @Override
  public String name() {
    return "sessionreads";
  }

  @Override
  public String about() {
    return "stale session reads while a replica is slow, and the price of a session read";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    try (var trial = new Trial(SHAPE, java, directory, ticker)) {
      progress.accept("starting " + SHAPE.leaves() + " leaves");
      trial.start();
      var keys = IntStream.range(0, KEYS).mapToObj(i -> "key-" + i).toList();
      var first = trial.client(Trial.SLOW_CALL);
      keys.forEach(key -> first.put(key, "{\"v\":\"first\"}", OptionalLong.empty()));
      var findings = new Findings();
      progress.accept(reads + " session reads with a slow replica");
      readWithSlowReplica(trial, keys, options.seed(), ticker, findings);
      progress.accept("price of a session read");
      if (!trial.compareReplicas(RECOVERY).problems().isEmpty()) {
        findings.problems.add("replicas: not alike after the first part");
      }
      price(trial, keys, options, ticker, findings);
      return findings.result(name(), options.seed());
    }
  }

  /** What comes together in the course of a run. */
  private static final class Findings {
    final List<Series> series = new ArrayList<>();
    final Map<String, Double> summary = new LinkedHashMap<>();
    final List<Goal> goals = new ArrayList<>();
    final List<String> problems = new ArrayList<>();

    ExperimentResult result(String name, long seed) {
      return new ExperimentResult(
          name,
          "%d leaves, %d shards with %d replicas, %d sessions, seed %d"
              .formatted(SHAPE.leaves(), SHAPE.shards(), SHAPE.replicas(), SESSIONS, seed),
          series,
          summary,
          goals,
          List.of("the slow replica's process is stopped in bursts of 100 to 800 ms"),
          problems);
    }
  }

  private void readWithSlowReplica(
      Trial trial, List<String> keys, long seed, Ticker ticker, Findings findings)
      throws InterruptedException {
    var random = new Random(seed);
    var left = new ReadsLeft(reads, ticker.nanoTime() + LONGEST.toNanos(), ticker);
    var leaves = trial.cluster().layout().leaves().map(NodeSpec::internal).toList();
    var replicas =
        new SessionReader.Replicas(
            trial.replicas(PATIENCE), leaves, trial.datasetId(), SHAPE.shards());
    var sessions = new ArrayList<SessionReader>();
    for (int i = 0; i < SESSIONS; i++) {
      sessions.add(
          new SessionReader(
              "s" + i,
              random.nextLong(),
              keys,
              trial.client(Trial.CALL),
              i % 2 == 0 ? Optional.empty() : Optional.of(replicas),
              left,
              trial.records().history(),
              ticker));
    }
    var done = new AtomicBoolean();
    sessions.forEach(trial::run);
    trial.run(() -> slow(trial, random.nextLong(), done, ticker));
    trial.join(sessions.size());
    done.set(true);
    trial.stop();
    count(trial, sessions, findings);
  }

  private void count(Trial trial, List<SessionReader> sessions, Findings findings) {
    for (int i = 0; i < 2; i++) {
      var name = i == 0 ? "through a coordinator" : "at replicas drawn by lot";
      findings.series.add(new Series(name, times(sessions, i), Map.of()));
    }
    var searches = new LatencyRecorder();
    sessions.forEach(session -> searches.add(session.searches()));
    findings.series.add(new Series("searches", searches, Map.of()));
    var violations = SessionChecker.check(trial.records().history().events());
    long byId = sessions.stream().mapToLong(session -> session.times().percentiles().count()).sum();
    long answered = byId + searches.percentiles().count();
    long elsewhere = sessions.stream().mapToLong(SessionReader::elsewhere).sum();
    long failed = sessions.stream().mapToLong(SessionReader::failed).sum();
    findings.summary.put("sessionReads", (double) answered);
    findings.summary.put("ofThemSearches", (double) searches.percentiles().count());
    findings.summary.put("stale", (double) violations.size());
    findings.summary.put("askedElsewhere", (double) elsewhere);
    findings.summary.put("failed", (double) failed);
    findings.goals.add(new Goal("stale", 0, violations.size()));
    findings.goals.add(new Goal("failed", reads * MOST_FAILED, failed));
    if (answered < reads) {
      findings.problems.add(
          "session reads: %d answered (expected: at least %d)".formatted(answered, reads));
    }
    if (elsewhere == 0) {
      findings.problems.add("the slow replica: never too slow (expected: now and then)");
    }
    violations.stream().limit(SHOWN).forEach(each -> findings.problems.add(each.toString()));
  }

  /** Of every second session, from a first one on. */
  private static LatencyRecorder times(List<SessionReader> sessions, int first) {
    var times = new LatencyRecorder();
    for (int i = first; i < sessions.size(); i += 2) {
      times.add(sessions.get(i).times());
    }
    return times;
  }

  /** Stops and continues the last leaf, again and again. */
  private static void slow(Trial trial, long seed, AtomicBoolean done, Ticker ticker) {
    var random = new Random(seed);
    var leaf = "leaf-" + SHAPE.leaves();
    try {
      while (!done.get() && !trial.stopped()) {
        trial.cluster().pause(leaf, Duration.ofMillis(100 + random.nextInt(700))).join();
        Pacing.pause(Duration.ofMillis(100 + random.nextInt(700)), ticker, done::get);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void price(
      Trial trial, List<String> keys, BenchOptions options, Ticker ticker, Findings findings) {
    var client = trial.client(Trial.SLOW_CALL);
    // So that the session has something to be after, on every shard.
    keys.forEach(key -> client.put(key, "{\"v\":\"last\"}", OptionalLong.empty()));
    var load = options.load();
    var random = new Random(options.seed());
    for (int i = 0; i < load.warmup(); i++) {
      var level = i % 2 == 0 ? ReadLevel.ANY : ReadLevel.SESSION;
      var _ = client.get(keys.get(random.nextInt(keys.size())), level);
    }
    var medians = new LinkedHashMap<ReadLevel, List<Double>>();
    for (int run = 1; run <= load.runs(); run++) {
      for (var level : List.of(ReadLevel.ANY, ReadLevel.SESSION)) {
        var times = new LatencyRecorder();
        for (int i = 0; i < load.requests(); i++) {
          var key = keys.get(random.nextInt(keys.size()));
          long began = ticker.nanoTime();
          var _ = client.get(key, level);
          times.record(ticker.nanoTime() - began);
        }
        findings.series.add(new Series("caught up, " + level + ", run " + run, times, Map.of()));
        medians
            .computeIfAbsent(level, each -> new ArrayList<>())
            .add(times.percentiles().p50() / 1_000);
      }
    }
    double any = Stalls.quantile(medians.getOrDefault(ReadLevel.ANY, List.of()), 0.5);
    double session = Stalls.quantile(medians.getOrDefault(ReadLevel.SESSION, List.of()), 0.5);
    findings.summary.put("anyP50Millis", any);
    findings.summary.put("sessionP50Millis", session);
    findings.goals.add(new Goal("sessionToAnyP50Times", MOST_TIMES, session / any));
  }
}
