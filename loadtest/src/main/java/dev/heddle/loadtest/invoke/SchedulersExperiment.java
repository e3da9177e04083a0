package dev.heddle.loadtest.invoke;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.arrivals.Arrivals;
import dev.heddle.loadtest.arrivals.OpenLoop;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.store.BulkGrpcClient;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/**
 * Policies that choose leaves for invocations, one of them from a jar, over the same calls: in
 * bursts, of functions each of which is a package of its own, few of them popular (Zipf), with
 * sessions, and half of them near a document. Latency, and where calls went: to a sandbox that was
 * idle, to code that was loaded, to the session's leaf, to the document's. Fails on wrong replies,
 * and where another policy than the configured one was at work. Of the general options it takes
 * runs and the seed.
 */
public final class SchedulersExperiment implements LoggedExperiment {
  private static final List<String> POLICIES =
      List.of("locality", "least-loaded", "hash", "round-robin", PolicyJar.POLICY);
  private static final int LEAVES = 3;
  private static final int CONNECTIONS = 48;
  private static final int FUNCTIONS = 24;
  private static final int DOCUMENTS = 200;
  private static final int SHARDS = 6;

  /** Calls are drawn in advance, and begin anew after so many. */
  private static final int MOST_CALLS = 2_000;

  private static final double ZIPF = 1.1;
  private static final double PER_SECOND = 120;

  /** In a burst, which a fifth of the time is, and between them. */
  private static final double BURST_TIMES = 4;

  private static final double CALM_TIMES = 0.25;
  private static final double BURST_MILLIS = 200;
  private static final double CALM_MILLIS = 800;

  private static final String EVENT = "{\"millis\":5}";
  private static final String DATASET = "near";
  private static final String SCHEMA = "{\"fields\":[{\"name\":\"n\",\"type\":\"long\"}]}";
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration LAST_REPLY = Duration.ofMinutes(2);
  private static final Pattern SCHEDULED =
      Pattern.compile("(?m)^heddle_coordinator_invocations_scheduled_total\\{(.*)} ([0-9.eE+]+)$");
  private static final Pattern TAG = Pattern.compile("(\\w+)=\"([^\"]*)\"");

  private final JavaCommand java;
  private final Path directory;
  private final Duration length;

  /**
   * @param java starts nodes
   * @param directory empty; takes data and logs, which stay
   * @param length of each run, up to 10 minutes
   */
  public SchedulersExperiment(JavaCommand java, Path directory, Duration length) {
    if (!length.isPositive() || length.compareTo(Duration.ofMinutes(10)) > 0) {
      throw new IllegalArgumentException("length: " + length + " (expected: up to 10m)");
    }
    this.java = java;
    this.directory = directory;
    this.length = length;
  }

  @Override
  public String name() {
    return "schedulers";
  }

  @Override
  public String about() {
    return "policies that choose leaves, one from a jar, on bursts of calls of few popular"
        + " functions";
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    var findings = new Findings();
    var jar = PolicyJar.in(directory.resolve("policies"));
    var policies = options.quick() ? List.of("locality", PolicyJar.POLICY) : POLICIES;
    for (var policy : policies) {
      progress.accept(policy + ": starting " + (LEAVES + 1) + " processes");
      var nodes =
          FunctionNodes.apart(directory.resolve(policy), new FreePorts(), LEAVES)
              .withMore(
                  "coordinator:\n  scheduling: %s\n  scatter: {policies: %s}\n"
                      .formatted(policy, JsonMapper.shared().writeValueAsString(jar.toString())));
      try (var closer = new Closer()) {
        var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
        var channels = closer.register("channels", new Channels(Credentials.none()));
        cluster.start(START);
        var bulk = new BulkGrpcClient(channels, nodes.layout().coordinators().getFirst());
        bulk.create(DATASET, SCHEMA, SHARDS, 1);
        bulk.load(DATASET, documents());
        var edge = new FunctionEdge(nodes.http());
        for (int i = 0; i < FUNCTIONS; i++) {
          var _ = edge.deploy("f" + i, FunctionArchive.of("f" + i, "", SleepHandler.class));
        }
        for (int run = 1; run <= options.load().runs(); run++) {
          progress.accept(policy + ", run " + run);
          // The same calls at the same times, whatever the policy.
          var random = new Random(options.seed() + run);
          measure(policy, run, edge, cluster, random, findings, requests, ticker);
        }
      }
    }
    findings.note(
        "every policy has a cluster of its own, one after the other; calls of all runs are drawn by"
            + " the seed, and are the same for all policies, but not which connection, and so which"
            + " session, sends them");
    findings.note(
        "latency from when a call was to be sent; the first run of each has cold starts; shares are"
            + " of all calls, also of those that open connections, one for each");
    return findings.result(
        name(),
        "%.0f calls a second on average, %.0f in bursts, of %d functions on %d leaves for %.1f s"
            .formatted(
                PER_SECOND, PER_SECOND * BURST_TIMES, FUNCTIONS, LEAVES, length.toMillis() / 1e3));
  }

