package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.arrivals.Arrivals;
import dev.heddle.loadtest.arrivals.ArrivalsFile;
import dev.heddle.loadtest.arrivals.OpenLoop;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.EchoHandler;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.HostPort;
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
 * The paper's Figure 4: a steady light load, latency including cold starts. Twenty functions of
 * each runtime, just deployed, are called one after the other in an open loop: the first call of
 * each finds nothing ready for it, in a node that is warm otherwise. Arrivals are a Poisson
 * process, or a user's own. Fails on any other reply than the echo. Of the general options it takes
 * warm-up (of other functions), the seed and the arrivals.
 */
public final class LightLoadExperiment implements LoggedExperiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final int FUNCTIONS = 20;
  private static final double FIRST_PER_SECOND = 4;
  private static final double PER_SECOND = 10;
  private static final int CONNECTIONS = 16;

  /** That a call waits for a connection: longer than a busy machine stands still. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Duration LAST_REPLY = Duration.ofMinutes(1);
  private static final String EVENT = "{\"name\":\"Ada\",\"number\":42}";
  private static final double MOST_FIRST_P50_MILLIS = 50;
  private static final double MOST_LATER_P50_MILLIS = 5;
  private static final int CURVE_POINTS = 100;

  private final JavaCommand java;
  private final Path directory;
  private final Duration length;

  /**
   * @param java starts nodes
   * @param directory empty; takes the node's data and log, which stay
   * @param length of arrivals after the first calls, for each runtime
   */
  public LightLoadExperiment(JavaCommand java, Path directory, Duration length) {
    if (!length.isPositive()) {
      throw new IllegalArgumentException("length: " + length + " (expected: > 0)");
    }
    this.java = java;
    this.directory = directory;
    this.length = length;
  }

  @Override
  public String name() {
    return "light-load";
  }

  @Override
  public String about() {
    return "a few calls a second of functions that were just deployed (the paper's Fig. 4)";
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    var own = options.workload().arrivals().map(ArrivalsFile::read);
    var findings = new Findings();
    Map<String, LatencyRecorder> all = new LinkedHashMap<>();
    var nodes = FunctionNodes.together(directory, new FreePorts());
    try (var cluster = new ProcessCluster(nodes.layout(), java, ticker)) {
      progress.accept("starting a process");
      cluster.start(START);
      var edge = new FunctionEdge(nodes.http());
      for (var runtime : List.of("java", "wasm")) {
        progress.accept(runtime + ": deploying " + (FUNCTIONS + 1) + " functions");
        var calls = new ArrayList<LoopRequest>();
        for (int i = 0; i <= FUNCTIONS; i++) {
          var function = runtime + "-" + i;
          deploy(edge, runtime, function);
          calls.add(edge.run(function, EVENT));
        }
        // One of them makes everything else warm.
        var warm = calls.removeLast();
        try (var loop = new EdgeLoop(nodes.http(), 1, warm, ticker)) {
          findings.problems(
              runtime + ", warm-up", loop.count(warm, EVENT, options.load().warmup()));
        }
        var first = Arrivals.steady(FIRST_PER_SECOND);
        var firstTimes = new long[FUNCTIONS];
        for (int i = 0; i < FUNCTIONS; i++) {
          firstTimes[i] = first.nextNanos();
        }
        progress.accept(runtime + ": first calls");
        var before =
            new Round(
                runtime + ", first calls", nodes.http(), calls, warm, cluster, findings, ticker);
        var cold = before.run(Arrivals.at(firstTimes), firstTimes[FUNCTIONS - 1] + 1, requests);
        progress.accept(runtime + ": later calls");
        var random = new Random(options.seed());
        var arrivals = own.map(Arrivals::at).orElseGet(() -> Arrivals.poisson(PER_SECOND, random));
        long nanos = own.map(times -> times[times.length - 1] + 1).orElse(length.toNanos());
        var after =
            new Round(
                runtime + ", later calls", nodes.http(), calls, warm, cluster, findings, ticker);
        var later = after.run(arrivals, nanos, requests);
        var sum = new LatencyRecorder();
        sum.add(cold);
        sum.add(later);
        all.put(runtime, sum);
        findings.figure(runtime + "FirstP50Millis", cold.percentiles().p50() / 1e3);
        findings.figure(runtime + "FirstMaxMillis", cold.percentiles().max() / 1e3);
        findings.figure(runtime + "LaterP50Millis", later.percentiles().p50() / 1e3);
        findings.figure(runtime + "LaterP99Millis", later.percentiles().p99() / 1e3);
        findings.goal(runtime + "FirstP50Millis", MOST_FIRST_P50_MILLIS);
        findings.goal(runtime + "LaterP50Millis", MOST_LATER_P50_MILLIS);
      }
    }
    findings.note(
        "first calls: of "
            + FUNCTIONS
            + " functions with the same code, each a version of its own; the node has run another"
            + " one of them before");
    findings.note("latency from when a call was to be sent");
    return findings.result(
        name(),
        own.map(times -> times.length + " calls at the given times")
            .orElse("%s calls a second for %d s".formatted(PER_SECOND, length.toSeconds())),
        List.of(distribution(all)));
  }

  private static void deploy(FunctionEdge edge, String runtime, String function) {
    if (runtime.equals("wasm")) {
      var _ = edge.deployModule(function, EchoModule.bytes());
    } else {
      var _ = edge.deploy(function, FunctionArchive.of(function, "", EchoHandler.class));
    }
  }

  /** Calls in an open loop. */
  private record Round(
      String name,
      HostPort address,
      List<LoopRequest> calls,
      LoopRequest opening,
      ProcessCluster cluster,
      Findings findings,
      Ticker ticker) {
    LatencyRecorder run(Arrivals arrivals, long nanos, RequestLog requests) {
      var cpu = new CpuShare(cluster.pids());
      var loop = new OpenEdgeLoop(address, calls, EVENT, ticker);
      var limits = new OpenLoop.Limits(CONNECTIONS, nanos, PATIENCE.toNanos());
      var outcome =
          loop.run(
              CONNECTIONS,
              opening,
              () -> new OpenLoop(name, arrivals, limits, ticker, requests),
              nanos + PATIENCE.plus(LAST_REPLY).toNanos());
      loop.failures().forEach(failure -> findings.problem(name + ": " + failure));
      if (outcome.refused().count() + outcome.unsent() > 0) {
        findings.problem(
            "%s: %d refused, %d not sent (expected: none)"
                .formatted(name, outcome.refused().count(), outcome.unsent()));
      }
      var figures = new LinkedHashMap<String, Double>();
      figures.put("arrived", (double) outcome.arrived());
      figures.put("clientLateP99Micros", outcome.clientLate().percentiles().p99());
      figures.putAll(cpu.per(outcome.fromSending().count()));
      findings.series(name, outcome.times(), figures, outcome.completions());
      return outcome.times();
    }
  }

  private static Curve distribution(Map<String, LatencyRecorder> times) {
    var lines = new ArrayList<Curve.Line>();
    times.forEach((name, each) -> {
      var quantiles = each.quantiles();
      var points = new ArrayList<Point>();
      for (int i = 1; i <= CURVE_POINTS && each.count() > 0; i++) {
        double share = (double) i / CURVE_POINTS;
        points.add(new Point(quantiles.applyAsDouble(share) / 1e3, share));
      }
      lines.add(new Curve.Line(name, points));
    });
    return new Curve("Latency with cold starts", "ms", "share of calls", lines);
  }
}
