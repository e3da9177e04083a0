package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.loadtest.measure.ProcessCpu;
import dev.heddle.process.Closer;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One frame for all of many WebSockets, published by one request: from its sending to each client,
 * and to the last; a gateway's in a channel, which keeps it in its history first. Each server has
 * its clients in a process of their own. Fails on frames that are lost or come twice. Of the
 * general options it takes runs, requests (frames, in all rounds of a run, of which there are
 * thirty at least), warm-up (of them) and peers.
 */
public final class FanoutExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final int LEAST_ROUNDS = 30;
  private static final String HEDDLE = "heddle";

  /** 1.25 times as fast as Jetty. */
  private static final double MOST_JETTY_TIMES = 0.8;

  /** 0.9 times as fast as nchan. */
  private static final double MOST_NCHAN_TIMES = 1.11;

  private static final double MOST_P99_TIMES = 1.3;

  private final JavaCommand java;
  private final Path directory;
  private final Path packages;
  private final int clients;

  /**
   * @param java starts nodes
   * @param directory empty; takes data and logs, which stay
   * @param packages keeps what npm fetches, for later runs
   * @param clients of each server
   */
  public FanoutExperiment(JavaCommand java, Path directory, Path packages, int clients) {
    this.java = java;
    this.directory = directory;
    this.packages = packages;
    this.clients = clients;
  }

  /** A server's processes, and its clients'. */
  private record Subject(String name, Generator subscribers, Supplier<List<Long>> pids) {
    RoundBook.Outcome play(int rounds) {
      return RoundBook.Outcome.decode(subscribers.ask("rounds " + rounds));
    }
  }

  @Override
  public String name() {
    return "fanout";
  }

  @Override
  public String about() {
    return "one frame for all of many WebSockets, beside peers";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    SocketFleet.check(name(), clients);
    var findings = new Findings();
    var ports = new FreePorts();
    var peers = new SocketPeers(options, directory, packages, ports, ticker, findings);
    var nodes = GatewayNodes.together(directory.resolve("nodes"), ports, 1, clients);
    var subjects = new ArrayList<Subject>();
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      progress.accept("starting a process");
      cluster.start(START);
      var gateway = nodes.gateways().getFirst();
      Talk.deploy(gateway);
      var door = Door.plain(gateway, Talk.path());
      subjects.add(subject(HEDDLE, SubscribersMain.GATEWAY, door, cluster::pids, closer));
      for (var peer : SocketPeers.ALL) {
        var running = peers.start(peer);
        if (running.isPresent()) {
          closer.register(peer.label(), running.get());
          var server = running.get().server();
          subjects.add(
              subject(
                  server.name(), SubscribersMain.BARE, server.subscribe(), server.pids(), closer));
        }
      }
      for (var subject : subjects) {
        progress.accept(subject.name() + ": warm-up");
        var _ = subject.subscribers().number("open");
        subject
            .play(rounds(options.load().warmup()))
            .failures()
            .forEach(each -> findings.problem(subject.name() + ", warm-up: " + each));
      }
      for (int run = 1; run <= options.load().runs(); run++) {
        for (var subject : subjects) {
          progress.accept(subject.name() + ", run " + run);
          measure(subject, run, rounds(options.load().requests()), findings);
        }
      }
    }
    compare(subjects, findings);
    findings.note("heddle: in a channel, whose history has a frame before it is sent");
    findings.note(
        "each server's clients are in a process of their own: clientCpuMicros is that one's");
    return findings.result(name(), "%,d WebSockets of each server".formatted(clients));
  }

  private int rounds(int frames) {
    return Math.max(LEAST_ROUNDS, frames / clients);
  }

  private Subject subject(
      String name, String kind, Door door, Supplier<List<Long>> pids, Closer closer) {
    var log = directory.resolve(name + "-subscribers.log");
    var generator = SubscribersMain.start(kind, door, clients, log);
    return new Subject(name, closer.register(name + "-subscribers", generator), pids);
  }

  private void measure(Subject subject, int run, int rounds, Findings findings) {
    var servers = subject.pids().get();
    var client = List.of(subject.subscribers().pid());
    long clientBefore = ProcessCpu.nanos(client);
    long serverBefore = ProcessCpu.nanos(servers);
    var outcome = subject.play(rounds);
    double frames = 1e3 * Math.max(1, outcome.each().count());
    var cpu =
        Map.of(
            "clientCpuMicros", (ProcessCpu.nanos(client) - clientBefore) / frames,
            "serverCpuMicros", (ProcessCpu.nanos(servers) - serverBefore) / frames);
    outcome
        .failures()
        .forEach(each -> findings.problem(subject.name() + ", run " + run + ": " + each));
    Rounds.tell(subject.name(), run, rounds, clients, outcome, cpu, findings);
    double micros = Math.max(1e-3, outcome.last().percentiles().mean());
    findings.figure(subject.name() + "FramesPerSecond", clients * 1e6 / micros);
  }

  private static void compare(List<Subject> subjects, Findings findings) {
    double rate = Math.max(1e-3, findings.median(HEDDLE + "FramesPerSecond"));
    for (var subject : subjects) {
      double theirs = findings.median(subject.name() + "FramesPerSecond");
      if (!subject.name().equals(HEDDLE) && theirs > 0) {
        findings.figure("to" + up(subject.name()) + "Times", rate / theirs);
      }
    }
    goal(Peer.JETTY, MOST_JETTY_TIMES, rate, findings);
    goal(Peer.NCHAN, MOST_NCHAN_TIMES, rate, findings);
    double nchan = findings.least(Peer.NCHAN.label() + "LastP99Micros");
    if (nchan > 0) {
      findings.figure("bestLastP99ToNchanTimes", findings.least(HEDDLE + "LastP99Micros") / nchan);
      findings.goal("bestLastP99ToNchanTimes", MOST_P99_TIMES);
    }
  }

  /** What a frame takes beside the peer's. */
  private static void goal(Peer peer, double most, double rate, Findings findings) {
    double theirs = findings.median(peer.label() + "FramesPerSecond");
    if (theirs > 0) {
      findings.goal(peer.label() + "ToHeddleTimes", most, theirs / rate);
    }
  }

  private static String up(String name) {
    return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
  }
}
