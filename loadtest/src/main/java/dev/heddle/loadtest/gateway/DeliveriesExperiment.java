package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.store.JvmFootprint;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Messages published at given rates in rooms of a hundred WebSockets each, in an open loop: from
 * when each was to be published to each member. Rates grow up to the given one as long as they are
 * kept; at the highest of them, runs alternate with such that have a member more which does not
 * read, and for which as much waits as may. Fails on messages that are lost, come twice or out of
 * order. Of the general options it takes runs.
 */
public final class DeliveriesExperiment implements Experiment {
  /** Members of a room, or all there are. */
  private static final int ROOM = 100;

  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration LIMIT = Duration.ofMinutes(3);

  /** Rooms are joined by so many at a time: a node bounds its calls. */
  private static final int JOINING = 200;

  /** Of the rate that is wanted. */
  private static final List<Double> STEPS = List.of(0.2, 0.4, 0.6, 0.8, 1.0);

  private static final double MOST_P99_MICROS = 100_000;
  private static final double MOST_TIMES = 1.1;

  /** What waits for a client at most, as nodes are configured by default. */
  private static final double CAP_KIB = 1_024;

  /** More than a gateway's cap and the kernel's buffers of both ends hold. */
  private static final int FILLING = 192;

  private static final int FILLING_BYTES = 100 << 10;

  private final JavaCommand java;
  private final Path directory;
  private final int members;
  private final int rooms;
  private final int rate;
  private final Duration length;

  /**
   * @param java starts nodes
   * @param directory empty; takes the node's data and log, which stay
   * @param members of all rooms
   * @param rate deliveries a second that are wanted
   * @param length of each run
   */
  public DeliveriesExperiment(
      JavaCommand java, Path directory, int members, int rate, Duration length) {
    this.java = java.withFlags("-Xmx1g");
    this.directory = directory;
    this.members = members;
    this.rooms = Math.max(1, members / ROOM);
    this.rate = rate;
    this.length = length;
  }

  @Override
  public String name() {
    return "deliveries";
  }

  @Override
  public String about() {
    return "messages in rooms at given rates, with and without a member that does not read";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    SocketFleet.check(name(), members + 1);
    var findings = new Findings();
    var nodes = GatewayNodes.together(directory.resolve("nodes"), new FreePorts(), 1, members + 1);
    var points = new ArrayList<Curve.Point>();
    try (var closer = new Closer()) {
      var fleet = closer.register("fleet", new SocketFleet(1));
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      progress.accept("starting a process");
      cluster.start(START);
      var gateway = nodes.gateways().getFirst();
      Talk.deployDropping(gateway);
      var book = new DeliveryBook(members, rooms, ticker);
      var publishers = new RoomPublishers(gateway, rooms, book, ticker);
      progress.accept("%,d members join %,d rooms".formatted(members, rooms));
      join(fleet, gateway, book);
      var run = new Run(publishers, book, cluster, findings);
      progress.accept("warm-up");
      var _ = run.at("warm-up", rate * STEPS.getFirst());
      double kept = 0;
      for (double step : STEPS) {
        double wanted = rate * step;
        progress.accept("%,.0f deliveries a second".formatted(wanted));
        var label = "%,.0f/s".formatted(wanted);
        double p99 = run.tell(label + ", run 1", run.at(label, wanted));
        if (p99 > MOST_P99_MICROS) {
          p99 = Math.min(p99, run.tell(label + ", run 2", run.at(label, wanted)));
        }
        points.add(new Curve.Point(wanted, p99 / 1e3));
        if (p99 > MOST_P99_MICROS && kept > 0) {
          break;
        }
        kept = wanted;
      }
      findings.figure("sustainedPerSecond", kept);
      var stalled = new Stalled(fleet, gateway, cluster.pid(nodes.node(0)));
      for (int i = 1; i <= options.load().runs(); i++) {
        progress.accept("%,.0f deliveries a second, run %d".formatted(kept, i));
        var label = "all read, run " + i;
        findings.figure("p99Micros", run.tell(label, run.at(label, kept)));
        progress.accept("one does not read, run " + i);
        stalled.begin(findings);
        label = "one does not read, run " + i;
        findings.figure("besideStalledP99Micros", run.tell(label, run.at(label, kept)));
        stalled.end(findings);
      }
      goals(findings, kept);
    }
    findings.note(
        "a room has %d members; a message counts from when it was to be published".formatted(ROOM));
    findings.note(
        "stalledKib: live objects of the gateway with the client that does not read and all that"
            + " waits for it, less those without; the kernel's buffers are none of them");
    return findings.result(
        name(),
        "%,d WebSockets in %,d rooms of one gateway".formatted(members, rooms),
        List.of(
            new Curve(
                "deliveries at growing rates",
                "deliveries a second",
                "p99, ms",
                List.of(new Curve.Line("heddle", points)))));
  }

  private void goals(Findings findings, double kept) {
    findings.goal("wantedToSustainedTimes", 1, rate / Math.max(1, kept));
    double best = findings.least("p99Micros");
    findings.figure("bestP99Micros", best);
    findings.goal("bestP99Micros", MOST_P99_MICROS);
    double times = findings.least("besideStalledP99Micros") / Math.max(1, best);
    findings.figure("stalledToReadingP99Times", times);
    findings.goal("stalledToReadingP99Times", MOST_TIMES);
    findings.goal("stalledKib", CAP_KIB);
  }

