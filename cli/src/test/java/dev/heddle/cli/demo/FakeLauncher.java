package dev.heddle.cli.demo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Processes that do what a test says. */
final class FakeLauncher implements Launcher {
  /** What happened, in order: {@code start a}, {@code terminate a}, {@code kill a}. */
  final List<String> events = new ArrayList<>();

  final Set<String> locked = ConcurrentHashMap.newKeySet();
  final Set<String> slow = ConcurrentHashMap.newKeySet();
  private final List<FakeChild> children = new ArrayList<>();
  private final AtomicLong pids = new AtomicLong(100);

  @Override
  public Child launch(NodeSpec spec) throws IOException {
    FakeChild child = new FakeChild(spec.node(), pids.getAndIncrement());
    synchronized (this) {
      events.add("start " + spec.node());
      children.add(child);
    }
    return child;
  }

  @Override
  public boolean locked(NodeSpec spec) {
    return locked.contains(spec.node());
  }

  @Override
  public List<String> lastLines(NodeSpec spec) {
    return List.of("last line of " + spec.node());
  }

  synchronized List<String> events() {
    return List.copyOf(events);
  }

  synchronized long starts(String node) {
    return events.stream().filter(("start " + node)::equals).count();
  }

  /** The newest process of the node. */
  synchronized FakeChild child(String node) {
    return children.reversed().stream().filter(c -> c.node.equals(node)).findFirst().orElseThrow();
  }

  private synchronized void note(String event) {
    events.add(event);
  }

  final class FakeChild implements Child {
    final CompletableFuture<Void> ready = new CompletableFuture<>();
    final CompletableFuture<Void> closed = new CompletableFuture<>();
    final CompletableFuture<Integer> exited = new CompletableFuture<>();
    private final String node;
    private final long pid;

    FakeChild(String node, long pid) {
      this.node = node;
      this.pid = pid;
    }

    @Override
    public long pid() {
      return pid;
    }

    @Override
    public CompletableFuture<Void> ready() {
      return ready;
    }

    @Override
    public CompletableFuture<Void> closed() {
      return closed;
    }

    @Override
    public CompletableFuture<Integer> exited() {
      return exited;
    }

    @Override
    public void terminate() {
      note("terminate " + node);
      if (!slow.contains(node)) {
        exited.complete(143);
      }
    }

    @Override
    public void kill() {
      note("kill " + node);
      exited.complete(137);
    }
  }
}
