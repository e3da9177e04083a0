package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Timeline;
import dev.heddle.process.Closer;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Consumer;

/**
 * Frames over WebSockets and back: through the gateway to a function, with plain connections,
 * beside servers that send them back themselves. Fails on frames that are lost, changed or come
 * twice. Of the general options it takes warm-up, runs and requests (of each run and number of
 * clients), and peers.
 */
public final class EchoExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  private final JavaCommand java;
  private final Path directory;
  private final Path packages;
  private final List<Integer> clients;

  /**
   * @param java starts nodes
   * @param directory empty; takes data and logs, which stay
   * @param packages keeps what npm fetches, for later runs
   * @param clients at once, in turns
   */
  public EchoExperiment(JavaCommand java, Path directory, Path packages, List<Integer> clients) {
    this.java = java;
    this.directory = directory;
    this.packages = packages;
    this.clients = List.copyOf(clients);
  }

  @Override
  public String name() {
    return "echo";
  }

  @Override
  public String about() {
    return "frames over WebSockets to a function and back, by clients, beside bare servers";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    int most = clients.stream().mapToInt(each -> each).max().orElse(0);
    SocketFleet.check(name(), most);
    var findings = new Findings();
    var ports = new FreePorts();
    var peers = new SocketPeers(options, directory, packages, ports, ticker, findings);
    var nodes = GatewayNodes.together(directory.resolve("nodes"), ports, 1, most);
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      progress.accept("starting a process");
      cluster.start(START);
      var gateway = nodes.gateways().getFirst();
      Talk.deploy(gateway);
      var servers = new ArrayList<SocketServer>();
      servers.add(heddle(gateway, cluster));
      for (var peer : SocketPeers.ALL) {
        var running = peers.start(peer);
        running.ifPresent(each -> {
          closer.register(each.server().name(), each);
          servers.add(each.server());
        });
      }
      for (int each : clients) {
        rounds(servers, each, options.load(), findings, ticker, progress);
      }
    }
    findings.note(
        "heddle calls a function for each frame; the others send it back themselves, and nchan over"
            + " a channel for each client");
    return findings.result(
        name(), "frames of " + EchoLoop.BYTES + " bytes, one under way for each client");
  }

  private static SocketServer heddle(HostPort gateway, ProcessCluster cluster) {
    var door = Door.plain(gateway, Talk.path());
    return new SocketServer("heddle", gateway, cluster::pids, _ -> door, door);
  }

  private static void rounds(
      List<SocketServer> servers,
      int clients,
      BenchOptions.Load load,
      Findings findings,
      Ticker ticker,
      Consumer<String> progress)
      throws InterruptedException {
    try (var fleet = new SocketFleet(1)) {
      var loops = new ArrayList<EchoLoop>();
      for (var server : servers) {
        var loop = new EchoLoop(fleet, server.echo(), clients, PATIENCE, ticker);
        loops.add(loop);
        loop.run(load.warmup()).failures().forEach(findings::problem);
      }
      for (int run = 1; run <= load.runs(); run++) {
        for (int at = 0; at < servers.size(); at++) {
          var server = servers.get(at);
          var name =
              "%s, %d %s, run %d"
                  .formatted(server.name(), clients, clients == 1 ? "client" : "clients", run);
          progress.accept(name);
          var cpu = new CpuShare(server.pids().get());
          var outcome = loops.get(at).run(load.requests());
          var figures = new LinkedHashMap<>(outcome.figures());
          figures.putAll(cpu.per(outcome.times().count()));
          findings.series(name, outcome.times(), figures, new Timeline());
          outcome.failures().forEach(each -> findings.problem(name + ": " + each));
          if (outcome.times().count() != load.requests()) {
            findings.problem(
                "%s: %d frames came back (expected: %d)"
                    .formatted(name, outcome.times().count(), load.requests()));
          }
          var figure = server.name() + clients + "Clients";
          findings.figure(figure + "P50Micros", outcome.times().percentiles().p50());
          findings.figure(figure + "P99Micros", outcome.times().percentiles().p99());
          findings.figure(
              figure + "MessagesPerSecond",
              outcome.times().count() / Math.max(1e-9, outcome.seconds()));
        }
      }
      loops.forEach(EchoLoop::end);
    }
  }
}
