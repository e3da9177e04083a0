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
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.process.Closer;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What an invocation at {@code /run} costs when everything is warm: an echo in Java and one in
 * WebAssembly, with all roles in one process and with the leaf in its own, in turns with Google's
 * functions framework. Fails on any other reply than the echo. Of the general options it takes
 * warm-up, runs and requests, the first and the last for each client.
 */
public final class InvokeExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final String EVENT = "{\"name\":\"Ada\",\"number\":42}";
  private static final double MOST_P50_MILLIS = 0.4;
  private static final double LEAST_JAVA = 35_000;
  private static final double LEAST_WASM = 25_000;
  private static final double LEAST_APART = 18_000;

  private final JavaCommand java;
  private final Path directory;
  private final Path maven;
  private final Path jars;
  private final int clients;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param maven the program that fetches the peer
   * @param jars keeps the peer's jar from run to run
   * @param clients of the measurement of throughput, at least 1
   */
  public InvokeExperiment(JavaCommand java, Path directory, Path maven, Path jars, int clients) {
    if (clients < 1) {
      throw new IllegalArgumentException("clients: " + clients + " (expected: >= 1)");
    }
    this.java = java;
    this.directory = directory;
    this.maven = maven;
    this.jars = jars;
    this.clients = clients;
  }

  /**
   * A subject: something that echoes.
   *
   * @param pids of its processes
   */
  private record Subject(
      String name, EdgeLoop one, EdgeLoop many, LoopRequest request, Supplier<List<Long>> pids) {}

  @Override
  public String name() {
    return "invoke";
  }

  @Override
  public String about() {
    return "warm invocations over HTTP, beside Google's functions framework";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    try (var closer = new Closer()) {
      var subjects = subjects(options, closer, findings, ticker, progress);
      for (var subject : subjects) {
        progress.accept("warming up " + subject.name());
        warm(subject, options.load(), findings);
      }
      for (int run = 1; run <= options.load().runs(); run++) {
        progress.accept("run " + run + " of " + options.load().runs());
        for (var subject : subjects) {
          measure(subject, options.load(), run, findings);
        }
      }
    }
    return result(findings);
  }

  private List<Subject> subjects(
      BenchOptions options,
      Closer closer,
      Findings findings,
      Ticker ticker,
      Consumer<String> progress)
      throws InterruptedException {
    var ports = new FreePorts();
    var subjects = new ArrayList<Subject>();
    var together = FunctionNodes.together(directory.resolve("together"), ports);
    var apart = FunctionNodes.apart(directory.resolve("apart"), ports, 1);
    for (var nodes : List.of(together, apart)) {
      progress.accept("starting " + nodes.nodes().size() + " of the cluster's processes");
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      cluster.start(START);
      var edge = new FunctionEdge(nodes.http());
      var _ = edge.deploy("echo", FunctionArchive.of("echo", "", EchoHandler.class));
      var _ = edge.deployModule("echo-wasm", EchoModule.bytes());
      var shape = nodes.equals(together) ? "" : "Apart";
      subjects.add(
          subject(
              closer,
              "java" + shape,
              nodes.http(),
              edge.run("echo", EVENT),
              ticker,
              cluster::pids));
      subjects.add(
          subject(
              closer,
              "wasm" + shape,
              nodes.http(),
              edge.run("echo-wasm", EVENT),
              ticker,
              cluster::pids));
    }
    options
        .peers()
        .start(
            Peer.FUNCTIONS_FRAMEWORK,
            () -> {
              progress.accept("starting the peer");
              var jar = FrameworkJar.get(maven, jars, directory, FrameworkJar.ECHO);
              return closer.register(
                  "peer", FunctionsFramework.start(jar, directory, ports, ticker));
            },
            findings::note)
        .ifPresent(peer -> {
          var at = peer.address();
          var request = LoopRequest.post(at, "/", EVENT);
          subjects.add(subject(closer, "peer", at, request, ticker, peer::pids));
        });
    return subjects;
  }

  private Subject subject(
      Closer closer,
      String name,
      HostPort address,
      LoopRequest request,
      Ticker ticker,
      Supplier<List<Long>> pids) {
    return new Subject(
        name,
        closer.register(name, new EdgeLoop(address, 1, request, ticker)),
        closer.register(name, new EdgeLoop(address, clients, request, ticker)),
        request,
        pids);
  }

  private void warm(Subject subject, BenchOptions.Load load, Findings findings) {
    long each = load.warmup();
    var name = subject.name() + ", warm-up";
    findings.problems(name, subject.many().count(subject.request(), EVENT, each * clients));
    findings.problems(name, subject.one().count(subject.request(), EVENT, each));
  }

  private void measure(Subject subject, BenchOptions.Load load, int run, Findings findings) {
    var oneCpu = new CpuShare(subject.pids().get());
    var one = subject.one().count(subject.request(), EVENT, load.requests());
    findings.loop(subject.name() + ", 1 client, run " + run, one, oneCpu.per(load.requests()));
    findings.figure(subject.name() + "P50Millis", one.times().percentiles().p50() / 1_000);
    var manyCpu = new CpuShare(subject.pids().get());
    var many = subject.many().count(subject.request(), EVENT, (long) load.requests() * clients);
    findings.loop(
        "%s, %d clients, run %d".formatted(subject.name(), clients, run),
        many,
        manyCpu.per((long) load.requests() * clients));
    findings.figure(subject.name() + "CallsPerSecond", many.perSecond());
  }

  private ExperimentResult result(Findings findings) {
    double peer = findings.median("peerCallsPerSecond");
    if (peer > 0) {
      findings.figure("javaToPeerTimes", findings.median("javaCallsPerSecond") / peer);
      findings.figure("wasmToPeerTimes", findings.median("wasmCallsPerSecond") / peer);
    }
    findings.goal("javaP50Millis", MOST_P50_MILLIS);
    findings.goal("wasmP50Millis", MOST_P50_MILLIS);
    throughput(findings, "java", LEAST_JAVA);
    throughput(findings, "wasm", LEAST_WASM);
    throughput(findings, "javaApart", LEAST_APART);
    throughput(findings, "wasmApart", LEAST_APART);
    findings.note(
        "goals about throughput are told as wall-clock time per call: a million by the calls per"
            + " second");
    findings.note("each client has a session of its own, as a browser has; one thread sends all");
    return findings.result(
        name(), "echo of " + EVENT.length() + " bytes, 1 and " + clients + " clients");
  }

  private static void throughput(Findings findings, String subject, double leastPerSecond) {
    double perSecond = findings.median(subject + "CallsPerSecond");
    findings.goal(subject + "MicrosPerCall", 1e6 / leastPerSecond, 1e6 / Math.max(1, perSecond));
  }
}