  private void join(SocketFleet fleet, HostPort gateway, DeliveryBook book)
      throws InterruptedException {
    var joining = new Semaphore(JOINING);
    var all = new ArrayList<Member>();
    var sockets =
        fleet.openAll(
            Door.plain(gateway, Talk.path()),
            members,
            number -> {
              var member = new Member(number, book, joining);
              all.add(member);
              return member;
            });
    for (int i = 0; i < members; i++) {
      if (!joining.tryAcquire(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, "rooms: no answer to who joins them");
      }
      sockets.get(i).send(joinFrame(i % rooms));
    }
    for (var member : all) {
      var channel = got(member.joined, "member " + member.number);
      if (!channel.equals(RoomPublishers.channel(member.number % rooms))) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "member " + member.number + ": joined " + channel);
      }
    }
  }

  private static String joinFrame(int room) {
    return "{\"action\":\"join\",\"room\":\"" + RoomPublishers.channel(room) + "\"}";
  }

  private static <T> T got(CompletableFuture<T> future, String who) throws InterruptedException {
    try {
      return future.get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, who + ": no answer: " + e, e);
    }
  }

  /** Whose first frame says which room it is in. */
  private static final class Member implements SocketListener {
    private final int number;
    private final DeliveryBook book;
    private final Semaphore joining;
    private final CompletableFuture<String> joined = new CompletableFuture<>();

    Member(int number, DeliveryBook book, Semaphore joining) {
      this.number = number;
      this.book = book;
      this.joining = joining;
    }

    @Override
    public void text(ClientSocket socket, String text) {
      if (joined.complete(text)) {
        joining.release();
      } else {
        book.received(number, text);
      }
    }

    @Override
    public void closed(int code) {
      book.failed("member " + number + ": closed with " + code);
    }
  }

  private final class Run {
    private final RoomPublishers publishers;
    private final DeliveryBook book;
    private final ProcessCluster cluster;
    private final Findings findings;

    Run(RoomPublishers publishers, DeliveryBook book, ProcessCluster cluster, Findings findings) {
      this.publishers = publishers;
      this.book = book;
      this.cluster = cluster;
      this.findings = findings;
    }

    /** A run at so many deliveries a second. */
    private Done at(String label, double deliveries) throws InterruptedException {
      double publications = deliveries * rooms / members;
      long count = Math.max(rooms, Math.round(publications * length.toNanos() / 1e9));
      var cpu = new CpuShare(cluster.pids());
      var late = publishers.publish(count, Math.round(1e9 / publications));
      var outcome = book.await(LIMIT);
      outcome.failures().forEach(each -> findings.problem(label + ": " + each));
      var figures = new LinkedHashMap<>(cpu.per(outcome.times().count()));
      figures.put("publishedLateP99Micros", late.percentiles().p99());
      return new Done(outcome, figures);
    }

    /** Tells of a run, and returns its p99 in microseconds. */
    double tell(String label, Done done) {
      var outcome = done.outcome();
      findings.series(label, outcome.times(), done.figures(), outcome.completions());
      return outcome.times().percentiles().p99();
    }
  }

  private record Done(DeliveryBook.Outcome outcome, LinkedHashMap<String, Double> figures) {}

  /** A member that stops reading, after which as much is sent to it as may wait. */
  private static final class Stalled {
    private final SocketFleet fleet;
    private final HostPort gateway;
    private final long pid;
    private List<ClientSocket> sockets = List.of();
    private String path = "";

    Stalled(SocketFleet fleet, HostPort gateway, long pid) {
      this.fleet = fleet;
      this.gateway = gateway;
      this.pid = pid;
    }

    void begin(Findings findings) throws InterruptedException {
      var id = new CompletableFuture<String>();
      var joined = new CompletableFuture<String>();
      long before = JvmFootprint.total(JvmFootprint.histogram(pid));
      sockets =
          fleet.openAll(
              Door.plain(gateway, Talk.path()),
              1,
              _ ->
                  new SocketListener() {
                    @Override
                    public void text(ClientSocket socket, String text) {
                      if (!id.complete(text)) {
                        joined.complete(text);
                      }
                    }
                  });
      var socket = sockets.getFirst();
      socket.send("{\"action\":\"who\"}");
      path = PostLane.connection(got(id, "the client that does not read"));
      socket.send(joinFrame(0));
      var _ = got(joined, "the client that does not read");
      socket.stall();
      post(FILLING, "x".repeat(FILLING_BYTES), findings);
      long after = JvmFootprint.total(JvmFootprint.histogram(pid));
      findings.figure("stalledKib", (after - before) / 1_024.0);
    }

    void end(Findings findings) {
      // Nothing of it is read, so nothing else would say that it is over.
      post(1, "still there", findings);
      sockets.forEach(ClientSocket::vanish);
      sockets = List.of();
    }

    private void post(int times, String body, Findings findings) {
      try (var lane = new PostLane(gateway)) {
        for (int i = 0; i < times; i++) {
          var reply = lane.post(path, body);
          if (reply.status() != 200) {
            findings.problem(
                "the client that does not read: POST %s: %d %s (expected: 200)"
                    .formatted(path, reply.status(), reply.excerpt()));
            return;
          }
        }
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, "POST " + path + ": " + e, e);
      }
    }
  }
}
