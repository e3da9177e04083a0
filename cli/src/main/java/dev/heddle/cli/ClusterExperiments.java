package dev.heddle.cli;

import dev.heddle.cli.client.Corpora;
import dev.heddle.cli.terminal.Console;
import dev.heddle.loadtest.chaos.ChaosExperiment;
import dev.heddle.loadtest.chaos.ChaosOptions;
import dev.heddle.loadtest.chaos.FailoverExperiment;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.SessionReadsExperiment;
import dev.heddle.loadtest.invoke.BillExperiment;
import dev.heddle.loadtest.invoke.BurstExperiment;
import dev.heddle.loadtest.invoke.ColdStartExperiment;
import dev.heddle.loadtest.invoke.InvokeExperiment;
import dev.heddle.loadtest.invoke.OverloadExperiment;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.store.DensityExperiment;
import dev.heddle.loadtest.store.WritesExperiment;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Experiments that start clusters of their own, as processes of this build. What they leave lies in
 * {@code target/bench}; the runs of chaos add up in {@code .heddle/bench/chaos.jsonl}, which a
 * clean build leaves alone.
 */
final class ClusterExperiments {
  private static final int DOCUMENTS = 33_929;
  private static final long READS = 100_000;
  private static final int INVOKERS = 32;
  private static final int BILLS = 10_000;
  private static final Duration BURST = Duration.ofSeconds(60);
  private static final Duration STEP = Duration.ofSeconds(15);
  private static final Duration QUICK_STEP = Duration.ofSeconds(1);
  private static final int QUICK_DOCUMENTS = 500;
  private static final long QUICK_READS = 500;
  private static final int QUICK_BILLS = 50;
  private static final Duration QUICK_BURST = Duration.ofSeconds(2);

  /** Twice what the machine can do, beside the cluster. */
  private static final int HOGS = 2 * Runtime.getRuntime().availableProcessors();

  private final Console console;
  private final int kills;
  private final boolean quick;

  /**
   * @param kills of chaos and failover
   * @param quick whether experiments do as little as shows that they work
   */
  ClusterExperiments(Console console, int kills, boolean quick) {
    this.console = console;
    this.kills = kills;
    this.quick = quick;
  }

  List<Experiment> all() {
    return List.of(
        new Late(
            "writes",
            "one document and bulk on 1 and 3 replicas, beside bare Lucene",
            at -> new WritesExperiment(java(), at, corpus(), quick ? QUICK_DOCUMENTS : DOCUMENTS)),
        new Late(
            "failover",
            "how long shards stall after their leader is killed",
            at -> new FailoverExperiment(java(), at, kills, quick ? 0 : HOGS)),
        new Late(
            "sessionreads",
            "session reads over replicas of which one is slow",
            at -> new SessionReadsExperiment(java(), at, quick ? QUICK_READS : READS)),
        new Late(
            "density",
            "24 replicas at rest in one process, and its restart",
            at -> new DensityExperiment(java(), at, corpus())),
        new Late(
            "invoke",
            "warm invocations over HTTP, beside Google's functions framework",
            at ->
                new InvokeExperiment(
                    java(),
                    at,
                    home().resolve("mvnw"),
                    home().resolve("target/bench"),
                    quick ? 4 : INVOKERS)),
        new Late(
            "burst",
            "a hundred calls of 200 ms at a time, waiting and computing",
            at -> new BurstExperiment(java(), at, quick ? QUICK_BURST : BURST)),
        new Late(
            "overload",
            "goodput, latency and refusals at a tenth to three times the capacity",
            at -> new OverloadExperiment(java(), at, quick ? QUICK_STEP : STEP)),
        new Late(
            "bill",
            "bills beside what their calls took by their own clocks",
            at -> new BillExperiment(java(), at, quick ? QUICK_BILLS : BILLS)),
        new Late(
            "coldstart",
            "first calls of shipped WebAssembly, beside compiling it",
            at -> new ColdStartExperiment(java(), at)),
        new Late(
            "chaos",
            "kills nodes by seed under load, then audits every write",
            at ->
                new ChaosExperiment(
                    ChaosOptions.DEFAULTS.withKills(kills),
                    java(),
                    at,
                    Optional.of(home().resolve(".heddle/bench/chaos.jsonl")),
                    Clock.systemUTC())));
  }

  private static Path home() {
    return Checkout.ofProcess().home();
  }

  private static JavaCommand java() {
    return JavaCommand.ofThisProcess(
        List.of(
            "@" + home().resolve("etc/jvm.flags"),
            "-Dheddle.home=" + home(),
            "-Xmx512m",
            "-XX:+UseSerialGC"),
        Main.class.getName());
  }

  private Corpus corpus() throws IOException {
    return new Corpora(home().resolve("sample-search"), console, Ticker.system())
        .dbpedia(Optional.empty());
  }

  /** Makes an experiment in an empty folder. */
  private interface Making {
    Experiment in(Path folder) throws IOException;
  }

  /** An experiment that is made when it is run: to be listed, nothing has to be there. */
  private record Late(String name, String about, Making making) implements LoggedExperiment {
    @Override
    public ExperimentResult run(
        BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
        throws InterruptedException {
      try {
        Path parent = Files.createDirectories(home().resolve("target/bench"));
        var experiment = making.in(Files.createTempDirectory(parent, name + "-"));
        if (experiment instanceof LoggedExperiment logged) {
          return logged.run(options, ticker, progress, requests);
        }
        if (options.output().csv()) {
          progress.accept("tells of no single requests");
        }
        return experiment.run(options, ticker, progress);
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.STORAGE_FAILED, name + ": " + e, e);
      }
    }
  }
}
