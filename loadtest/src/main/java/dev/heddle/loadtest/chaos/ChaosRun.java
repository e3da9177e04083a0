package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.measure.Machine;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * One run: starts a cluster, puts clients on it, lets the nemesis at it, lets it come to rest, and
 * checks everything that was promised. One shot, for one thread.
 *
 * <p>The options and their seed fix what the nemesis does and what each client asks; when things
 * happen depends on the machine.
 */
public final class ChaosRun implements AutoCloseable {
  private static final Duration RECOVERY = Duration.ofMinutes(4);
  private static final Duration AFTERMATH = Duration.ofSeconds(3);

  private final ChaosOptions options;
  private final Ticker ticker;
  private final Clock clock;
  private final Consumer<String> progress;
  private final Trial trial;
  private final List<String> problems = new ArrayList<>();

  /**
   * @param java starts nodes
   * @param directory for the nodes' data and logs; they stay
   * @param clock for the date in the report
   * @param progress takes a line about each step
   */
  public ChaosRun(
      ChaosOptions options,
      JavaCommand java,
      Path directory,
      Ticker ticker,
      Clock clock,
      Consumer<String> progress) {
    this.options = options;
    this.ticker = ticker;
    this.clock = clock;
    this.progress = progress;
    var shape =
        new Trial.Shape(
            options.leaves(),
            options.coordinators(),
            options.shards(),
            options.replicas(),
            options.settings());
    this.trial = new Trial(shape, java, directory, ticker);
  }

  /**
   * Runs, and appends the report to the log, a line of JSON for each run.
   *
   * @param log empty: none
   */
  public ChaosReport run(Optional<Path> log) throws InterruptedException {
    var startedAt = clock.instant();
    long began = ticker.nanoTime();
    progress.accept("seed " + options.seed() + ", " + options.kills() + " kills");
    trial.start();
    startClients();
    await("before any fault");
    progress.accept("clients are at work: " + trial.records().tally());
    awaitLed("before any fault");
    long termsBefore = trial.terms();
    long placedBefore = trial.client(Trial.SLOW_CALL).generations();
    var faults = faults();
    long healing = ticker.nanoTime();
    progress.accept("letting it come to rest");
    trial.restart();
    await("after the last fault");
    long healed = ticker.nanoTime() - healing;
    Pacing.pause(AFTERMATH, ticker, () -> false);
    trial.stop();
    long ended = ticker.nanoTime();
    progress.accept("clients have ended: " + trial.records().tally());

    var figures = new LinkedHashMap<String, Object>();
    figures.put("startedAt", startedAt.toString());
    figures.putAll(options.shown());
    count(faults, figures);
    awaitLed("after the last fault");
    figures.put("termsAdded", trial.terms() - termsBefore);
    long placed = trial.client(Trial.SLOW_CALL).generations();
    figures.put("placementsChanged", placed - placedBefore);
    figures.put("statesFetched", trial.statesFetched());
    figures.put("healedMillis", Duration.ofNanos(healed).toMillis());
    readAll();
    new ChaosFindings(trial.records(), problems, progress)
        .check(trial.client(Trial.SLOW_CALL), figures);
    compare(figures);
    stalls(faults, ended, figures);
    figures.put("seconds", Duration.ofNanos(ticker.nanoTime() - began).toSeconds());
    figures.put("machine", Machine.current());
    var report = new ChaosReport(figures, problems);
    log.ifPresent(file -> append(file, report));
    return report;
  }

  private List<String> keys() {
    return IntStream.range(0, options.keys()).mapToObj(i -> "key-" + i).toList();
  }

  private void startClients() {
    var random = new Random(options.seed());
    for (int i = 0; i < options.clients(); i++) {
      trial.run(client("c" + i, random.nextLong(), Trial.CALL));
    }
    trial.probe();
  }

  private LoadClient client(String name, long seed, Duration timeout) {
    return new LoadClient(
        name, seed, keys(), trial.client(timeout), trial.records(), ticker, trial::stopped);
  }

  private void await(String when) throws InterruptedException {
    if (!trial.awaitLively(RECOVERY)) {
      problems.add(
          "shards " + trial.silent() + ": no writes for " + RECOVERY.toSeconds() + " s " + when);
    }
  }

  private void awaitLed(String when) throws InterruptedException {
    if (!trial.awaitLed(RECOVERY)) {
      problems.add("leaders: not known of all shards " + when);
    }
  }

  private List<Fault> faults() throws InterruptedException {
    try (var nemesis =
        new Nemesis(trial.cluster(), trial.leaders(), trial::lively, ticker, progress)) {
      int unrest = nemesis.run(NemesisPlan.of(options), options.longest());
      if (unrest > 0) {
        problems.add(
            "%d times the cluster did not recover in %d s"
                .formatted(unrest, Nemesis.CALM.toSeconds()));
      }
      var faults = nemesis.faults();
      long kills = faults.stream().filter(Fault::kill).count();
      if (kills < options.kills()) {
        problems.add(
            "only %d of %d kills in %d s"
                .formatted(kills, options.kills(), options.longest().toSeconds()));
      }
      return faults;
    }
  }

  /** A last look at every key; part of the history. */
  private void readAll() {
    var reader = client("auditor", 0, Trial.SLOW_CALL);
    keys().forEach(reader::read);
  }

  private static void count(List<Fault> faults, Map<String, Object> figures) {
    var kills = faults.stream().filter(Fault::kill).toList();
    figures.put("kills", kills.size());
    figures.put("processesKilled", kills.stream().mapToInt(each -> each.nodes().size()).sum());
    figures.put("killsOfAll", kills.stream().filter(Fault::everyone).count());
    figures.put("killsOfLeaders", kills.stream().filter(each -> !each.led().isEmpty()).count());
    figures.put("pausesDone", faults.stream().filter(Fault::pause).count());
  }

  private void compare(Map<String, Object> figures) throws InterruptedException {
    progress.accept("comparing replicas");
    var comparison = trial.compareReplicas(RECOVERY);
    figures.put("replicasCompared", comparison.replicas());
    figures.put("documents", comparison.documents());
    problems.addAll(comparison.problems());
  }

  private void stalls(List<Fault> faults, long ended, Map<String, Object> figures) {
    var stalls = Stalls.of(faults, trial.acks(), ended);
    figures.put("stalls", stalls.led().size());
    figures.put("stallP50Millis", Stalls.quantile(stalls.led(), 0.5));
    figures.put("stallP95Millis", Stalls.quantile(stalls.led(), 0.95));
    figures.put("stallMaxMillis", Stalls.most(stalls.led()));
    figures.put("stallsCutShort", stalls.open());
    figures.put("otherShards", stalls.others().size());
    figures.put("otherP95Millis", Stalls.quantile(stalls.others(), 0.95));
    figures.put("otherMaxMillis", Stalls.most(stalls.others()));
  }

  private static void append(Path log, ChaosReport report) {
    try {
      Files.createDirectories(Objects.requireNonNull(log.toAbsolutePath().getParent()));
      Files.writeString(
          log, report.json() + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends all clients and nodes. */
  @Override
  public void close() {
    trial.close();
  }
}
