package dev.heddle.loadtest.invoke;

import dev.heddle.engine.Code;
import dev.heddle.engine.Manifest;
import dev.heddle.engine.wasm.WasmLimits;
import dev.heddle.engine.wasm.WasmRuntime;
import dev.heddle.loadtest.chaos.ClusterLayout;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.EchoHandler;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.invoke.SandboxStates.Subject;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.wasm.LargeModule;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * How soon code runs: the first call of a shipped version at a leaf that joined after its deploy,
 * beside compiling it there; the first call at every leaf right after a deploy; and, at a leaf
 * whose Java machine is warm, calls by the state of their function (the paper's Figure 5). Modules
 * have 1.5 MB, each with other code; for the states there are small functions of both runtimes,
 * too. Fails if a call does, or a function is not in its state. Of the general options it takes
 * runs, warm-up (of that leaf, in calls), and the seed.
 */
public final class ColdStartExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final int LEAVES = 2;

  /** First calls that warm the Java machine of the leaf, each of another version. */
  private static final int WARM = 5;

  private static final int QUICK_WARM = 2;

  /** Small functions of each runtime by state, and others that warm the leaf. */
  private static final int SMALL = 20;

  private static final int SMALL_WARM = 5;
  private static final int MOST_LARGE = 10;
  private static final int MOST_ROUNDS = 3;

  /** For one module, on a machine that does much else. */
  private static final Duration COMPILING = Duration.ofMinutes(2);

  private static final Duration LONGEST = Duration.ofMinutes(2);
  private static final Duration LOOK = Duration.ofMillis(2);
  private static final double MOST_FIRST_MILLIS = 50;
  private static final double MOST_EVERYWHERE_MILLIS = 1_000;
  private static final String EVENT = "{\"number\":42}";

  private final JavaCommand java;
  private final Path directory;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   */
  public ColdStartExperiment(JavaCommand java, Path directory) {
    this.java = java;
    this.directory = directory;
  }

  /** A deployed function. */
  private record Deployed(String name, String version) {}

  @Override
  public String name() {
    return "coldstart";
  }

  @Override
  public String about() {
    return "first calls of shipped code, and calls by state: new, stopped, paused, warm (Fig. 5)";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    int runs = options.load().runs();
    var ports = new FreePorts();
    var nodes =
        FunctionNodes.apart(directory, ports, LEAVES)
            .withMore(
                "coordinator: {wasm: {compiler-time: %ds}}\n".formatted(COMPILING.toSeconds()));
    var late = nodes.lateLeaf(directory, ports, "leaf-late");
    var statesHttp = ports.next("127.0.0.1");
    var states = nodes.lateNode(directory, ports, "leaf-states", statesHttp, SandboxStates.CONFIG);
    var edge = new FunctionEdge(nodes.http());
    try (var cluster = new ProcessCluster(nodes.layout(), java, ticker);
        var joining = new ProcessCluster(new ClusterLayout(List.of(late)), java, ticker);
        var other = new ProcessCluster(new ClusterLayout(List.of(states)), java, ticker);
        var channels = new Channels(Credentials.none())) {
      progress.accept("starting " + nodes.nodes().size() + " processes");
      cluster.start(START);
      var invoker = new InvokerGrpcClient(channels);
      var deployed = new ArrayList<Deployed>();
      int warm = options.quick() ? QUICK_WARM : WARM;
      for (int i = 0; i < warm + runs; i++) {
        progress.accept("deploying " + (i + 1) + " of " + (warm + runs));
        deployed.add(deploy(edge, "cold-" + i, options.seed() + i));
      }
      progress.accept("a leaf joins");
      joining.start(START);
      first(invoker, late.internal(), deployed, warm, findings, ticker);
      var leaves = new ArrayList<HostPort>();
      nodes.layout().leaves().forEach(leaf -> leaves.add(leaf.internal()));
      leaves.add(late.internal());
      progress.accept("new versions everywhere");
      everywhere(invoker, edge, leaves, options, findings, ticker);
      var small = small(edge, options.quick() ? 2 : SMALL, progress);
      progress.accept("another leaf joins");
      other.start(START);
      var metrics = new NodeMetrics(statesHttp, ticker);
      byState(
          new SandboxStates(states, invoker, metrics, ticker, findings, progress),
          deployed,
          warm,
          small,
          options);
    }
    progress.accept("compiling");
    compile(options, findings, ticker);
    findings.goal("firstCallMillis", MOST_FIRST_MILLIS);
    findings.goal("everywhereMillis", MOST_EVERYWHERE_MILLIS);
    findings.goal("largeWasmNewP50Millis", MOST_FIRST_MILLIS);
    findings.figure(
        "compilingToFirstCallTimes",
        findings.median("compilingMillis") / findings.median("firstCallMillis"));
    findings.note(
        "first calls include the call to the leaf, the way of the code from another leaf, and its"
            + " first result; the leaf's Java machine is warm by "
            + (options.quick() ? QUICK_WARM : WARM)
            + " other versions");
    findings.note("everywhere: from the deploy's answer to the first result at the last leaf");
    findings.note(
        "by state, at a leaf that has run other versions: new: never at this leaf, so that the code"
            + " comes from another one; stopped: the code is loaded, and its sandbox has ended;"
            + " paused: its sandbox is there; warm: right after another call. java and wasm: small"
            + " functions; largeWasm: 1.5 MB. A wasm instance is made for each call in any state");
    return findings.result(name(), "modules of 1.5 MB, %d leaves and one late".formatted(LEAVES));
  }

  /** Small functions of both runtimes, those that warm the leaf first. */
  private static Map<String, List<Subject>> small(
      FunctionEdge edge, int count, Consumer<String> progress) {
    progress.accept("deploying %d small functions".formatted(2 * (SMALL_WARM + count)));
    var small = new LinkedHashMap<String, List<Subject>>();
    for (var runtime : List.of("java", "wasm")) {
      var subjects = new ArrayList<Subject>();
      for (int i = 0; i < SMALL_WARM + count; i++) {
        var name = "small-" + runtime + "-" + i;
        var version =
            runtime.equals("java")
                ? edge.deploy(name, FunctionArchive.of(name, "", EchoHandler.class))
                : edge.deployModule(name, EchoModule.bytes());
        subjects.add(new Subject(name, version, EVENT));
      }
      small.put(runtime, subjects);
    }
    return small;
  }

  private static void byState(
      SandboxStates states,
      List<Deployed> large,
      int warm,
      Map<String, List<Subject>> small,
      BenchOptions options) {
    var warming = new ArrayList<Subject>();
    var kinds = new LinkedHashMap<String, List<Subject>>();
    small.forEach((runtime, subjects) -> {
      warming.addAll(subjects.subList(0, SMALL_WARM));
      kinds.put(runtime, subjects.subList(SMALL_WARM, subjects.size()));
    });
    var modules =
        large.stream().map(each -> new Subject(each.name(), each.version(), EVENT)).toList();
    warming.addAll(modules.subList(0, warm));
    int last = Math.min(modules.size(), warm + MOST_LARGE);
    kinds.put("largeWasm", modules.subList(warm, last));
    states.warm(warming, options.load().warmup());
    states.measure(kinds, Math.min(MOST_ROUNDS, options.load().runs()));
  }

  private static Deployed deploy(FunctionEdge edge, String name, long seed) {
    return new Deployed(name, edge.deployModule(name, LargeModule.bytes(seed)));
  }

  private static void first(
      InvokerGrpcClient invoker,
      HostPort leaf,
      List<Deployed> deployed,
      int warm,
      Findings findings,
      Ticker ticker) {
    var times = new LatencyRecorder();
    var again = new LatencyRecorder();
    for (int i = 0; i < deployed.size(); i++) {
      long began = ticker.nanoTime();
      call(invoker, leaf, deployed.get(i), findings);
      long nanos = ticker.nanoTime() - began;
      began = ticker.nanoTime();
      call(invoker, leaf, deployed.get(i), findings);
      if (i >= warm) {
        times.record(nanos);
        again.record(ticker.nanoTime() - began);
        findings.figure("firstCallMillis", nanos / 1e6);
      }
    }
    findings.series("first call of a shipped version", times);
    findings.series("second call", again);
  }

  private static void call(
      InvokerGrpcClient invoker, HostPort leaf, Deployed function, Findings findings) {
    var reply = invoker.invoke(leaf, function.name(), function.version(), EVENT);
    if (!reply.equals(EVENT)) {
      findings.problem(function.name() + ": " + reply + " (expected: " + EVENT + ")");
    }
  }

  private static void everywhere(
      InvokerGrpcClient invoker,
      FunctionEdge edge,
      List<HostPort> leaves,
      BenchOptions options,
      Findings findings,
      Ticker ticker)
      throws InterruptedException {
    var times = new LatencyRecorder();
    int runs = options.load().runs();
    for (int run = 1; run <= runs; run++) {
      var deployed = deploy(edge, "new", options.seed() + 1_000 + run);
      long began = ticker.nanoTime();
      long last = 0;
      List<Callable<Long>> calls = new ArrayList<>();
      leaves.forEach(leaf -> calls.add(() -> ready(invoker, leaf, deployed, began, ticker)));
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (Future<Long> call : threads.invokeAll(calls)) {
          last = Math.max(last, call.get());
        }
      } catch (ExecutionException e) {
        findings.problem("new version, run " + run + ": " + e.getCause());
      }
      times.record(last);
      findings.figure("everywhereMillis", last / 1e6);
    }
    findings.series("every leaf after a deploy", times);
  }

  /** Nanoseconds from the deploy to the first result at a leaf, which may not know it yet. */
  private static long ready(
      InvokerGrpcClient invoker, HostPort leaf, Deployed function, long began, Ticker ticker) {
    while (true) {
      try {
        var _ = invoker.invoke(leaf, function.name(), function.version(), EVENT);
        return ticker.nanoTime() - began;
      } catch (HeddleException e) {
        boolean unknown = e.code() == ErrorCode.UNKNOWN_FUNCTION || e.code() == ErrorCode.NOT_FOUND;
        if (!unknown || ticker.nanoTime() - began > LONGEST.toNanos()) {
          throw e;
        }
        LockSupport.parkNanos(LOOK.toNanos());
      }
    }
  }

  /** As a leaf would have to do it, had nobody compiled the code at the deploy. */
  private static void compile(BenchOptions options, Findings findings, Ticker ticker) {
    var usual = WasmLimits.defaults();
    var runtime = new WasmRuntime(usual.withCompiler(usual.compilerHeap(), COMPILING), ticker);
    var manifest = Manifest.parse("name: cold\nruntime: wasm\nkind: handler\n");
    var times = new LatencyRecorder();
    for (int run = 0; run < options.load().runs(); run++) {
      var module = LargeModule.bytes(options.seed() + run);
      var code = new Code(module, Map.of(Code.SINGLE, module));
      long began = ticker.nanoTime();
      if (runtime.check(code, manifest).compiled().isEmpty()) {
        findings.problem("compiling: nothing came of it");
      }
      long nanos = ticker.nanoTime() - began;
      times.record(nanos);
      findings.figure("compilingMillis", nanos / 1e6);
    }
    findings.series("compiling it there", times);
  }
}
