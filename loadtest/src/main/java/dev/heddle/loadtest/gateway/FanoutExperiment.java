package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * One frame for all of many WebSockets, published by one request: from its sending to each client,
 * and to the last; a gateway's in a channel, which keeps it in its history first. Fails on frames
 * that are lost or come twice. Of the general options it takes runs, requests (frames, in all
 * rounds of a run, of which there are eight at least), warm-up (of them) and peers.
 */
public final class FanoutExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final int LEAST_ROUNDS = 8;
  private static final int LOOKS = 60;

  /** Who they are is asked of so many connections at a time: a node bounds its calls. */
  private static final int ASKED = 200;

  private static final String WHO = "{\"action\":\"who\"}";

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
    var findings = new Findings();
    var ports = new FreePorts();
    var peers = new SocketPeers(options, directory, packages, ports, ticker, findings);
    var nodes = GatewayNodes.together(directory.resolve("nodes"), ports, 1, clients);
    SocketFleet.check(name(), clients * (1 + SocketPeers.ALL.size()));
    var subjects = new ArrayList<Rounds>();
    try (var closer = new Closer()) {
      var fleet = closer.register("fleet", new SocketFleet(1));
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      progress.accept("starting a process");
      cluster.start(START);
      var gateway = nodes.gateways().getFirst();
      Talk.deploy(gateway);
      subjects.add(heddle(gateway, cluster, fleet, closer, ticker));
      for (var peer : SocketPeers.ALL) {
        var running = peers.start(peer);
        if (running.isPresent()) {
          closer.register(peer.label(), running.get());
          subjects.add(bare(running.get(), fleet, closer, ticker));
        }
      }
      for (var subject : subjects) {
        progress.accept(subject.name() + ": warm-up");
        var _ =
            subject.run(subject.name() + ", warm-up", rounds(options.load().warmup()), findings);
      }
      for (int run = 1; run <= options.load().runs(); run++) {
        for (var subject : subjects) {
          progress.accept(subject.name() + ", run " + run);
          subject.measure(run, rounds(options.load().requests()), clients, findings);
        }
      }
    }
    findings.note("heddle: in a channel, whose history has a frame before it is sent");
    return findings.result(name(), clients + " WebSockets of each server");
  }

  private int rounds(int frames) {
    return Math.max(LEAST_ROUNDS, frames / clients);
  }

  private Rounds heddle(
      HostPort gateway, ProcessCluster cluster, SocketFleet fleet, Closer closer, Ticker ticker)
      throws InterruptedException {
    var book = new RoundBook(clients, ticker);
    var named = new ArrayList<Named>();
    var askable = new Semaphore(ASKED);
    var door = Door.plain(gateway, Talk.path());
    var sockets =
        fleet.openAll(
            door,
            clients,
            number -> {
              var one = new Named(number, book, askable);
              named.add(one);
              return one;
            });
    for (var socket : sockets) {
      if (!askable.tryAcquire(ANSWER.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "connections: no ids (expected: an answer to " + WHO + ")");
      }
      socket.send(WHO);
    }
    var ids = new ArrayList<String>();
    for (var one : named) {
      try {
        ids.add(one.id.get(ANSWER.toNanos(), TimeUnit.NANOSECONDS));
      } catch (ExecutionException | TimeoutException e) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "connection " + one.number + ": no id: " + e, e);
      }
    }
    var publisher = closer.register("channel", GatewayChannel.of(gateway, ids, ticker));
    return new Rounds("heddle", book, publisher, cluster::pids, () -> true);
  }

  private Rounds bare(SocketPeers.Running running, SocketFleet fleet, Closer closer, Ticker ticker)
      throws InterruptedException {
    var book = new RoundBook(clients, ticker);
    var server = running.server();
    var _ = fleet.openAll(server.subscribe(), clients, number -> new Receiver(number, book));
    var publisher =
        closer.register(
            server.name() + "-publisher", PostLane.publisher(server.address(), "/pub", ticker));
    return new Rounds(server.name(), book, publisher, server.pids(), afterLooks());
  }

  /** Servers may answer a handshake a moment before they count its socket among subscribers. */
  private static BooleanSupplier afterLooks() {
    var looks = new int[1];
    return () -> looks[0] >= LOOKS || ++looks[0] >= LOOKS;
  }

  private static class Receiver implements SocketListener {
    final int number;
    final RoundBook book;

    Receiver(int number, RoundBook book) {
      this.number = number;
      this.book = book;
    }

    @Override
    public void text(ClientSocket socket, String text) {
      book.received(number, text);
    }

    @Override
    public void closed(int code) {
      book.failed("client " + number + ": closed with " + code);
    }
  }

  /** Whose first frame is its id. */
  private static final class Named extends Receiver {
    private final CompletableFuture<String> id = new CompletableFuture<>();
    private final Semaphore askable;

    /**
     * @param askable gets back what the question took, with its answer
     */
    Named(int number, RoundBook book, Semaphore askable) {
      super(number, book);
      this.askable = askable;
    }

    @Override
    public void text(ClientSocket socket, String text) {
      if (id.complete(text)) {
        askable.release();
      } else {
        super.text(socket, text);
      }
    }
  }
}
