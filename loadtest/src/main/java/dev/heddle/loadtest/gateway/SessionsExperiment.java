package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Attributes of cookie sessions over two gateways: how soon what is written at one is read at the
 * other, and whether anything is lost of what many lanes write at both of them at once. Fails on
 * stale reads and on lost writes. Of the general options it takes runs, requests (writes that are
 * watched, in each run) and warm-up (of them).
 */
public final class SessionsExperiment implements Experiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Pattern COOKIE = Pattern.compile("heddle_session=([^.;]+)\\.");
  private static final int GATEWAYS = 2;
  private static final int SESSIONS = 32;
  private static final int LANES = 128;
  private static final double MOST_P99_MICROS = 5_000;

  private final JavaCommand java;
  private final Path directory;
  private final long writes;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param writes of all lanes together
   */
  public SessionsExperiment(JavaCommand java, Path directory, long writes) {
    this.java = java;
    this.directory = directory;
    this.writes = writes;
  }

  @Override
  public String name() {
    return "sessions";
  }

  @Override
  public String about() {
    return "session attributes written at one gateway and read at another; concurrent writes";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    var nodes = GatewayNodes.together(directory.resolve("nodes"), new FreePorts(), GATEWAYS, LANES);
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      progress.accept("starting " + GATEWAYS + " gateways");
      cluster.start(START);
      var edge = nodes.gateways().getFirst();
      Talk.deploy(edge);
      var channels = closer.register("channels", new Channels(Credentials.none()));
      var gateways =
          nodes.nodes().stream()
              .<Attributes>map(node -> new AttributesGrpcClient(channels, node.internal()))
              .toList();
      var sessions = sessions(edge);
      watch(gateways, sessions.getFirst(), options.load(), ticker, findings, progress);
      write(gateways, sessions, cluster, ticker, findings, progress);
    }
    findings.note(
        "visible: from the sending of a write at one gateway to the end of the first read at the"
            + " other that has it, by a reader that asks every 0.2 ms or so; acknowledged: until"
            + " the writer had its answer");
    findings.note(
        "each write is a gRPC call as running functions make it, with one attribute, which is"
            + " changed only if it has the value that is expected");
    return findings.result(
        name(), "%d gateways in one grid, %,d concurrent writes".formatted(GATEWAYS, writes));
  }

  private static void watch(
      List<Attributes> gateways,
      String session,
      BenchOptions.Load load,
      Ticker ticker,
      Findings findings,
      Consumer<String> progress)
      throws InterruptedException {
    var there = new SessionWatch(gateways.getFirst(), gateways.getLast(), ticker);
    var back = new SessionWatch(gateways.getLast(), gateways.getFirst(), ticker);
    progress.accept("warm-up");
    for (var each : List.of(there, back)) {
      var _ = each.watch(session, Math.max(1, load.warmup() / 2));
    }
    for (int run = 1; run <= load.runs(); run++) {
      progress.accept("watched writes, run " + run);
      // Whether the session's owner writes or reads, is not to matter.
      var outcomes =
          List.of(
              there.watch(session, Math.max(1, load.requests() / 2)),
              back.watch(session, Math.max(1, load.requests() / 2)));
      var first = outcomes.getFirst();
      var last = outcomes.getLast();
      first.visible().add(last.visible());
      first.acknowledged().add(last.acknowledged());
      findings.series("visible, run " + run, first.visible());
      findings.series("acknowledged, run " + run, first.acknowledged());
      findings.figure("visibleP50Micros", first.visible().percentiles().p50());
      findings.figure("visibleP99Micros", first.visible().percentiles().p99());
      findings.figure("acknowledgedP99Micros", first.acknowledged().percentiles().p99());
      long stale = first.stale() + last.stale();
      findings.figure("staleReads", (double) stale);
      if (stale > 0) {
        findings.problem(
            "run %d: %d of %d reads did not have a write that was acknowledged before"
                .formatted(run, stale, first.reads() + last.reads()));
      }
    }
    findings.figure("bestVisibleP99Micros", findings.least("visibleP99Micros"));
    findings.goal("bestVisibleP99Micros", MOST_P99_MICROS);
  }

  private void write(
      List<Attributes> gateways,
      List<String> sessions,
      ProcessCluster cluster,
      Ticker ticker,
      Findings findings,
      Consumer<String> progress) {
    progress.accept(
        "%,d writes in %d sessions by %d lanes".formatted(writes, sessions.size(), LANES));
    var writers = new SessionWriters(gateways, sessions, LANES);
    var cpu = new CpuShare(cluster.pids());
    long began = ticker.nanoTime();
    writers.write(writes);
    double seconds = (ticker.nanoTime() - began) / 1e9;
    cpu.per(writers.written())
        .forEach((name, value) -> findings.figure("writes" + up(name), value));
    writers.audit();
    findings.figure("writes", (double) writers.written());
    findings.figure("writesPerSecond", writers.written() / Math.max(1e-9, seconds));
    findings.figure("writesTriedAgain", (double) writers.refused());
    findings.figure("writesLost", (double) writers.lost());
    findings.goal("writesLost", 0);
    writers.failures().forEach(each -> findings.problem("writes: " + each));
    if (writers.written() != writes) {
      findings.problem(
          "writes: %d acknowledged (expected: %d)".formatted(writers.written(), writes));
    }
  }

  private static String up(String name) {
    return Character.toUpperCase(name.charAt(0)) + name.substring(1);
  }

  /** Ids of sessions, each made by a visitor without a cookie. */
  private static List<String> sessions(HostPort gateway) throws InterruptedException {
    var sessions = new ArrayList<String>();
    var event = "{\"requestContext\":{\"routeKey\":\"$connect\"}}";
    var visit =
        HttpRequest.newBuilder(URI.create("http://" + gateway + "/run/frames"))
            .timeout(START)
            .POST(HttpRequest.BodyPublishers.ofString(event))
            .build();
    try (var http = HttpClient.newHttpClient()) {
      while (sessions.size() < SESSIONS) {
        var reply = http.send(visit, HttpResponse.BodyHandlers.ofString());
        var cookie = reply.headers().firstValue("Set-Cookie").orElse("");
        var hit = COOKIE.matcher(cookie);
        if (!hit.find()) {
          throw new HeddleException(
              ErrorCode.UNAVAILABLE,
              "session: status %d, cookie '%s' (expected: one that matches %s)"
                  .formatted(reply.statusCode(), cookie, COOKIE));
        }
        sessions.add(hit.group(1));
      }
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, gateway + ": " + e, e);
    }
    return sessions;
  }
}
