package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.chaos.NemesisStep.Action;
import dev.heddle.loadtest.chaos.NemesisStep.Target;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Goal;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Series;
import dev.heddle.process.Closer;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/**
 * How long a shard takes no writes after its leader was killed, and whether a processor hog makes
 * members call elections. Fails where an acknowledged write was lost. Of the general options it
 * takes the seed.
 */
public final class FailoverExperiment implements Experiment {
  private static final Trial.Shape SHAPE = new Trial.Shape(3, 1, 6, 3);
  private static final Duration RECOVERY = Duration.ofMinutes(4);
  private static final Duration HOG = Duration.ofSeconds(60);
  private static final double STALL_MILLIS = 4_000;
  private static final double OTHER_MILLIS = 1_000;

  /** Elections of a shard in a minute that a hog may cause. */
  private static final double MOST_TERMS = 2;

  private final JavaCommand java;
  private final Path directory;
  private final int kills;
  private final int hogs;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param kills of leaders, one after the other, at least 1
   * @param hogs processes that do nothing but spin for a minute; 0: that part is left out
   */
  public FailoverExperiment(JavaCommand java, Path directory, int kills, int hogs) {
    if (kills < 1 || hogs < 0) {
      throw new IllegalArgumentException(
          "kills: %d, hogs: %d (expected: >= 1, >= 0)".formatted(kills, hogs));
    }
    this.java = java;
    this.directory = directory;
    this.kills = kills;
    this.hogs = hogs;
  }

  @Override
  public String name() {
    return "failover";
  }

  @Override
  public String about() {
    return "how long shards take no writes after their leader was killed";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var problems = new ArrayList<String>();
    var summary = new LinkedHashMap<String, Double>();
    var goals = new ArrayList<Goal>();
    try (var trial = new Trial(SHAPE, java, directory, ticker)) {
      progress.accept("starting " + SHAPE.leaves() + " leaves");
      trial.start();
      trial.probe();
      await(trial, problems);
      var faults = kill(trial, options.seed(), ticker, progress, problems);
      await(trial, problems);
      var stalls = Stalls.of(faults, trial.acks(), ticker.nanoTime());
      if (hogs > 0) {
        hog(trial, ticker, progress, summary, goals, problems);
      }
      trial.stop();
      audit(trial, summary, problems);
      return result(options.seed(), stalls, summary, goals, problems);
    }
  }

  private static void await(Trial trial, List<String> problems) throws InterruptedException {
    if (!trial.awaitLively(RECOVERY)) {
      problems.add("shards " + trial.silent() + ": no writes for " + RECOVERY.toSeconds() + " s");
    }
  }

  private List<Fault> kill(
      Trial trial, long seed, Ticker ticker, Consumer<String> progress, List<String> problems)
      throws InterruptedException {
    var random = new Random(seed);
    var steps = new ArrayList<NemesisStep>();
    for (int i = 0; i < kills; i++) {
      steps.add(
          new NemesisStep(
              true,
              Duration.ofMillis(2_000 + random.nextInt(2_000)),
              Action.KILL,
              new Target.Leader(random.nextInt(SHAPE.shards())),
              Duration.ofMillis(500 + random.nextInt(1_500))));
    }
    try (var nemesis =
        new Nemesis(trial.cluster(), trial.leaders(), trial::lively, ticker, progress)) {
      int unrest = nemesis.run(new NemesisPlan(steps), Duration.ofHours(1));
      if (unrest > 0) {
        problems.add(
            "%d times the cluster did not recover in %d s"
                .formatted(unrest, Nemesis.CALM.toSeconds()));
      }
      var faults = nemesis.faults();
      awaitEnd(trial, faults, ticker, problems);
      long done = faults.stream().filter(fault -> !fault.led().isEmpty()).count();
      if (done < kills) {
        problems.add("kills of leaders: %d (expected: %d)".formatted(done, kills));
      }
      return faults;
    }
  }

  /** Shards may have taken writes a moment ago, and yet none since the last kill. */
  private static void awaitEnd(
      Trial trial, List<Fault> faults, Ticker ticker, List<String> problems)
      throws InterruptedException {
    var last = faults.isEmpty() ? faults : List.of(faults.getLast());
    boolean ended =
        Pacing.await(
            RECOVERY, ticker, () -> Stalls.of(last, trial.acks(), ticker.nanoTime()).open() == 0);
    if (!ended) {
      problems.add(
          "writes after the last kill: not to all shards in " + RECOVERY.toSeconds() + " s");
    }
  }

  private void hog(
      Trial trial,
      Ticker ticker,
      Consumer<String> progress,
      Map<String, Double> summary,
      List<Goal> goals,
      List<String> problems)
      throws InterruptedException {
    led(trial, problems);
    progress.accept(hogs + " hogs for " + HOG.toSeconds() + " s");
    long before = trial.terms();
    try (var closer = new Closer()) {
      for (int i = 0; i < hogs; i++) {
        var _ = closer.register("hog", Hog.start(HOG));
      }
      Pacing.pause(HOG, ticker, () -> false);
    }
    led(trial, problems);
    double added = trial.terms() - before;
    summary.put("hogs", (double) hogs);
    summary.put("hogTermsAdded", added);
    goals.add(new Goal("hogTermsAddedPerShard", MOST_TERMS, added / SHAPE.shards()));
  }

  private static void led(Trial trial, List<String> problems) throws InterruptedException {
    if (!trial.awaitLed(RECOVERY)) {
      problems.add("leaders: not known of all shards beside the hogs");
    }
  }

  private static void audit(Trial trial, Map<String, Double> summary, List<String> problems) {
    var ledger = trial.records().ledger();
    var audit =
        ledger.audit(trial.client(Trial.SLOW_CALL).scan(ReadLevel.LINEARIZABLE), LoadClient.ONCE);
    summary.put("writesAcknowledged", (double) ledger.acknowledged());
    summary.put("lost", (double) audit.lost());
    problems.addAll(audit.problems());
  }

  private ExperimentResult result(
      long seed,
      Stalls stalls,
      Map<String, Double> summary,
      List<Goal> goals,
      List<String> problems) {
    summary.put("stallP50Millis", Stalls.quantile(stalls.led(), 0.5));
    summary.put("stallP95Millis", Stalls.quantile(stalls.led(), 0.95));
    summary.put("stallMaxMillis", Stalls.most(stalls.led()));
    summary.put("stallsNotEnded", (double) stalls.open());
    summary.put("otherMaxMillis", Stalls.most(stalls.others()));
    goals.addFirst(new Goal("otherMaxMillis", OTHER_MILLIS, Stalls.most(stalls.others())));
    goals.addFirst(new Goal("stallP95Millis", STALL_MILLIS, Stalls.quantile(stalls.led(), 0.95)));
    return new ExperimentResult(
        name(),
        "%d kills of leaders, %d shards with %d replicas on %d leaves, seed %d"
            .formatted(kills, SHAPE.shards(), SHAPE.replicas(), SHAPE.leaves(), seed),
        List.of(
            series("shards that were led from there", stalls.led()),
            series("other shards", stalls.others())),
        summary,
        goals,
        List.of(
            "one client to a shard, a write every 50 ms; times from the kill on; a stall that did"
                + " not end counts up to the next kill"),
        problems);
  }

  private static Series series(String name, List<Double> millis) {
    var times = new LatencyRecorder();
    millis.forEach(each -> times.record((long) (each * 1e6)));
    return new Series(name, times, Map.of());
  }
}
