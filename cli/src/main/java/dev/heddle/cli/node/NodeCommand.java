package dev.heddle.cli.node;

import dev.heddle.cli.terminal.Console;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Command line of a server process. */
@Command(
    name = "node",
    description = "Runs a server process with one or more roles until it is told to stop.",
    footer = {
      "",
      "Example:",
      "  heddle node --roles leaf --config leaf-1.yaml",
      "",
      "with this in leaf-1.yaml:",
      "  node: leaf-1",
      "  directory: /var/lib/heddle/leaf-1",
      "  internal: 127.0.0.1:7101",
      "  replication: 127.0.0.1:7201",
      "  catalog: {seeds: [127.0.0.1:7102, 127.0.0.1:7103]}",
      "",
      "The first leaf of a new cluster has catalog: {bootstrap: true} as well.",
      "",
      "HEDDLE_LOG says how much it logs to standard error: error, warn, info (default), debug."
    })
public final class NodeCommand implements Callable<Integer> {
  /** How the line begins that says, on standard output, that the node serves. */
  public static final String READY = "heddle node ready ";

  /** The line that says that the node serves no more, and its process is about to end. */
  public static final String CLOSED = "heddle node closed";

  /** How long an end may take, besides what a gateway's clients and requests are given. */
  private static final Duration LONGEST_CLOSE = Duration.ofSeconds(15);

  /** How often a node that is not ready says why. */
  private static final Duration TELL_AGAIN = Duration.ofSeconds(5);

  private final Console console;

  @Option(
      names = "--roles",
      required = true,
      split = ",",
      paramLabel = "ROLE",
      description = "gateway, coordinator, leaf; separated by commas.")
  private List<Role> roles = List.of();

  @Option(names = "--config", required = true, paramLabel = "FILE", description = "YAML.")
  private Path config = Path.of("");

  @Option(
      names = "--exit-with-parent",
      description = "Stop when standard input ends, as it does when the parent process is gone.")
  private boolean exitWithParent;

  public NodeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException {
    // Before the first logger is made.
    System.setProperty("heddle.log", System.getProperty("heddle.log", "info"));
    System.setProperty("heddle.log.libraries", "warn");
    JulToSlf4j.install();
    Set<Role> all = EnumSet.copyOf(roles);
    NodeConfig read = NodeConfig.read(config, all);
    try (Node node = new Node(read, all, Ticker.system(), Clock.systemUTC())) {
      Duration most = longestClose(read, all);
      Thread shutdown = new Thread(() -> close(node, most), "node-shutdown");
      Runtime.getRuntime().addShutdownHook(shutdown);
      if (exitWithParent) {
        ParentWatch.start(System.in, () -> leave(node, shutdown, most));
      }
      node.start();
      while (!node.awaitKnown(TELL_AGAIN)) {
        node.tellUnready();
      }
      console.line(
          READY
              + read.node()
              + " internal="
              + node.internal()
              + node.grpc().map(at -> " grpc=" + at).orElse("")
              + node.http().map(HostPort::toString).map(at -> " http=" + at).orElse(""));
      node.awaitClosed();
    }
    return 0;
  }

  /** An end may take this long; then it is made one. */
  static Duration longestClose(NodeConfig config, Set<Role> roles) {
    if (!roles.contains(Role.GATEWAY)) {
      return LONGEST_CLOSE;
    }
    var drain = config.gateway().drain();
    // Requests get it first, and then connections that do not answer.
    Duration stops = config.gateway().limits().stopTimeout().multipliedBy(2);
    return LONGEST_CLOSE.plus(drain.notice()).plus(drain.most()).plus(stops);
  }

  /** When the parent is gone: nobody waits for what else the JVM would do at its end. */
  private static void leave(Node node, Thread shutdown, Duration most) {
    if (shutdown.isAlive()) {
      // Told to stop before; the parent left while we do.
      return;
    }
    haltLater(most);
    node.close();
    Runtime.getRuntime().halt(0);
  }

  /** In the shutdown hook: an end in good order, but an end. */
  private void close(Node node, Duration most) {
    haltLater(most);
    node.close();
    console.line(CLOSED);
  }

  private static void haltLater(Duration most) {
    Thread.ofPlatform()
        .name("node-halt")
        .daemon()
        .start(() -> {
          try {
            // Nothing ends this wait but its time, or the process.
            var _ = new CountDownLatch(1).await(most.toNanos(), TimeUnit.NANOSECONDS);
            Runtime.getRuntime().halt(1);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }
}