  private static List<Corpus.Document> documents() {
    var documents = new ArrayList<Corpus.Document>();
    for (int i = 0; i < DOCUMENTS; i++) {
      documents.add(new Corpus.Document("id" + i, ("{\"n\":" + i + "}").getBytes(UTF_8)));
    }
    return documents;
  }

  private void measure(
      String policy,
      int run,
      FunctionEdge edge,
      ProcessCluster cluster,
      Random random,
      Findings findings,
      RequestLog requests,
      Ticker ticker) {
    var times = bursts(random, length);
    var calls = calls(edge, random, Math.min(MOST_CALLS, times.length));
    var name = policy + ", run " + run;
    var before = scheduled(edge.address());
    var cpu = new CpuShare(cluster.pids());
    var loop = new OpenEdgeLoop(edge.address(), calls, EVENT, ticker);
    var limits = new OpenLoop.Limits(CONNECTIONS, length.toNanos(), PATIENCE.toNanos());
    var outcome =
        loop.run(
            CONNECTIONS,
            edge.run("f0", EVENT),
            () -> new OpenLoop(name, Arrivals.at(times), limits, ticker, requests),
            length.plus(PATIENCE).plus(LAST_REPLY).toNanos());
    loop.failures().forEach(failure -> findings.problem(name + ": " + failure));
    long ended =
        outcome.fromSending().count()
            + outcome.refused().count()
            + outcome.failed()
            + outcome.unsent();
    if (outcome.arrived() != times.length || ended != times.length) {
      findings.problem(
          "%s: %d calls, of which %d have an end (expected: %d)"
              .formatted(name, outcome.arrived(), ended, times.length));
    }
    var figures = new LinkedHashMap<String, Double>();
    figures.put("arrived", (double) outcome.arrived());
    figures.put("refused", (double) outcome.refused().count());
    figures.put("unsent", (double) outcome.unsent());
    figures.put("clientLateP99Micros", outcome.clientLate().percentiles().p99());
    figures.putAll(cpu.per(outcome.fromSending().count()));
    figures.putAll(shares(policy, before, scheduled(edge.address()), findings));
    findings.series(name, outcome.times(), figures, outcome.completions());
    findings.figure(policy + "P50Micros", outcome.times().percentiles().p50());
    findings.figure(policy + "P99Micros", outcome.times().percentiles().p99());
    for (var share : List.of("idlePercent", "coldPercent", "homePercent", "nearPercent")) {
      findings.figure(
          policy + share.substring(0, 1).toUpperCase(Locale.ROOT) + share.substring(1),
          figures.getOrDefault(share, 0.0));
    }
  }

