package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.loadtest.peer.Workerd;
import dev.heddle.process.Closer;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.function.Supplier;

/**
 * The paper's Figure 2: a hundred calls of 200 ms outstanding for a minute, of functions that wait
 * and of functions that do a fixed amount of work; the distribution of response times, beside
 * Google's functions framework, workerd and a bare Jetty, in turns. Hendrickson et al., Serverless
 * Computation with OpenLambda, HotCloud 2016. Fails on any other reply than was expected. Of the
 * general options it takes warm-up and the peers.
 */
public final class ElasticityExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final int CALLS = 100;
  private static final Duration EACH = Duration.ofMillis(200);
  private static final Duration QUICK_EACH = Duration.ofMillis(20);
  private static final int BARE_THREADS = 2;
  private static final double MOST_WAITING_P99_MILLIS = 400;
  private static final double MOST_BARE_TIMES = 1 / 0.95;
  private static final int CURVE_POINTS = 100;
  private static final long PROBE_STEPS = 20_000_000;
  private static final int PROBES = 7;

  /** With two processors and a hundred calls at a time, each of them takes 10 seconds. */
  private static final String MANIFEST = "timeout: 5m\n";

  /** 32-bit steps, which are what JavaScript does fast; how many are 200 ms is measured. */
  private static final String WORKER =
      """
      const work = n => {
        let x = 12345;
        for (let i = 0; i < n; i++) { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; }
        return x;
      };
      export default {
        async fetch(request) {
          const url = new URL(request.url);
          const n = +url.searchParams.get('n');
          if (url.pathname === '/spin') return new Response('done' + work(n));
          await new Promise(done => setTimeout(done, n));
          return new Response('done');
        }
      };
      """;

  private final JavaCommand java;
  private final Path directory;
  private final Path maven;
  private final Path fetched;
  private final Duration length;

  /**
   * @param java starts nodes
   * @param directory empty; takes the subjects' data and logs, which stay
   * @param maven the program that fetches a peer
   * @param fetched keeps what peers need from run to run
   * @param length time in which calls are sent, for each subject and kind of work
   */
  public ElasticityExperiment(
      JavaCommand java, Path directory, Path maven, Path fetched, Duration length) {
    if (!length.isPositive()) {
      throw new IllegalArgumentException("length: " + length + " (expected: > 0)");
    }
    this.java = java;
    this.directory = directory;
    this.maven = maven;
    this.fetched = fetched;
    this.length = length;
  }

  /**
   * Something that waits and computes.
   *
   * @param sleep a request to wait so many milliseconds
   * @param spin a request to do so many steps
   * @param slept what the reply to the first holds
   * @param spun what the reply to the second holds
   * @param steps that take a call's time of a processor
   */
  private record Subject(
      String name,
      HostPort address,
      LongFunction<LoopRequest> sleep,
      LongFunction<LoopRequest> spin,
      String slept,
      String spun,
      long steps,
      Supplier<List<Long>> pids) {}

  @Override
  public String name() {
    return "elasticity";
  }

  @Override
  public String about() {
    return "a hundred calls of 200 ms at a time for a minute, beside peers (the paper's Fig. 2)";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    var each = options.quick() ? QUICK_EACH : EACH;
    long steps = Calibration.steps(each);
    Map<String, LatencyRecorder> waiting = new LinkedHashMap<>();
    Map<String, LatencyRecorder> computing = new LinkedHashMap<>();
    try (var closer = new Closer()) {
      var subjects = subjects(options, each, steps, closer, findings, ticker, progress);
      for (var subject : subjects) {
        progress.accept(subject.name() + ": waiting");
        waiting.put(subject.name(), sleep(subject, each, options, findings, ticker));
      }
      progress.accept("bare threads");
      var bareTime = length.dividedBy(4);
      double before = Calibration.perSecond(steps, BARE_THREADS, bareTime, ticker);
      for (var subject : subjects) {
        progress.accept(subject.name() + ": computing");
        computing.put(subject.name(), spin(subject, options, findings, ticker));
      }
      progress.accept("bare threads");
      double after = Calibration.perSecond(steps, BARE_THREADS, bareTime, ticker);
      findings.figure("barePerSecond", (before + after) / 2);
    }
    double bare = findings.median("barePerSecond");
    findings.figure("bareToHeddleTimes", bare / findings.median("heddleSpinCallsPerSecond"));
    findings.goal("heddleWaitingP99Millis", MOST_WAITING_P99_MILLIS);
    findings.goal("bareToHeddleTimes", MOST_BARE_TIMES);
    findings.note(
        "computing: "
            + steps
            + " steps a call for Java; workerd does 32-bit steps, as many as took as long from"
            + " outside; calls by the time to the end of the last one");
    return findings.result(
        name(),
        "%d calls of %d ms at a time for %d s, and until the last has ended"
            .formatted(CALLS, each.toMillis(), length.toSeconds()),
        List.of(
            distribution("Response times of waiting calls", waiting),
            distribution("Response times of computing calls", computing)));
  }

  private List<Subject> subjects(
      BenchOptions options,
      Duration each,
      long steps,
      Closer closer,
      Findings findings,
      Ticker ticker,
      Consumer<String> progress)
      throws InterruptedException {
    progress.accept("starting subjects");
    var ports = new FreePorts();
    var subjects = new ArrayList<Subject>();
    var nodes = FunctionNodes.together(directory, ports);
    var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
    cluster.start(START);
    subjects.add(heddle(nodes, cluster, steps));
    var peers = options.peers();
    peers
        .start(
            Peer.JETTY,
            () -> closer.register("jetty", JettyFloor.start(directory, ports, ticker)),
            findings::note)
        .ifPresent(server -> subjects.add(work("jetty", server, steps)));
    peers
        .start(
            Peer.FUNCTIONS_FRAMEWORK,
            () -> {
              var jar = FrameworkJar.get(maven, fetched, directory, FrameworkJar.WORK);
              return closer.register(
                  "framework", FunctionsFramework.start(jar, directory, ports, ticker));
            },
            findings::note)
        .ifPresent(server -> subjects.add(work("functionsFramework", server, steps)));
    peers
        .start(
            Peer.WORKERD,
            () ->
                closer.register(
                    "workerd",
                    Workerd.start(WORKER, fetched, directory.resolve("workerd"), ports, ticker)),
            findings::note)
        .ifPresent(server -> subjects.add(work("workerd", server, probed(server, each, ticker))));
    return subjects;
  }

  private static Subject heddle(FunctionNodes nodes, ProcessCluster cluster, long steps) {
    var edge = new FunctionEdge(nodes.http());
    var _ = edge.deploy("sleep", FunctionArchive.of("sleep", MANIFEST, SleepHandler.class));
    var _ =
        edge.deploy(
            "spin", FunctionArchive.of("spin", MANIFEST, SpinHandler.class, FixedWork.class));
    return new Subject(
        "heddle",
        nodes.http(),
        millis -> edge.run("sleep", "{\"millis\":" + millis + "}"),
        n -> edge.run("spin", "{\"steps\":" + n + "}"),
        "\"millis\"",
        "\"cpuNanos\"",
        steps,
        cluster::pids);
  }

  private static Subject work(String name, ServerProcess server, long steps) {
    var at = server.address();
    return new Subject(
        name,
        at,
        millis -> LoopRequest.get(at, "/sleep?n=" + millis),
        n -> LoopRequest.get(at, "/spin?n=" + n),
        JettyFloor.REPLY,
        JettyFloor.REPLY,
        steps,
        server::pids);
  }

  /** How many steps take so long where only the time from outside is known: the fastest call's. */
  private static long probed(ServerProcess server, Duration each, Ticker ticker) {
    var probe = LoopRequest.get(server.address(), "/spin?n=" + PROBE_STEPS);
    try (var loop = new EdgeLoop(server.address(), 1, probe, ticker)) {
      var outcome = loop.count(probe, JettyFloor.REPLY, PROBES);
      double nanosEach = outcome.times().percentiles().min() * 1e3 / PROBE_STEPS;
      return Math.max(1, Math.round(each.toNanos() / Math.max(1e-3, nanosEach)));
    }
  }

  private LatencyRecorder sleep(
      Subject subject, Duration each, BenchOptions options, Findings findings, Ticker ticker) {
    var none = subject.sleep().apply(0);
    try (var loop = new EdgeLoop(subject.address(), CALLS, none, ticker)) {
      var name = subject.name() + ", waiting";
      findings.problems(
          name + ", warm-up", loop.count(none, subject.slept(), options.load().warmup()));
      var cpu = new CpuShare(subject.pids().get());
      var request = subject.sleep().apply(each.toMillis());
      var outcome = loop.last(request, subject.slept(), length.toNanos(), 2 * CALLS);
      findings.loop(name, outcome, cpu.per(outcome.times().count()));
      findings.figure(
          subject.name() + "WaitingP99Millis", outcome.times().percentiles().p99() / 1_000);
      findings.figure(subject.name() + "WaitingCallsPerSecond", outcome.perSecond());
      return outcome.times();
    }
  }

  private LatencyRecorder spin(
      Subject subject, BenchOptions options, Findings findings, Ticker ticker) {
    var little = subject.spin().apply(Math.max(1, subject.steps() / 1_000));
    try (var loop = new EdgeLoop(subject.address(), CALLS, little, ticker)) {
      var name = subject.name() + ", computing";
      long warm = Math.min(options.load().warmup(), 1_000);
      findings.problems(name + ", warm-up", loop.count(little, subject.spun(), warm));
      var cpu = new CpuShare(subject.pids().get());
      var request = subject.spin().apply(subject.steps());
      var outcome = loop.last(request, subject.spun(), length.toNanos());
      findings.loop(name, outcome, cpu.per(outcome.times().count()));
      findings.figure(
          subject.name() + "SpinP99Millis", outcome.times().percentiles().p99() / 1_000);
      findings.figure(subject.name() + "SpinCallsPerSecond", outcome.perSecond());
      return outcome.times();
    }
  }

  /** The share of calls that took at most so long. */
  private static Curve distribution(String title, Map<String, LatencyRecorder> times) {
    var lines = new ArrayList<Curve.Line>();
    times.forEach((name, each) -> {
      var quantiles = each.quantiles();
      var points = new ArrayList<Point>();
      for (int i = 1; i <= CURVE_POINTS && each.count() > 0; i++) {
        double share = (double) i / CURVE_POINTS;
        points.add(new Point(quantiles.applyAsDouble(share) / 1e6, share));
      }
      lines.add(new Curve.Line(name, points));
    });
    return new Curve(title, "seconds", "share of calls", lines);
  }
}
