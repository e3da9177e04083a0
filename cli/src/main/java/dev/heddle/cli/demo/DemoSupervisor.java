package dev.heddle.cli.demo;

import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Starts the demo's processes, keeps those running that are not vital, and takes all of them down.
 *
 * <p>Each process has a keeper, a virtual thread that starts it and waits for its end. {@link
 * #close} may be called from any thread, more than once, also while {@link #start} runs.
 */
final class DemoSupervisor implements AutoCloseable {
  /** For the processes to end in good order, before they are killed. */
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final Launcher launcher;
  private final RestartPolicy policy;
  private final Console console;
  private final Ticker ticker;
  private final List<Keeper> keepers = new ArrayList<>();
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final CompletableFuture<String> ended = new CompletableFuture<>();

  DemoSupervisor(Launcher launcher, RestartPolicy policy, Console console, Ticker ticker) {
    this.launcher = launcher;
    this.policy = policy;
    this.console = console;
    this.ticker = ticker;
  }

  /** Starts all of them at once, and returns without waiting for them. */
  void start(List<NodeSpec> specs) {
    synchronized (keepers) {
      for (NodeSpec spec : specs) {
        Keeper keeper = new Keeper(spec);
        keepers.add(keeper);
        keeper.thread = Thread.ofVirtual().name("keeper-of-" + spec.node()).start(keeper);
      }
    }
  }

  /**
   * Waits until all serve.
   *
   * @throws HeddleException if one ends instead, or takes too long; with its last log lines
   */
  void awaitReady(Duration limit) throws InterruptedException {
    long deadline = ticker.nanoTime() + limit.toNanos();
    for (Keeper keeper : snapshot()) {
      try {
        CompletableFuture.anyOf(keeper.ready, ended)
            .get(Math.max(0, deadline - ticker.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        throw new HeddleException(
            ErrorCode.DEADLINE_EXCEEDED,
            keeper.spec.node()
                + " does not serve after "
                + limit.toSeconds()
                + " s; its log ends with:"
                + indented(launcher.lastLines(keeper.spec)),
            e);
      } catch (ExecutionException e) {
        throw new IllegalStateException("a keeper failed", e);
      }
      if (ended.isDone()) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, ended.join());
      }
    }
  }

  /**
   * Waits until the demo has to end.
   *
   * @return why; empty when {@link #close} was called
   */
  String awaitEnd() throws InterruptedException {
    try {
      return ended.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a keeper failed", e);
    }
  }

  /** Why the demo has to end, if it has to. */
  Optional<String> ended() {
    return ended.isDone() ? Optional.of(ended.join()) : Optional.empty();
  }

  /** Whether {@link #close} was called. */
  boolean stopped() {
    return stopping.getCount() == 0;
  }

  /** Waits a while; true if {@link #close} was called meanwhile. */
  boolean awaitStop(Duration time) throws InterruptedException {
    return stopping.await(time.toNanos(), TimeUnit.NANOSECONDS);
  }

  /**
   * Stops the processes by turns: whoever stops still finds those whose turn comes later. Waits for
   * the end of all.
   */
  @Override
  public void close() {
    stopping.countDown();
    ended.complete("");
    long deadline = ticker.nanoTime() + GRACE.toNanos();
    List<Keeper> all = snapshot();
    boolean interrupted = false;
    for (int turn = 0; turn < NodeSpec.TURNS; turn++) {
      int now = turn;
      List<Keeper> some = all.stream().filter(keeper -> keeper.spec.turn() == now).toList();
      some.forEach(Keeper::terminate);
      for (Keeper keeper : some) {
        interrupted |= !keeper.awaitClosed(deadline);
      }
    }
    for (Keeper keeper : all) {
      interrupted |= !keeper.awaitEnd(interrupted ? ticker.nanoTime() : deadline);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private List<Keeper> snapshot() {
    synchronized (keepers) {
      return List.copyOf(keepers);
    }
  }

  private static String indented(List<String> lines) {
    StringBuilder text = new StringBuilder();
    lines.forEach(line -> text.append("\n    ").append(line));
    return text.toString();
  }

  /** Keeps one process. {@link #child} belongs to the keeper's monitor, all else to its thread. */
  private final class Keeper implements Runnable {
    final NodeSpec spec;
    final CompletableFuture<Void> ready = new CompletableFuture<>();
    @Nullable Thread thread;
    private @Nullable Child child;
    private int crashes;

    Keeper(NodeSpec spec) {
      this.spec = spec;
    }

    @Override
    public void run() {
      try {
        do {
          keep();
        } while (!stopped() && !spec.vital() && ready.isDone() && awaitRestart());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (IOException | RuntimeException e) {
        ended.complete(spec.node() + " cannot be started: " + e.getMessage());
      }
    }

    /** From a start to the end of the process. */
    private void keep() throws IOException, InterruptedException {
      Child started;
      synchronized (this) {
        if (stopped()) {
          return;
        }
        started = launcher.launch(spec);
        child = started;
      }
      long startedAt = ticker.nanoTime();
      var _ = started.ready().thenRun(() -> onReady(started, startedAt));
      int code;
      try {
        code = started.exited().get();
      } catch (ExecutionException e) {
        throw new IllegalStateException("waiting for " + spec.node() + " failed", e);
      }
      if (stopped()) {
        return;
      }
      boolean steady = ticker.nanoTime() - startedAt >= policy.steady().toNanos();
      crashes = steady ? 1 : crashes + 1;
      onExit(started, code);
    }

    private void onReady(Child started, long startedAt) {
      boolean first = ready.complete(null);
      if (!stopped()) {
        console.note(
            "heddle: "
                + spec.node()
                + (first ? " is up (" : " is up again (")
                + Figures.nanos(ticker.nanoTime() - startedAt)
                + ", process "
                + started.pid()
                + ")");
      }
    }

    private void onExit(Child gone, int code) {
      String what = spec.node() + " (process " + gone.pid() + ") ended with exit code " + code;
      if (spec.vital() || !ready.isDone()) {
        ended.complete(what + "; its log ends with:" + indented(launcher.lastLines(spec)));
        return;
      }
      console.note(
          "heddle: "
              + what
              + "; starting it again in "
              + policy.pause(crashes).toSeconds()
              + " s (log: "
              + spec.log()
              + ")");
    }

    /** Returns false when there is nothing to start again. */
    private boolean awaitRestart() throws InterruptedException {
      Duration pause = policy.pause(crashes);
      boolean told = false;
      while (!awaitStop(pause)) {
        if (!launcher.locked(spec)) {
          return true;
        }
        if (!told) {
          told = true;
          console.note(
              "heddle: " + spec.node() + " was started by somebody else; watching its directory");
        }
        pause = policy.lookAgain();
      }
      return false;
    }

    void terminate() {
      synchronized (this) {
        if (child != null) {
          child.terminate();
        }
      }
    }

    /** Returns false if interrupted. */
    boolean awaitClosed(long deadline) {
      CompletableFuture<?> gone;
      synchronized (this) {
        if (child == null) {
          return true;
        }
        gone = CompletableFuture.anyOf(child.closed(), child.exited());
      }
      try {
        gone.get(Math.max(0, deadline - ticker.nanoTime()), TimeUnit.NANOSECONDS);
      } catch (TimeoutException | ExecutionException e) {
        // Then it will be killed.
        return true;
      } catch (InterruptedException e) {
        return false;
      }
      return true;
    }

    /** Kills the process at the deadline; returns false if interrupted before. */
    boolean awaitEnd(long deadline) {
      Thread keeping = thread;
      if (keeping == null) {
        return true;
      }
      try {
        if (keeping.join(Duration.ofNanos(Math.max(0, deadline - ticker.nanoTime())))) {
          return true;
        }
        kill();
        keeping.join();
        return true;
      } catch (InterruptedException e) {
        kill();
        return false;
      }
    }

    private void kill() {
      synchronized (this) {
        if (child != null) {
          child.kill();
        }
      }
    }
  }
}