  /**
   * When calls come: a Poisson process whose rate changes between bursts and calm at random (a
   * Markov-modulated Poisson process with two states).
   */
  static long[] bursts(Random random, Duration length) {
    var times = new ArrayList<Long>();
    double whole = (double) length.toNanos();
    double now = 0;
    boolean burst = false;
    while (now < whole) {
      double ends = now + exponential(random) * (burst ? BURST_MILLIS : CALM_MILLIS) * 1e6;
      double rate = PER_SECOND * (burst ? BURST_TIMES : CALM_TIMES) / 1e9;
      for (double at = now + exponential(random) / rate;
          at < Math.min(ends, whole);
          at += exponential(random) / rate) {
        times.add((long) at);
      }
      now = ends;
      burst = !burst;
    }
    if (times.isEmpty()) {
      times.add(0L);
    }
    return times.stream().mapToLong(Long::longValue).toArray();
  }

  private static double exponential(Random random) {
    return -Math.log(1 - random.nextDouble());
  }

  private static List<LoopRequest> calls(FunctionEdge edge, Random random, int count) {
    var weights = new double[FUNCTIONS];
    double all = 0;
    for (int i = 0; i < FUNCTIONS; i++) {
      all += Math.pow(i + 1, -ZIPF);
      weights[i] = all;
    }
    var calls = new ArrayList<LoopRequest>();
    for (int i = 0; i < count; i++) {
      double drawn = random.nextDouble() * all;
      int function = 0;
      while (function < FUNCTIONS - 1 && weights[function] < drawn) {
        function++;
      }
      var call = edge.run("f" + function, EVENT);
      calls.add(
          random.nextBoolean()
              ? call.withHeader("Heddle-Near", DATASET + "/id" + random.nextInt(DOCUMENTS))
              : call);
    }
    return calls;
  }

  /** Calls that the coordinator has sent to leaves, by the tags of its counter. */
  private static Map<Map<String, String>, Double> scheduled(HostPort gateway) {
    try (var connection = HttpConnection.open(gateway, HttpLimits.DEFAULTS)) {
      var request = HttpRequest.of("GET", "/metrics", gateway, Map.of(), new byte[0]);
      var counts = new LinkedHashMap<Map<String, String>, Double>();
      SCHEDULED
          .matcher(new String(connection.exchange(request).body(), UTF_8))
          .results()
          .forEach(line -> {
            var tags = new LinkedHashMap<String, String>();
            TAG.matcher(line.group(1))
                .results()
                .forEach(tag -> tags.put(tag.group(1), tag.group(2)));
            counts.merge(tags, Double.parseDouble(line.group(2)), Double::sum);
          });
      return counts;
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, gateway + "/metrics: " + e, e);
    }
  }

  private static Map<String, Double> shares(
      String policy,
      Map<Map<String, String>, Double> before,
      Map<Map<String, String>, Double> after,
      Findings findings) {
    var counts = new LinkedHashMap<String, Double>();
    double all = 0;
    for (var each : after.entrySet()) {
      double more = each.getValue() - before.getOrDefault(each.getKey(), 0.0);
      if (more > 0 && !policy.equals(each.getKey().get("policy"))) {
        findings.problem(
            "policy: %s (expected: %s)".formatted(each.getKey().get("policy"), policy));
      }
      all += more;
      for (var tag : List.of("session", "code", "data")) {
        counts.merge(tag + each.getKey().getOrDefault(tag, ""), more, Double::sum);
      }
    }
    if (all == 0) {
      findings.problem(policy + ": no call was scheduled (expected: all)");
    }
    return Map.of(
        "idlePercent", percent(counts, "codeidle", all),
        "coldPercent", percent(counts, "codecold", all),
        "homePercent",
            percent(counts, "sessionhome", all - counts.getOrDefault("sessionnone", 0.0)),
        "nearPercent", percent(counts, "datahere", all - counts.getOrDefault("datanone", 0.0)));
  }

  private static double percent(Map<String, Double> counts, String name, double all) {
    return all == 0 ? 0 : 100 * counts.getOrDefault(name, 0.0) / all;
  }
}
