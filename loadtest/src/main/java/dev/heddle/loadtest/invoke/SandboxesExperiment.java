package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.NodeSpec;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.store.JvmFootprint;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * The paper's Figure 6: how many sandboxes a GiB holds, by runtime, running and paused. A leaf
 * holds N of them, and then 2 N, each in an invocation that does not end; then they are idle until
 * they are paused. What the second N add to the process is what one takes. Fails where the leaf
 * does not have as many running, or paused, as it was to have. It takes no general options.
 */
public final class SandboxesExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final double GIB = 1L << 30;
  private static final double KIB = 1_024;
  private static final String FUNCTION = "hold";
  private static final String EVENT = "{\"hold\":1}";
  private static final String RELEASE = "{\"release\":1}";
  private static final String NOTHING = "{}";

  /** What it takes to be let in is not the question here. */
  private static final String MANIFEST = "timeout: 4m\nmemory: 1MiB\n";

  private static final Duration TIMEOUT = Duration.ofMinutes(4);

  /** For handlers that compute: to be there, and to be looked at; more of them take longer. */
  private static final Duration HOLD = Duration.ofSeconds(10);

  private static final Duration HOLD_EACH = Duration.ofMillis(100);
  private static final int MOST_AGAIN = 2;

  private final JavaCommand java;
  private final Path directory;
  private final int waiting;
  private final int computing;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param waiting N of the java runtime, whose handlers wait
   * @param computing N of the wasm runtime, whose handlers cannot wait and compute instead
   */
  public SandboxesExperiment(JavaCommand java, Path directory, int waiting, int computing) {
    // A heap that is in memory from the beginning: then only what lies outside of it grows.
    this.java = java.withFlags("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch");
    this.directory = directory;
    this.waiting = waiting;
    this.computing = computing;
  }

  /** What a runtime has to hold, and how its handlers are let go. */
  private enum Kind {
    JAVA,
    WASM;

    /** Sandboxes besides those that are held: of the event that lets the others go. */
    int more() {
      return this == JAVA ? 1 : 0;
    }

    String label() {
      return this == JAVA ? "java" : "wasm";
    }
  }

  /**
   * What the leaf takes at a moment.
   *
   * @param heap bytes of reachable objects
   * @param outside bytes in memory, with a heap that is always there as a whole
   */
  private record Sample(int sandboxes, long heap, long outside) {
    static Sample of(long pid, int sandboxes) {
      long heap = JvmFootprint.total(JvmFootprint.histogram(pid));
      return new Sample(sandboxes, heap, JvmFootprint.rssKib(pid) * 1_024);
    }

    double heapOfEach(Sample before) {
      return (double) (heap - before.heap) / (sandboxes - before.sandboxes);
    }

    double outsideOfEach(Sample before) {
      return (double) (outside - before.outside) / (sandboxes - before.sandboxes);
    }

    Curve.Point point() {
      return new Curve.Point(sandboxes, heap / KIB / KIB);
    }
  }

  /**
   * @param left sandboxes after the sample
   * @param lasted whether they were as many as wanted all the time
   */
  private record Seen(Sample sample, double left, boolean lasted) {}

  /** A leaf with the function in it. */
  private record Site(
      Kind kind,
      NodeSpec node,
      long pid,
      String version,
      InvokerGrpcClient invoker,
      NodeMetrics metrics) {
    void call(String event) {
      var _ = invoker.invoke(node.internal(), FUNCTION, version, event);
    }

    List<Future<?>> hold(int count) {
      var held = new ArrayList<Future<?>>();
      for (int i = 0; i < count; i++) {
        held.add(invoker.begin(node.internal(), FUNCTION, version, EVENT));
      }
      return held;
    }

    /** Lets them go, or waits until they do, and for their replies. */
    void release(List<Future<?>> held) throws InterruptedException {
      if (kind == Kind.JAVA) {
        call(RELEASE);
      }
      try {
        for (var each : held) {
          var _ = each.get();
        }
      } catch (ExecutionException e) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, FUNCTION + ": " + e.getCause(), e);
      }
    }

    /** A sample once there are so many, and no problem only if there are as many after it. */
    Sample sample(String state, int count, Findings findings) {
      var seen = look(state, count);
      if (!seen.lasted) {
        findings.problem(
            "%s: %.0f sandboxes %s (expected: %d)"
                .formatted(kind.label(), seen.left, state, count));
      }
      return seen.sample;
    }

    private Seen look(String state, int count) {
      boolean there = metrics.comesTo("sandboxes_" + state, count, PATIENCE);
      var sample = Sample.of(pid, count);
      double left = metrics.engine("sandboxes_" + state);
      return new Seen(sample, left, there && left == count);
    }

    /**
     * A sample of so many that run, which are let go then. Handlers that compute do so for some
     * seconds: where a machine stood still for as long, all is done once more.
     */
    Sample running(int count, Findings findings) throws InterruptedException {
      for (int again = MOST_AGAIN; again > 0; again--) {
        var held = hold(count);
        var seen = look("running", count);
        release(held);
        if (seen.lasted) {
          return seen.sample;
        }
        var _ = metrics.comesTo("sandboxes_running", 0, PATIENCE);
      }
      var held = hold(count);
      var sample = sample("running", count, findings);
      release(held);
      return sample;
    }
  }

  @Override
  public String name() {
    return "sandboxes";
  }

  @Override
  public String about() {
    return "sandboxes that a GiB holds, running and paused (the paper's Fig. 6)";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    var lines = new ArrayList<Curve.Line>();
    for (var kind : Kind.values()) {
      int count = kind == Kind.JAVA ? waiting : computing;
      var more =
          """
          leaf:
            engine:
              invocation-threads: %d
              idle-instances: %d
              sandbox-memory: %dMiB
              pause-after: 1s
              destroy-after: 30m
          """
              .formatted(2 * count + 8, 2 * count + 8, 4 * count + 64);
      var at = directory.resolve(kind.label());
      var nodes = FunctionNodes.together(at, new FreePorts()).withMore(more);
      try (var cluster = new ProcessCluster(nodes.layout(), java, ticker);
          var channels = new Channels(Credentials.none())) {
        progress.accept(kind.label() + ": starting a process");
        cluster.start(START);
        var node = nodes.nodes().getFirst();
        var archive =
            kind == Kind.JAVA
                ? FunctionArchive.of(FUNCTION, MANIFEST, HoldHandler.class)
                : FunctionArchive.ofModule(
                    FUNCTION, MANIFEST, HoldModule.bytes(TIMEOUT.minus(hold(count))));
        var site =
            new Site(
                kind,
                node,
                cluster.pid(node.node()),
                new FunctionEdge(nodes.http()).deploy(FUNCTION, archive),
                new InvokerGrpcClient(channels),
                new NodeMetrics(nodes.http(), ticker));
        lines.addAll(measure(site, count, findings, progress));
      }
    }
    findings.note(
        "…HeapBytes: what each of the second N added to the reachable objects of the process,"
            + " with its invocation while it runs; …FirstHeapBytes: each of the first N;"
            + " …OutsideBytes: to its resident memory outside of the heap, which is most of all the"
            + " stack of its thread; …PerGib: 1 GiB by what one takes of both, a paused one of the"
            + " heap alone, as it has no thread");
    findings.note(
        "java: handlers that wait and hold nothing of their own. wasm: instances that have written"
            + " one page of 64 KiB and compute, as they cannot wait; a paused one has no instance");
    findings.note(
        "a leaf lets in fewer that run: it sets aside for each as much as its function may take"
            + " (memory in heddle.yaml, 128 MiB where nothing is said)");
    return findings.result(
        name(),
        "java: %d and %d, wasm: %d and %d sandboxes of a leaf, without and with work"
            .formatted(waiting, 2 * waiting, computing, 2 * computing),
        List.of(new Curve("Reachable objects of a leaf", "sandboxes", "MiB", lines)));
  }

  private static Duration hold(int count) {
    return HOLD.plus(HOLD_EACH.multipliedBy(2L * count));
  }

  private static List<Curve.Line> measure(
      Site site, int count, Findings findings, Consumer<String> progress)
      throws InterruptedException {
    var name = site.kind().label();
    progress.accept(name + ": warming up");
    site.call(NOTHING);
    var _ = site.running(Math.max(1, count / 8), findings);
    var _ = site.sample("running", 0, findings);
    var running = new ArrayList<Sample>();
    var paused = new ArrayList<Sample>();
    running.add(Sample.of(site.pid(), 0));
    paused.add(Sample.of(site.pid(), (int) site.metrics().engine("sandboxes_idle")));
    for (int times = 1; times <= 2; times++) {
      int held = times * count;
      progress.accept("%s: %,d running".formatted(name, held));
      running.add(site.running(held, findings));
      progress.accept("%s: %,d paused".formatted(name, held));
      paused.add(site.sample("paused", held + site.kind().more(), findings));
    }
    figures(name + "Running", running, true, findings);
    figures(name + "Paused", paused, false, findings);
    return List.of(line(name + ", running", running), line(name + ", paused", paused));
  }

  private static Curve.Line line(String name, List<Sample> samples) {
    return new Curve.Line(name, samples.stream().map(Sample::point).toList());
  }

  private static void figures(
      String name, List<Sample> samples, boolean threads, Findings findings) {
    double heap = samples.get(2).heapOfEach(samples.get(1));
    findings.figure(name + "HeapBytes", heap);
    findings.figure(name + "FirstHeapBytes", samples.get(1).heapOfEach(samples.get(0)));
    double each = heap;
    if (threads) {
      double outside = samples.get(2).outsideOfEach(samples.get(0));
      findings.figure(name + "OutsideBytes", outside);
      each += outside;
    }
    findings.figure(name + "PerGib", GIB / Math.max(1, each));
  }
}
