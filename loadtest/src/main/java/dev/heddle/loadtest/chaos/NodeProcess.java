package dev.heddle.loadtest.chaos;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One run of a node. It hangs on a pipe from here, and ends when this process does, however that
 * goes. Safe for any thread.
 */
final class NodeProcess {
  private static final String READY = "heddle node ready ";
  private static final int LAST_LINES = 15;

  private final NodeSpec spec;
  private final Process process;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();

  private NodeProcess(NodeSpec spec, Process process) {
    this.spec = spec;
    this.process = process;
  }

  /** Starts the node; returns before it serves. */
  static NodeProcess start(NodeSpec spec, JavaCommand java) {
    var command = new ArrayList<>(spec.wrapper());
    command.addAll(java.line());
    command.addAll(List.of("node", "--roles", String.join(",", spec.roles()), "--config"));
    command.add(spec.configFile().toString());
    command.add("--exit-with-parent");
    try {
      Files.createDirectories(spec.home());
      Files.writeString(spec.configFile(), spec.config());
      var builder =
          new ProcessBuilder(command)
              .redirectInput(Redirect.PIPE)
              .redirectOutput(Redirect.PIPE)
              .redirectError(Redirect.appendTo(spec.log().toFile()));
      builder.environment().putAll(java.environment());
      var node = new NodeProcess(spec, builder.start());
      // Not a virtual one: while it waits for a pipe, it holds the thread that carries it.
      Thread.ofPlatform().daemon().name("stdout-of-" + spec.node()).start(node::read);
      return node;
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, spec.node() + ": " + e + " (expected: a process)", e);
    }
  }

  private void read() {
    try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(READY)) {
          ready.complete(null);
        }
      }
    } catch (IOException e) {
      // The pipe broke: its exit tells the rest.
    }
    ready.completeExceptionally(
        new HeddleException(ErrorCode.UNAVAILABLE, spec.node() + ": ended before it served"));
  }

  long pid() {
    return process.pid();
  }

  boolean alive() {
    return process.isAlive();
  }

  /** Whether it serves, as far as it has said. */
  boolean serves() {
    return alive() && ready.isDone() && !ready.isCompletedExceptionally();
  }

  /**
   * @throws HeddleException with the end of its log if it does not serve in time
   */
  void awaitReady(Duration limit) throws InterruptedException {
    try {
      ready.get(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE,
          spec.node() + ": does not serve; its log ends with:\n" + lastLines(),
          e);
    }
  }

  private String lastLines() {
    try {
      var lines = Files.readAllLines(spec.log());
      return String.join("\n", lines.subList(Math.max(0, lines.size() - LAST_LINES), lines.size()));
    } catch (IOException e) {
      return "(" + e + ")";
    }
  }

  /** As {@code kill -9}; does not wait. */
  void killNow() {
    process.destroyForcibly();
  }

  /** As {@code kill -9}; returns when the process is gone, also to who is interrupted meanwhile. */
  void kill() {
    killNow();
    process.onExit().join();
  }

  /** Asks it to end in good order, and kills it after a while. */
  void end(Duration grace) throws InterruptedException {
    // By its handle, which leaves the pipes alone: their end means that we are gone.
    process.toHandle().destroy();
    if (!process.waitFor(grace.toNanos(), TimeUnit.NANOSECONDS)) {
      kill();
    }
  }

  /**
   * Stops the process for some time, with SIGSTOP and SIGCONT. A process of its own sees to it, so
   * that the node goes on also if we are gone by then.
   *
   * @return completes when it goes on
   */
  CompletableFuture<Void> pause(Duration time) {
    var seconds = String.format(Locale.ROOT, "%.3f", time.toNanos() / 1e9);
    var script = "kill -STOP $0 && sleep $1; kill -CONT $0";
    try {
      var pause =
          new ProcessBuilder("sh", "-c", script, Long.toString(pid()), seconds)
              .redirectError(Redirect.DISCARD)
              .redirectOutput(Redirect.DISCARD)
              .start();
      return pause.onExit().thenApply(done -> null);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "pause of " + spec.node() + ": " + e, e);
    }
  }
}
