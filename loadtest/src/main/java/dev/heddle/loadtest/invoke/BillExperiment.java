package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.chaos.ClusterBills;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Bills of calls over HTTP that compute a calibrated amount of work, beside what the handler
 * measured of itself: by its thread's CPU time, and by the clock. One call after the other; all
 * roles in one process. Fails where a bill contradicts itself. Of the general options it takes
 * warm-up.
 */
public final class BillExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration WORK = Duration.ofMillis(5);
  private static final long MEMORY_MIB = 128;
  private static final int SAMPLES = 200;
  private static final double MOST_OFF_PERCENT = 1;
  private static final int LEAVES = 2;
  private static final int CALLS_A_QUERY = 10;
  private static final int MOST_PROBLEMS = 10;

  /** Of a sum, by which meters may be off: they are read as decimal fractions. */
  private static final double ROUNDING = 1e-6;

  private final JavaCommand java;
  private final Path directory;
  private final int calls;

  /**
   * @param java starts nodes
   * @param directory empty; takes the node's data and log, which stay
   * @param calls to sum up, at least 1
   */
  public BillExperiment(JavaCommand java, Path directory, int calls) {
    if (calls < 1) {
      throw new IllegalArgumentException("calls: " + calls + " (expected: >= 1)");
    }
    this.java = java;
    this.directory = directory;
    this.calls = calls;
  }

  @Override
  public String name() {
    return "bill";
  }

  @Override
  public String about() {
    return "bills beside what their calls took by their own clocks";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    long steps = Calibration.steps(WORK);
    var ports = new FreePorts();
    var nodes = FunctionNodes.together(directory, ports);
    try (var cluster = new ProcessCluster(nodes.layout(), java, ticker)) {
      progress.accept("starting a process");
      cluster.start(START);
      var edge = new FunctionEdge(nodes.http());
      var manifest = "memory: " + MEMORY_MIB + "MiB\n";
      var _ =
          edge.deploy(
              "spin", FunctionArchive.of("spin", manifest, SpinHandler.class, FixedWork.class));
      var request = edge.run("spin", "{\"steps\":" + steps + "}");
      try (var connection = LoopConnection.open(nodes.http())) {
        progress.accept("warming up");
        warm(edge, connection, options.load().warmup(), steps);
        long before = Calibration.cpuNanos(steps, SAMPLES);
        progress.accept(calls + " calls");
        var sum = call(connection, request, ticker, findings);
        long after = Calibration.cpuNanos(steps, SAMPLES);
        compare(sum, (before + after) / 2.0, findings);
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, nodes.http() + ": " + e, e);
      }
    }
    queries(ports, ticker, findings, progress);
    findings.note(
        "over HTTP; the truth is what the handler reads around its work: its thread's CPU time"
            + " beside the billed one, elapsed time beside the billed active time");
    findings.note(
        "the calibrated time is the median of the same work on a bare thread of this process,"
            + " before and after");
    findings.note(
        "queries: the bill beside what its leaves say that they took, and the sum of all bills"
            + " beside the coordinator's meters");
    return findings.result(name(), calls + " calls of " + steps + " steps, one after the other");
  }

  /** Leaves sum up to the whole, and so do bills. */
  private void queries(FreePorts ports, Ticker ticker, Findings findings, Consumer<String> progress)
      throws InterruptedException {
    var nodes = FunctionNodes.apart(directory.resolve("leaves"), ports, LEAVES);
    var head = nodes.nodes().getLast();
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      var channels = closer.register("channels", new Channels(Credentials.none()));
      progress.accept("starting " + nodes.nodes().size() + " processes");
      cluster.start(START);
      var client = new BilledQueriesGrpcClient(channels, head.grpc().orElseThrow(), ticker);
      client.load();
      int queries = Math.max(1, calls / CALLS_A_QUERY);
      var before = ClusterBills.of(nodes.http());
      progress.accept(queries + " queries");
      var sum = client.ask(queries);
      var metered = ClusterBills.of(nodes.http()).minus(before);
      sum.problems().stream().limit(MOST_PROBLEMS).forEach(findings::problem);
      double billed = sum.activeNanos() / 1e9;
      if (Math.abs(metered.activeSeconds() - billed) > ROUNDING * billed) {
        findings.problem(
            "queries: %.9f s by the coordinator's meters (expected: %.9f, the sum of all bills)"
                .formatted(metered.activeSeconds(), billed));
      }
      findings.series("queries", sum.times());
      findings.figure("queriesBilledMillis", sum.activeNanos() / 1e6);
      findings.figure("queriesLeavesMillis", sum.leafNanos() / 1e6);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, nodes.http() + ": " + e, e);
    }
  }

  /** With work of a hundredth, so that it is the number of calls that counts. */
  private static void warm(FunctionEdge edge, LoopConnection connection, int calls, long steps)
      throws IOException {
    var little = edge.run("spin", "{\"steps\":" + Math.max(1, steps / 100) + "}");
    for (int i = 0; i < calls; i++) {
      connection.exchange(little.bytes(connection.cookie()));
      billed(connection);
    }
  }

  private BilledCall call(
      LoopConnection connection, LoopRequest request, Ticker ticker, Findings findings)
      throws IOException {
    var times = new LatencyRecorder();
    var sum = BilledCall.NONE;
    for (int i = 0; i < calls; i++) {
      long began = ticker.nanoTime();
      connection.exchange(request.bytes(connection.cookie()));
      times.record(ticker.nanoTime() - began);
      var billed = billed(connection);
      if (billed.charge() != billed.active() * MEMORY_MIB) {
        findings.problem(billed + " (expected: a charge of active times " + MEMORY_MIB + ")");
      }
      sum = sum.plus(billed);
    }
    findings.series("calls", times);
    return sum;
  }

  private static BilledCall billed(LoopConnection connection) {
    if (!connection.ok()) {
      throw new HeddleException(ErrorCode.INTERNAL, "spin: " + connection.excerpt());
    }
    return BilledCall.of(connection.body(), connection.header("Heddle-Bill"));
  }

  private void compare(BilledCall sum, double calibratedNanos, Findings findings) {
    findings.figure("ownCpuMillis", sum.ownCpu() / 1e6);
    findings.figure("billedCpuMillis", sum.cpu() / 1e6);
    findings.figure("ownElapsedMillis", sum.own() / 1e6);
    findings.figure("billedActiveMillis", sum.active() / 1e6);
    findings.figure("calibratedMillis", calibratedNanos * calls / 1e6);
    findings.figure("billedCpuToCalibratedTimes", sum.cpu() / (calibratedNanos * calls));
    findings.figure("cpuOffPercent", off(sum.cpu(), sum.ownCpu()));
    findings.figure("activeOffPercent", off(sum.active(), sum.own()));
    findings.goal("cpuOffPercent", MOST_OFF_PERCENT);
    findings.goal("activeOffPercent", MOST_OFF_PERCENT);
  }

  private static double off(long billed, long truth) {
    return 100.0 * Math.abs(billed - truth) / Math.max(1, truth);
  }
}
