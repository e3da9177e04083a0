package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.EchoHandler;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * A hundred calls of 200 ms outstanding all the time: handlers that wait, and handlers that compute
 * a fixed amount of work, beside bare threads with the same work; meanwhile the gateway is asked
 * for its health. All roles are in one process. Fails on any other reply than was expected. Of the
 * general options it takes warm-up.
 */
public final class BurstExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final int CALLS = 100;
  private static final Duration EACH = Duration.ofMillis(200);
  private static final int BARE_THREADS = 2;
  private static final double MOST_FIRST_MILLIS = 600;
  private static final double MOST_BARE_TIMES = 1 / 0.95;
  private static final double MOST_HEALTH_MILLIS = 50;

  /** With two processors and a hundred calls at a time, each of them takes 10 seconds. */
  private static final String MANIFEST = "timeout: 5m\n";

  /** In every reply of a computing handler. */
  private static final String REPLY = "\"cpuNanos\"";

  private static final int WARM_SPINS = 1_000;

  private final JavaCommand java;
  private final Path directory;
  private final Duration length;

  /**
   * @param java starts nodes
   * @param directory empty; takes the node's data and log, which stay
   * @param length time in which calls are sent
   */
  public BurstExperiment(JavaCommand java, Path directory, Duration length) {
    if (!length.isPositive()) {
      throw new IllegalArgumentException("length: " + length + " (expected: > 0)");
    }
    this.java = java;
    this.directory = directory;
    this.length = length;
  }

  @Override
  public String name() {
    return "burst";
  }

  @Override
  public String about() {
    return "a hundred calls of 200 ms at a time, waiting and computing";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    long steps = Calibration.steps(EACH);
    var nodes = FunctionNodes.together(directory, new FreePorts());
    try (var cluster = new ProcessCluster(nodes.layout(), java, ticker)) {
      progress.accept("starting a process");
      cluster.start(START);
      var edge = new FunctionEdge(nodes.http());
      var _ = edge.deploy("echo", FunctionArchive.of("echo", "", EchoHandler.class));
      var _ = edge.deploy("sleep", FunctionArchive.of("sleep", MANIFEST, SleepHandler.class));
      var _ =
          edge.deploy(
              "spin", FunctionArchive.of("spin", MANIFEST, SpinHandler.class, FixedWork.class));
      try (var loop = new EdgeLoop(nodes.http(), CALLS, edge.run("echo", "{}"), ticker)) {
        progress.accept("warming up");
        var echoes = loop.count(edge.run("echo", "{}"), "{}", options.load().warmup());
        findings.problems("warm-up", echoes);
        sleep(edge, loop, cluster, findings, progress);
        spin(edge, loop, cluster, steps, findings, ticker, progress);
      }
    }
    findings.note(
        "the first hundred are the first calls of a function that was just deployed; the node is"
            + " warm");
    findings.note(
        "computing: "
            + steps
            + " steps a call; completed calls by the time to the end of the last one; bare threads"
            + " before and after the burst");
    return findings.result(
        name(),
        "%d calls of %d ms at a time for %d s, and until the last has ended"
            .formatted(CALLS, EACH.toMillis(), length.toSeconds()));
  }

  private void sleep(
      FunctionEdge edge,
      EdgeLoop loop,
      ProcessCluster cluster,
      Findings findings,
      Consumer<String> progress) {
    progress.accept("waiting handlers");
    var event = "{\"millis\":" + EACH.toMillis() + "}";
    var cpu = new CpuShare(cluster.pids());
    var outcome = loop.last(edge.run("sleep", event), event, length.toNanos(), 2 * CALLS);
    findings.loop("waiting", outcome, cpu.per(outcome.times().percentiles().count()));
    findings.series("waiting, the first hundred", outcome.first());
    findings.figure("sleepFirstHundredP99Millis", outcome.first().percentiles().p99() / 1_000);
    findings.figure("sleepCallsPerSecond", outcome.perSecond());
    findings.goal("sleepFirstHundredP99Millis", MOST_FIRST_MILLIS);
  }

  private void spin(
      FunctionEdge edge,
      EdgeLoop loop,
      ProcessCluster cluster,
      long steps,
      Findings findings,
      Ticker ticker,
      Consumer<String> progress)
      throws InterruptedException {
    var little = edge.run("spin", "{\"steps\":" + Math.max(1, steps / 1_000) + "}");
    findings.problems("warm-up", loop.count(little, REPLY, WARM_SPINS));
    progress.accept("bare threads");
    var bareTime = length.dividedBy(4);
    double before = Calibration.perSecond(steps, BARE_THREADS, bareTime, ticker);
    progress.accept("computing handlers");
    EdgeLoop.Outcome outcome;
    var cpu = new CpuShare(cluster.pids());
    try (var probe = HealthProbe.start(edge.address(), ticker)) {
      outcome = loop.last(edge.run("spin", "{\"steps\":" + steps + "}"), REPLY, length.toNanos());
      var health = probe.stop();
      findings.series("/healthz meanwhile", health);
      findings.figure("healthP99Millis", health.percentiles().p99() / 1_000);
      probe.failures().forEach(failure -> findings.problem("/healthz: " + failure));
    }
    findings.loop("computing", outcome, cpu.per(outcome.times().percentiles().count()));
    progress.accept("bare threads");
    double after = Calibration.perSecond(steps, BARE_THREADS, bareTime, ticker);
    double bare = (before + after) / 2;
    findings.figure("spinCallsPerSecond", outcome.perSecond());
    findings.figure("barePerSecond", bare);
    findings.figure("bareToSpinTimes", bare / outcome.perSecond());
    findings.goal("bareToSpinTimes", MOST_BARE_TIMES);
    findings.goal("healthP99Millis", MOST_HEALTH_MILLIS);
  }
}
