package dev.heddle.loadtest.chaos;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A cluster of real processes on this machine, each of which can be killed, paused and started
 * again. {@link #close} ends all of them, as does the end of this process. Safe for any thread.
 */
public final class ProcessCluster implements AutoCloseable {
  private final ClusterLayout layout;
  private final JavaCommand java;
  private final Ticker ticker;
  private final Map<String, NodeSpec> specs = new LinkedHashMap<>();
  private final Map<String, NodeProcess> processes = new ConcurrentHashMap<>();
  private final AtExit atExit;
  private final Object starting = new Object();

  /** Guarded by {@link #starting}. */
  private boolean closed;

  public ProcessCluster(ClusterLayout layout, JavaCommand java, Ticker ticker) {
    this.layout = layout;
    this.java = java;
    this.ticker = ticker;
    layout.nodes().forEach(spec -> specs.put(spec.node(), spec));
    this.atExit = AtExit.run("cluster-at-exit", this::killAll);
  }

  public ClusterLayout layout() {
    return layout;
  }

  /**
   * Starts all nodes that do not run, and waits until they serve.
   *
   * @throws HeddleException UNAVAILABLE with the end of the log of one that does not
   */
  public void start(Duration limit) throws InterruptedException {
    for (var spec : layout.nodes()) {
      if (!running(spec.node())) {
        start(spec.node());
      }
    }
    awaitReady(limit);
  }

  /** Starts a node that does not run; returns before it serves. */
  public void start(String node) {
    synchronized (starting) {
      if (closed || running(node)) {
        throw new HeddleException(
            ErrorCode.CONFLICT, node + ": runs, or must not (expected: a stopped node)");
      }
      processes.put(node, NodeProcess.start(spec(node), java));
    }
  }

  private NodeSpec spec(String node) {
    var spec = specs.get(node);
    if (spec == null) {
      throw new IllegalArgumentException("node: " + node + " (expected: " + specs.keySet() + ")");
    }
    return spec;
  }

  private NodeProcess process(String node) {
    var process = processes.get(node);
    if (process == null) {
      throw new IllegalStateException(node + ": never started");
    }
    return process;
  }

  /** Waits until all nodes serve. */
  public void awaitReady(Duration limit) throws InterruptedException {
    long end = ticker.nanoTime() + limit.toNanos();
    for (var node : specs.keySet()) {
      process(node).awaitReady(Duration.ofNanos(Math.max(0, end - ticker.nanoTime())));
    }
  }

  /** Whether the node's process is there; it may be paused. */
  public boolean running(String node) {
    var process = processes.get(node);
    return process != null && process.alive();
  }

  /** Whether the node has said that it serves, and is there. */
  public boolean serves(String node) {
    var process = processes.get(node);
    return process != null && process.serves();
  }

  public long pid(String node) {
    return process(node).pid();
  }

  /** Of the processes that are there. */
  public List<Long> pids() {
    return processes.values().stream()
        .filter(NodeProcess::alive)
        .map(NodeProcess::pid)
        .sorted()
        .toList();
  }

  /** As {@code kill -9}; returns when the process is gone. */
  public void kill(String node) {
    process(node).kill();
  }

  /** Ends a node in good order. */
  public void stop(String node, Duration grace) throws InterruptedException {
    process(node).end(grace);
  }

  /**
   * Stops a node for some time.
   *
   * @return completes when it goes on
   */
  public CompletableFuture<Void> pause(String node, Duration time) {
    return process(node).pause(time);
  }

  private void killAll() {
    List<NodeProcess> all;
    synchronized (starting) {
      closed = true;
      all = List.copyOf(processes.values());
    }
    all.forEach(NodeProcess::killNow);
    all.forEach(NodeProcess::kill);
  }

  /** Nodes that stand still would be waited for. */
  private void takeBills() {
    specs.values().stream()
        .filter(spec -> spec.roles().contains("coordinator") && serves(spec.node()))
        .flatMap(spec -> spec.http().stream())
        .forEach(ClusterBills::take);
  }

  /** Kills all nodes; nothing of them is left on return but their files. */
  @Override
  public void close() {
    takeBills();
    killAll();
    atExit.cancel();
  }
}
