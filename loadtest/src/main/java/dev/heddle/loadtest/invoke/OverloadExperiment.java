package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.arrivals.Arrivals;
import dev.heddle.loadtest.arrivals.OpenLoop;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Calls that compute a fixed amount of work arrive at a tenth to three times the rate that a closed
 * loop reached, as a Poisson process, whatever becomes of them: right answers a second, their
 * latency, and refusals. All roles are in one process. Fails on replies that are neither right nor
 * a refusal. Of the general options it takes warm-up, and the seed.
 */
public final class OverloadExperiment implements LoggedExperiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration WORK = Duration.ofMillis(5);
  private static final int CLOSED_CLIENTS = 16;
  private static final int CONNECTIONS = 512;
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration LAST_REPLY = Duration.ofMinutes(2);
  private static final String MANIFEST = "timeout: 1m\n";
  private static final String REPLY = "\"cpuNanos\"";
  private static final List<Double> SHARES =
      List.of(0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0);
  private static final List<Double> QUICK_SHARES = List.of(0.5, 3.0);

  /** Of a system that does not collapse: what it does when too much is asked, beside its best. */
  private static final double MOST_LOSS_TIMES = 1.25;

  private final JavaCommand java;
  private final Path directory;
  private final Duration length;

  /**
   * @param java starts nodes
   * @param directory empty; takes the node's data and log, which stay
   * @param length of arrivals at each rate, and of the closed loop before
   */
  public OverloadExperiment(JavaCommand java, Path directory, Duration length) {
    if (!length.isPositive()) {
      throw new IllegalArgumentException("length: " + length + " (expected: > 0)");
    }
    this.java = java;
    this.directory = directory;
    this.length = length;
  }

  /** A rate, as a share of what the closed loop reached, and what came of it. */
  private record Step(double share, OpenLoop.Outcome outcome) {}

  @Override
  public String name() {
    return "overload";
  }

  @Override
  public String about() {
    return "goodput, latency and refusals at a tenth to three times the capacity";
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    var findings = new Findings();
    long steps = Calibration.steps(WORK);
    var nodes = FunctionNodes.together(directory, new FreePorts());
    var done = new ArrayList<Step>();
    try (var cluster = new ProcessCluster(nodes.layout(), java, ticker)) {
      progress.accept("starting a process");
      cluster.start(START);
      var edge = new FunctionEdge(nodes.http());
      var _ =
          edge.deploy(
              "spin", FunctionArchive.of("spin", MANIFEST, SpinHandler.class, FixedWork.class));
      var little = edge.run("spin", "{\"steps\":1}");
      var work = edge.run("spin", "{\"steps\":" + steps + "}");
      double capacity = capacity(nodes, little, work, options, findings, ticker, progress);
      for (double share : options.quick() ? QUICK_SHARES : SHARES) {
        double rate = Math.max(1, share * capacity);
        var name = "%s x capacity".formatted(share);
        progress.accept("%s, %.0f calls a second".formatted(name, rate));
        var random = new Random(options.seed());
        var cpu = new CpuShare(cluster.pids());
        var loop = new OpenEdgeLoop(edge.address(), work, REPLY, ticker);
        var limits = new OpenLoop.Limits(CONNECTIONS, length.toNanos(), PATIENCE.toNanos());
        var outcome =
            loop.run(
                CONNECTIONS,
                little,
                () -> new OpenLoop(name, Arrivals.poisson(rate, random), limits, ticker, requests),
                length.plus(PATIENCE).plus(LAST_REPLY).toNanos());
        loop.failures().forEach(failure -> findings.problem(name + ": " + failure));
        tell(name, outcome, cpu, findings);
        done.add(new Step(share, outcome));
      }
    }
    findings.figure("goodputLossTimes", loss(done));
    findings.goal("goodputLossTimes", MOST_LOSS_TIMES);
    findings.note(
        "capacity: right answers a second of "
            + CLOSED_CLIENTS
            + " clients in a closed loop; "
            + steps
            + " steps a call");
    findings.note(
        "latency from when a call was to be sent; at most "
            + CONNECTIONS
            + " calls are open, others wait, and are given up after "
            + PATIENCE.toSeconds()
            + " s, which counts as their latency");
    findings.note("goodputLossTimes: the best goodput beside that at the highest rate");
    return findings.result(
        name(),
        "calls of %d ms, %d s at each rate".formatted(WORK.toMillis(), length.toSeconds()),
        curves(done));
  }

  private double capacity(
      FunctionNodes nodes,
      LoopRequest little,
      LoopRequest work,
      BenchOptions options,
      Findings findings,
      Ticker ticker,
      Consumer<String> progress) {
    try (var closed = new EdgeLoop(nodes.http(), CLOSED_CLIENTS, little, ticker)) {
      progress.accept("warming up");
      findings.problems("warm-up", closed.count(little, REPLY, options.load().warmup()));
      progress.accept("closed loop");
      var outcome = closed.last(work, REPLY, length.toNanos());
      findings.loop("closed loop, %d clients".formatted(CLOSED_CLIENTS), outcome);
      findings.figure("capacityPerSecond", outcome.perSecond());
      return outcome.perSecond();
    }
  }

  private static void tell(String name, OpenLoop.Outcome outcome, CpuShare cpu, Findings findings) {
    var figures = new LinkedHashMap<String, Double>();
    figures.put("goodputPerSecond", outcome.goodput());
    figures.put("arrived", (double) outcome.arrived());
    figures.put("refused", (double) outcome.refused().count());
    figures.put("unsent", (double) outcome.unsent());
    figures.put("failed", (double) outcome.failed());
    figures.put("clientLateP99Micros", outcome.clientLate().percentiles().p99());
    figures.putAll(cpu.per(outcome.fromSending().count()));
    findings.series(name, outcome.times(), figures, outcome.completions());
    long counted =
        outcome.fromSending().count()
            + outcome.refused().count()
            + outcome.unsent()
            + outcome.failed();
    if (counted != outcome.arrived()) {
      findings.problem(
          "%s: %d calls have an end (expected: all %d)"
              .formatted(name, counted, outcome.arrived()));
    }
    if (outcome.refused().count() > 0) {
      findings.series(name + ", refusals", outcome.refused());
    }
  }

  private static double loss(List<Step> steps) {
    double best = steps.stream().mapToDouble(step -> step.outcome().goodput()).max().orElse(0);
    return best / Math.max(1e-9, steps.getLast().outcome().goodput());
  }

  private static List<Curve> curves(List<Step> steps) {
    var goodput = new ArrayList<Point>();
    var refused = new ArrayList<Point>();
    var p50 = new ArrayList<Point>();
    var p99 = new ArrayList<Point>();
    for (var step : steps) {
      var outcome = step.outcome();
      double seconds = Math.max(1e-9, outcome.nanos() / 1e9);
      goodput.add(new Point(step.share(), outcome.goodput()));
      refused.add(
          new Point(step.share(), (outcome.refused().count() + outcome.unsent()) / seconds));
      p50.add(new Point(step.share(), outcome.times().percentiles().p50() / 1e3));
      p99.add(new Point(step.share(), outcome.times().percentiles().p99() / 1e3));
    }
    var x = "offered load, times capacity";
    return List.of(
        new Curve(
            "Goodput by offered load",
            x,
            "calls per second",
            List.of(
                new Curve.Line("right answers", goodput),
                new Curve.Line("refused or given up", refused))),
        new Curve(
            "Latency by offered load",
            x,
            "ms",
            List.of(new Curve.Line("p50", p50), new Curve.Line("p99", p99))));
  }
}
