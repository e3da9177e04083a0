package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.loadtest.store.JvmFootprint;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * What a WebSocket costs that says nothing: live objects of a process with N and with 2 N of them,
 * and how its resident memory grows; of a gateway alone in its grid, with plain connections and
 * with those that survive their sockets, beside bare servers. Each subject gets a process of its
 * own. Fails where connections are refused, or do not answer a ping at the end. Of the general
 * options it takes peers.
 */
public final class IdleExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final double KIB = 1_024;

  private final JavaCommand java;
  private final Path directory;
  private final Path packages;
  private final int connections;

  /**
   * @param java starts nodes
   * @param directory empty; takes data and logs, which stay
   * @param packages keeps what npm fetches, for later runs
   * @param connections N
   */
  public IdleExperiment(JavaCommand java, Path directory, Path packages, int connections) {
    this.java = java.withFlags("-Xmx1g");
    this.directory = directory;
    this.packages = packages;
    this.connections = connections;
  }

  /** Bytes of live objects in a process; empty where it does not tell. */
  @FunctionalInterface
  private interface Live {
    OptionalLong bytes();
  }

  /** A server with its processes, and where its sockets are. */
  private record Subject(String name, Door door, List<Long> pids, Live live) {}

  /**
   * What a server takes at a moment.
   *
   * @param live bytes of objects
   */
  private record Sample(int connections, OptionalLong live, long rssKib) {
    static Sample of(Subject subject, int connections) {
      var live = subject.live().bytes();
      return new Sample(
          connections, live, subject.pids().stream().mapToLong(JvmFootprint::rssKib).sum());
    }
  }

  @Override
  public String name() {
    return "idle";
  }

  @Override
  public String about() {
    return "memory of a WebSocket that says nothing, beside bare servers";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    // The server has to hold all of them in one process, whoever holds the other ends.
    SocketFleet.check(name(), 2 * connections);
    var findings = new Findings();
    var ports = new FreePorts();
    var lines = new ArrayList<Curve.Line>();
    var peers = new SocketPeers(options, directory, packages, ports, ticker, findings);
    var nodes = GatewayNodes.apart(directory.resolve("nodes"), ports, 2 * connections);
    try (var cluster = new ProcessCluster(nodes.layout(), java, ticker)) {
      progress.accept("starting 2 processes");
      cluster.start(START);
      var gateway = nodes.gateways().getFirst();
      Talk.deploy(gateway);
      var node = nodes.node(0);
      lines.add(
          hold(
              heddle("heddlePlain", Door.plain(gateway, Talk.path()), cluster, node),
              findings,
              progress));
      // Nothing of the plain ones is to be in the way of the others.
      cluster.kill(node);
      cluster.start(START);
      lines.add(
          hold(
              heddle("heddleResumable", Door.resumable(gateway, Talk.path()), cluster, node),
              findings,
              progress));
    }
    for (var peer : SocketPeers.ALL) {
      var running = peers.start(peer);
      if (running.isPresent()) {
        try (var each = running.get()) {
          lines.add(hold(subject(peer, each), findings, progress));
        }
      }
    }
    findings.note(
        "…HeapBytes: what each of the second N connections added to the live objects of the"
            + " process, after garbage collections; …RssKib: what resident memory grew by, from"
            + " none to 2 N, with whatever the collector has not given back; neither holds the"
            + " kernel's buffers");
    findings.note(
        "heddleResumable: with the entry in the grid, which has one member here: with more of them,"
            + " each entry is in two gateways");
    return findings.result(
        name(),
        "%,d and %,d WebSockets, in one process of each server"
            .formatted(connections, 2 * connections),
        List.of(
            new Curve(
                "live objects of a server",
                "connections",
                "MiB",
                lines.stream().filter(line -> !line.points().isEmpty()).toList())));
  }

  private static Subject heddle(String name, Door door, ProcessCluster cluster, String node) {
    long pid = cluster.pid(node);
    return new Subject(name, door, List.of(pid), () -> heap(pid));
  }

  private static Subject subject(Peer peer, SocketPeers.Running running) {
    var pids = running.process().pids();
    var at = running.process().address();
    Live live =
        switch (peer) {
          case WS -> () -> told(at);
          case NETTY, JETTY -> () -> heap(pids.getFirst());
          default -> OptionalLong::empty;
        };
    var door = peer == Peer.NCHAN ? running.server().subscribe() : running.server().echo().apply(0);
    return new Subject(peer.label(), door, pids, live);
  }

  private Curve.Line hold(Subject subject, Findings findings, Consumer<String> progress) {
    var name = subject.name();
    var log = directory.resolve(name + "-generator.log");
    var samples = new ArrayList<Sample>();
    try (var fleets = new Fleets(subject.door(), 2 * connections, log)) {
      samples.add(Sample.of(subject, 0));
      for (int i = 1; i <= 2; i++) {
        progress.accept(
            "%s: %,d connections from %d %s"
                .formatted(
                    name,
                    i * connections,
                    fleets.processes(),
                    fleets.processes() == 1 ? "process" : "processes"));
        fleets.open(connections);
        int alive = fleets.alive();
        if (alive != i * connections) {
          findings.problem(
              "%s: %d connections answer a ping (expected: %d)"
                  .formatted(name, alive, i * connections));
        }
        samples.add(Sample.of(subject, i * connections));
      }
      int alive = fleets.alive();
      if (alive != 2 * connections) {
        findings.problem(
            "%s: %d connections were left (expected: %d)".formatted(name, alive, 2 * connections));
      }
    }
    figures(name, samples, findings);
    var points =
        samples.stream()
            .filter(sample -> sample.live().isPresent())
            .map(sample ->
                new Curve.Point(sample.connections(), sample.live().getAsLong() / KIB / KIB))
            .toList();
    return new Curve.Line(name, points);
  }

  private void figures(String name, List<Sample> samples, Findings findings) {
    var none = samples.get(0);
    var some = samples.get(1);
    var twice = samples.get(2);
    if (twice.live().isPresent()) {
      long more = twice.live().getAsLong() - some.live().orElseThrow();
      long first = some.live().orElseThrow() - none.live().orElseThrow();
      findings.figure(name + "HeapBytes", (double) more / connections);
      findings.figure(name + "FirstHeapBytes", (double) first / connections);
    }
    findings.figure(name + "RssKib", (double) (twice.rssKib() - none.rssKib()) / (2 * connections));
  }

  private static OptionalLong heap(long pid) {
    // Not what the heap says that is used: its collector leaves gaps, and fills them.
    return OptionalLong.of(JvmFootprint.total(JvmFootprint.histogram(pid)));
  }

  private static OptionalLong told(HostPort server) {
    try (var connection = HttpConnection.open(server, HttpLimits.DEFAULTS)) {
      var request = HttpRequest.of("GET", "/heap", server, Map.of(), new byte[0]);
      return OptionalLong.of(
          Long.parseLong(new String(connection.exchange(request).body(), UTF_8)));
    } catch (IOException | NumberFormatException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, server + "/heap: " + e, e);
    }
  }
}
