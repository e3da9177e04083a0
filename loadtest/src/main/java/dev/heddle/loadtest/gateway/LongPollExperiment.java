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
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.process.Closer;
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
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Clients that wait in long polls, and a frame for each of them: from its sending to its answer.
 * Published by one request: a gateway's in a channel, which keeps it in its history first. Fails on
 * frames that are lost or come twice. Of the general options it takes runs, requests (frames, in
 * all rounds of a run), warm-up (of them) and peers.
 */
public final class LongPollExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Pattern WAITING = Pattern.compile("(?:subscribers\"?: *|^)(\\d+)");

  /** How long clients of the gateway take to ask again, generously; nothing is lost if not. */
  private static final int LOOKS = 10;

  private final JavaCommand java;
  private final Path directory;
  private final int clients;

  /**
   * @param java starts nodes
   * @param directory empty; takes data and logs, which stay
   * @param clients that wait
   */
  public LongPollExperiment(JavaCommand java, Path directory, int clients) {
    this.java = java;
    this.directory = directory;
    this.clients = clients;
  }

  @Override
  public String name() {
    return "longpoll";
  }

  @Override
  public String about() {
    return "from a push to the answers of clients in long polls, beside peers";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    SocketFleet.check(name(), clients);
    var findings = new Findings();
    var ports = new FreePorts();
    var peers = new SocketPeers(options, directory, directory, ports, ticker, findings);
    var nodes = GatewayNodes.together(directory.resolve("nodes"), ports, 1, clients);
    var subjects = new ArrayList<Rounds>();
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      progress.accept("starting a process");
      cluster.start(START);
      var gateway = nodes.gateways().getFirst();
      Talk.deploy(gateway);
      subjects.add(heddle(gateway, cluster, closer, ticker));
      for (var peer : List.of(Peer.JETTY, Peer.NCHAN)) {
        var running = peers.start(peer);
        if (running.isPresent()) {
          closer.register(peer.label(), running.get());
          subjects.add(bare(peer, running.get(), closer, ticker));
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
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, name() + ": " + e, e);
    }
    findings.note(
        "heddle: in a channel, whose history has a frame before it is sent. …Each…: from the"
            + " sending to a client's answer; …Last…: to the last one of a round");
    return findings.result(name(), clients + " clients in long polls");
  }

  private int rounds(int frames) {
    return Math.max(1, frames / clients);
  }

  private Rounds heddle(HostPort gateway, ProcessCluster cluster, Closer closer, Ticker ticker)
      throws IOException {
    var book = new RoundBook(clients, ticker);
    var waiting = new ArrayList<LongPolls.Resumable>();
    for (int i = 0; i < clients; i++) {
      waiting.add(new LongPolls.Resumable(gateway, "/poll/" + Talk.APP));
    }
    var ids = waiting.stream().map(LongPolls.Resumable::id).toList();
    var publisher = closer.register("channel", GatewayChannel.of(gateway, ids, ticker));
    var polls = closer.register("polls", new LongPolls(waiting, book).start());
    return new Rounds("heddle", book, publisher, cluster::pids, settled(polls, waiting));
  }

  /** All know where their channel is, ask, and have done so at the last looks. */
  private BooleanSupplier settled(LongPolls polls, List<LongPolls.Resumable> waiting) {
    var looks = new int[1];
    return () -> {
      boolean all =
          polls.asking() == clients && waiting.stream().allMatch(LongPolls.Resumable::listens);
      looks[0] = all ? looks[0] + 1 : 0;
      if (looks[0] < LOOKS) {
        return false;
      }
      looks[0] = 0;
      return true;
    };
  }

  private Rounds bare(Peer peer, SocketPeers.Running running, Closer closer, Ticker ticker)
      throws IOException {
    var at = running.process().address();
    var book = new RoundBook(clients, ticker);
    var waiting = new ArrayList<LongPolls.Bare>();
    for (int i = 0; i < clients; i++) {
      waiting.add(new LongPolls.Bare(at, "/poll"));
    }
    boolean nchan = peer == Peer.NCHAN;
    var _ = closer.register(peer.label() + "-polls", new LongPolls(waiting, book).start());
    var path = nchan ? "/pub-poll" : "/pub";
    var publisher =
        closer.register(peer.label() + "-publisher", PostLane.publisher(at, path, ticker));
    var tells = nchan ? "/pub-poll" : "/waiting";
    return new Rounds(
        peer.label(),
        book,
        publisher,
        running.process()::pids,
        () -> waiting(at, tells) == clients);
  }

  /** How many clients wait, as the server says; of a channel that is not there yet, none. */
  private static int waiting(HostPort server, String path) {
    try (var connection = HttpConnection.open(server, HttpLimits.DEFAULTS)) {
      var headers = Map.of("Accept", "text/json");
      var reply = connection.exchange(HttpRequest.of("GET", path, server, headers, new byte[0]));
      var hit = WAITING.matcher(new String(reply.body(), UTF_8));
      return reply.ok() && hit.find() ? Integer.parseInt(hit.group(1)) : 0;
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, server + path + ": " + e, e);
    }
  }
}
