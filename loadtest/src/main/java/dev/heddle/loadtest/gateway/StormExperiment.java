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
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Timeline;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Connections at one of three gateways, which is killed, while services push to all of them through
 * the other two: how soon everyone is back, and at what rate. Fails where a connection is not
 * recovered, or a frame that was accepted is lost, comes twice or out of order. Of the general
 * options it takes runs and the seed.
 */
public final class StormExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration LIMIT = Duration.ofMinutes(3);
  private static final Duration LOOK = Duration.ofMillis(10);
  private static final int GATEWAYS = 3;
  private static final int VICTIM = 2;
  private static final int OPENING_AT_ONCE = 128;
  private static final int MOST_FAILURES = 10;

  /** While clients come back, in a second; before and after, as many as can be. */
  private static final int PUSHES = 200;

  private static final double MOST_MILLIS = 8_000;

  /** 2,000 a second. */
  private static final double MOST_MICROS = 500;

  private static final double MOST_NOT_RECOVERED = 0.1;
  private static final Pattern CALLS =
      Pattern.compile("(?m)^heddle_engine_invocation_seconds_count(?:\\{.*})? ([0-9.eE+]+)$");

  private final JavaCommand java;
  private final Path directory;
  private final int connections;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param connections at the gateway that is killed
   */
  public StormExperiment(JavaCommand java, Path directory, int connections) {
    this.java = java.withFlags("-Xmx1g");
    this.directory = directory;
    this.connections = connections;
  }

  @Override
  public String name() {
    return "storm";
  }

  @Override
  public String about() {
    return "connections that lose their gateway to kill -9 come back to the others; an audit";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    // A socket that is lost is closed before there is one in its place.
    SocketFleet.check(name(), connections);
    var findings = new Findings();
    for (int run = 1; run <= options.load().runs(); run++) {
      var nodes =
          GatewayNodes.together(
              directory.resolve("run-" + run), new FreePorts(), GATEWAYS, connections);
      try (var closer = new Closer()) {
        var fleet = closer.register("fleet", new SocketFleet(1));
        var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
        progress.accept("run " + run + ": starting " + GATEWAYS + " gateways");
        cluster.start(START);
        Talk.deployWithHooks(nodes.gateways().getFirst());
        new Run(run, nodes, cluster, fleet, closer, options.seed() + run, ticker, findings)
            .run(progress);
      }
    }
    findings.goal("allBackMillis", MOST_MILLIS);
    findings.goal("microsForEachBack", MOST_MICROS);
    findings.goal("notRecoveredPercent", MOST_NOT_RECOVERED);
    findings.goal("callsCaused", 0);
    findings.goal("auditFindings", 0);
    findings.note(
        "a client comes back after a random time up to 0.5 s, doubled with each try; …BackMillis:"
            + " since the kill, for all of them");
    findings.note(
        "callsCaused: function calls while the clients came back; the app has a function on its"
            + " $connect and $disconnect");
    return findings.result(
        name(),
        "%,d connections at one of %d gateways in one grid, which gets kill -9"
            .formatted(connections, GATEWAYS));
  }

  /** One connection with what was pushed to it. */
  private static final class Subscriber implements ResumableClient.Events {
    private final PushAudit audit = new PushAudit();
    private final Run run;
    private final int number;
    private final ResumableClient client;
    private volatile String path = "";

    /** Set with the client's lock held. */
    private volatile boolean returned;

    private volatile boolean broken;

    Subscriber(int number, Run run) {
      this.run = run;
      this.number = number;
      var survivors = run.nodes.gateways().subList(0, VICTIM);
      this.client =
          new ResumableClient(
              run.fleet, Talk.path(), survivors, run.seed * 1_000_003 + number, this);
    }

    @Override
    public void frame(String body) {
      audit.got(body.matches("\\d{1,9}") ? Integer.parseInt(body) : -1);
    }

    @Override
    public void back() {
      if (!returned) {
        returned = true;
        run.cameBack();
      }
    }

    @Override
    public void broken(String why) {
      broken = true;
      run.failed("connection " + number + ": " + why);
    }
  }

  private final class Run {
    private final int number;
    private final GatewayNodes nodes;
    private final ProcessCluster cluster;
    private final SocketFleet fleet;
    private final Closer closer;
    private final long seed;
    private final Ticker ticker;
    private final Findings findings;
    private final List<Subscriber> subscribers = new ArrayList<>();
    private final LatencyRecorder back = new LatencyRecorder();
    private final Timeline completions = new Timeline();
    private final CountDownLatch allBack = new CountDownLatch(connections);
    private final List<String> failures = new ArrayList<>();
    private final AtomicInteger failed = new AtomicInteger();
    private volatile long killedAt;

    Run(
        int number,
        GatewayNodes nodes,
        ProcessCluster cluster,
        SocketFleet fleet,
        Closer closer,
        long seed,
        Ticker ticker,
        Findings findings) {
      this.number = number;
      this.nodes = nodes;
      this.cluster = cluster;
      this.fleet = fleet;
      this.closer = closer;
      this.seed = seed;
      this.ticker = ticker;
      this.findings = findings;
    }

    /** On the one thread of the fleet. */
    private void cameBack() {
      long took = ticker.nanoTime() - killedAt;
      back.record(took);
      completions.record(took);
      allBack.countDown();
    }

    private void failed(String why) {
      if (failed.incrementAndGet() <= MOST_FAILURES) {
        synchronized (failures) {
          failures.add(why);
        }
      }
    }

    void run(Consumer<String> progress) throws InterruptedException {
      var survivors = nodes.gateways().subList(0, VICTIM);
      progress.accept("run " + number + ": opening " + connections + " connections");
      open(nodes.gateways().get(VICTIM));
      var pushers = closer.register("pushers", new Pushers<>(subscribers, survivors, this::push));
      pushers.start();
      pushers.awaitPasses(1, LIMIT);
      double before = calls(survivors.getFirst());
      progress.accept("run " + number + ": kill -9 of " + nodes.node(VICTIM));
      pushers.most(PUSHES);
      var left = List.of(cluster.pid(nodes.node(0)), cluster.pid(nodes.node(1)));
      var cpu = new CpuShare(left);
      killedAt = ticker.nanoTime();
      cluster.kill(nodes.node(VICTIM));
      boolean whole = allBack.await(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
      long took = ticker.nanoTime() - killedAt;
      var used = cpu.per(connections);
      double caused = calls(survivors.getFirst()) - before;
      pushers.most(0);
      pushers.awaitPasses(2, LIMIT);
      pushers.close();
      awaitFrames();
      tell(whole, took, caused, used, pushers);
      subscribers.forEach(each -> each.client.end());
    }

    private void open(HostPort gateway) throws InterruptedException {
      var places = new Semaphore(OPENING_AT_ONCE);
      var ids = new ArrayList<CompletableFuture<String>>();
      for (int i = 0; i < connections; i++) {
        places.acquire();
        var one = new Subscriber(i, this);
        subscribers.add(one);
        ids.add(one.client.open(gateway).whenComplete((_, _) -> places.release()));
      }
      for (int i = 0; i < connections; i++) {
        try {
          var id = ids.get(i).get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
          subscribers.get(i).path = PostLane.connection(id);
        } catch (ExecutionException | TimeoutException e) {
          throw new HeddleException(
              ErrorCode.UNAVAILABLE,
              "connection %d of %d: %s".formatted(i + 1, connections, SocketFleet.why(e)),
              e);
        }
      }
    }

    private void push(Subscriber to, PostLane lane) {
      int frame = to.audit.next();
      try {
        var reply = lane.post(to.path, Integer.toString(frame));
        if (reply.ok()) {
          to.audit.accepted(frame);
        } else if (reply.status() == 403 || reply.status() == 410) {
          failed("connection " + to.number + ": " + reply.status() + " " + reply.excerpt());
        }
      } catch (IOException e) {
        // Nobody knows.
        lane.close();
      }
    }

    private void awaitFrames() throws InterruptedException {
      long began = ticker.nanoTime();
      while (ticker.nanoTime() - began < LIMIT.toNanos()
          && !subscribers.stream().allMatch(each -> each.audit.whole())) {
        LockSupport.parkNanos(LOOK.toNanos());
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
      }
    }

    private void tell(
        boolean whole,
        long took,
        double caused,
        Map<String, Double> used,
        Pushers<Subscriber> pushers) {
      var name = "back, run " + number;
      if (!whole) {
        findings.problem(
            "%s: %d connections did not come back (expected: all, within %d s)"
                .formatted(name, allBack.getCount(), LIMIT.toSeconds()));
      } else {
        findings.series(name, back, used, completions);
        findings.figure("allBackMillis", took / 1e6);
        findings.figure("backPerSecond", connections / (took / 1e9));
        findings.figure("microsForEachBack", took / 1e3 / connections);
      }
      long recovered = subscribers.stream().filter(each -> each.returned && !each.broken).count();
      findings.figure("recovered", (double) recovered);
      findings.figure("notRecoveredPercent", 100.0 * (connections - recovered) / connections);
      findings.figure("callsCaused", caused);
      findings.figure("pushes", (double) pushers.pushes());
      findings.figure(
          "pushesAccepted",
          subscribers.stream().mapToInt(each -> each.audit.acceptedCount()).sum());
      findings.figure(
          "pushesUnknown", subscribers.stream().mapToInt(each -> each.audit.unknown()).sum());
      synchronized (failures) {
        failures.forEach(each -> findings.problem(name + ": " + each));
      }
      if (failed.get() > MOST_FAILURES) {
        findings.problem(name + ": " + failed.get() + " failures in all");
      }
      int told = 0;
      int wrong = 0;
      for (var each : subscribers) {
        for (var finding : each.audit.findings()) {
          wrong++;
          if (told++ < MOST_FAILURES) {
            findings.problem(name + ": connection " + each.number + ": " + finding);
          }
        }
      }
      findings.figure("auditFindings", wrong);
    }
  }

  /** Function calls that the leaf has done since it began. */
  private static double calls(HostPort gateway) {
    try (var connection = HttpConnection.open(gateway, HttpLimits.DEFAULTS)) {
      var request = HttpRequest.of("GET", "/metrics", gateway, Map.of(), new byte[0]);
      var text = new String(connection.exchange(request).body(), UTF_8);
      var hits = CALLS.matcher(text).results().map(hit -> hit.group(1)).toList();
      if (hits.isEmpty()) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, gateway + "/metrics: no " + CALLS + " (expected: one at least)");
      }
      return hits.stream().mapToDouble(Double::parseDouble).sum();
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, gateway + "/metrics: " + e, e);
    }
  }
}
