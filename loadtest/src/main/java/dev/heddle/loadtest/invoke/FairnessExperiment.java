package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.arrivals.Arrivals;
import dev.heddle.loadtest.arrivals.OpenLoop;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;

/**
 * Two tenants of one node: one calls calmly, the other asks for ten times its quota. What the calm
 * one's latency is alone and beside the greedy one, in turns. All roles are in one process. Fails
 * on wrong replies, on refusals of the calm tenant, and where the greedy one gets more than its
 * quota. Of the general options it takes warm-up, runs and the seed.
 */
public final class FairnessExperiment implements LoggedExperiment {
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration WORK = Duration.ofMillis(2);
  private static final double CALM_PER_SECOND = 50;
  private static final double QUOTA_PER_SECOND = 50;
  private static final double GREED = 10;
  private static final int CONNECTIONS = 64;

  /** That a call waits for a connection: longer than a busy machine stands still. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Duration LAST_REPLY = Duration.ofMinutes(1);
  private static final String REPLY = "\"cpuNanos\"";
  private static final double MOST_TIMES = 1.5;

  /** Of rounding and of clocks that are read at different places. */
  private static final double LEEWAY = 1.1;

  private final JavaCommand java;
  private final Path directory;
  private final Duration length;

  /**
   * @param java starts nodes
   * @param directory empty; takes the node's data, keys and log, which stay
   * @param length of each turn
   */
  public FairnessExperiment(JavaCommand java, Path directory, Duration length) {
    if (!length.isPositive()) {
      throw new IllegalArgumentException("length: " + length + " (expected: > 0)");
    }
    this.java = java;
    this.directory = directory;
    this.length = length;
  }

  @Override
  public String name() {
    return "fairness";
  }

  @Override
  public String about() {
    return "one tenant at ten times its quota beside a calm one";
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    var findings = new Findings();
    var random = new Random(options.seed());
    long steps = Calibration.steps(WORK);
    var keys = Keys.make(directory);
    var nodes = FunctionNodes.together(directory, new FreePorts()).withMore(keys.yaml());
    var alone = new LatencyRecorder();
    var beside = new LatencyRecorder();
    try (var cluster = new ProcessCluster(nodes.layout(), java, ticker)) {
      progress.accept("starting a process");
      cluster.start(START);
      var calm = tenant("calm", nodes.http(), keys.calm(), steps, ticker);
      var greedy = tenant("greedy", nodes.http(), keys.greedy(), steps, ticker);
      progress.accept("warming up");
      try (var loop = new EdgeLoop(nodes.http(), 2, calm.work(), ticker)) {
        findings.problems("warm-up", loop.count(calm.work(), REPLY, options.load().warmup() / 2));
      }
      for (int run = 1; run <= options.load().runs(); run++) {
        progress.accept("run " + run + " of " + options.load().runs());
        alone.add(
            calm.run(
                "calm alone, run " + run, CALM_PER_SECOND, length, random, findings, requests));
        int number = run;
        var seed = random.nextLong();
        var load =
            new FutureTask<>(() ->
                greedy.run(
                    "greedy, run " + number,
                    GREED * QUOTA_PER_SECOND,
                    length,
                    new Random(seed),
                    findings,
                    requests));
        Threads.named("greedy").newThread(load).start();
        beside.add(
            calm.run(
                "calm beside greedy, run " + run,
                CALM_PER_SECOND,
                length,
                random,
                findings,
                requests));
        await(load);
      }
    }
    findings.figure("aloneP50Millis", alone.percentiles().p50() / 1e3);
    findings.figure("besideP50Millis", beside.percentiles().p50() / 1e3);
    findings.figure("aloneP99Millis", alone.percentiles().p99() / 1e3);
    findings.figure("besideP99Millis", beside.percentiles().p99() / 1e3);
    findings.figure(
        "besideToAloneTimes",
        beside.percentiles().p50() / Math.max(1e-9, alone.percentiles().p50()));
    findings.goal("besideToAloneTimes", MOST_TIMES);
    findings.note(
        "calls of %d ms; the calm tenant makes %.0f a second, the greedy one may make %.0f and tries %.0f"
            .formatted(
                WORK.toMillis(), CALM_PER_SECOND, QUOTA_PER_SECOND, GREED * QUOTA_PER_SECOND));
    findings.note("latency from when a call was to be sent; both generators are in this process");
    return findings.result(
        name(), "two tenants of one node, %d s a turn".formatted(length.toSeconds()));
  }

  private static void await(FutureTask<LatencyRecorder> load) throws InterruptedException {
    try {
      var _ = load.get();
    } catch (ExecutionException e) {
      throw new HeddleException(ErrorCode.INTERNAL, "greedy tenant: " + e.getCause(), e);
    }
  }

  private static Caller tenant(String name, HostPort http, String key, long steps, Ticker ticker) {
    var edge = new FunctionEdge(http, Optional.of(key));
    var _ = edge.deploy("spin", FunctionArchive.of("spin", "", SpinHandler.class, FixedWork.class));
    return new Caller(name, http, edge.run("spin", "{\"steps\":" + steps + "}"), ticker);
  }

  /** A tenant and what it calls. */
  private record Caller(String tenant, HostPort address, LoopRequest work, Ticker ticker) {
    LatencyRecorder run(
        String name,
        double rate,
        Duration length,
        Random random,
        Findings findings,
        RequestLog requests) {
      var loop = new OpenEdgeLoop(address, work, REPLY, ticker);
      var limits = new OpenLoop.Limits(CONNECTIONS, length.toNanos(), PATIENCE.toNanos());
      var outcome =
          loop.run(
              CONNECTIONS,
              LoopRequest.get(address, "/healthz"),
              () -> new OpenLoop(name, Arrivals.poisson(rate, random), limits, ticker, requests),
              length.plus(PATIENCE).plus(LAST_REPLY).toNanos());
      var figures = new LinkedHashMap<String, Double>();
      figures.put("goodputPerSecond", outcome.goodput());
      figures.put("arrived", (double) outcome.arrived());
      figures.put("refused", (double) outcome.refused().count());
      figures.put("unsent", (double) outcome.unsent());
      synchronized (findings) {
        findings.series(name, outcome.times(), figures, outcome.completions());
        loop.failures().forEach(failure -> findings.problem(name + ": " + failure));
        if (tenant.equals("calm") && outcome.refused().count() + outcome.unsent() > 0) {
          findings.problem(
              "%s: %d refused, %d not sent (expected: none)"
                  .formatted(name, outcome.refused().count(), outcome.unsent()));
        }
        // A rate allows a second's worth at once.
        double most = QUOTA_PER_SECOND * (outcome.nanos() / 1e9 + 1) * LEEWAY;
        if (tenant.equals("greedy") && outcome.fromSending().count() > most) {
          findings.problem(
              "%s: %d answered (expected: at most %.0f by its quota)"
                  .formatted(name, outcome.fromSending().count(), most));
        }
      }
      return outcome.times();
    }
  }

  /**
   * What the node needs to tell tenants apart.
   *
   * @param yaml lines of its config
   */
  private record Keys(String calm, String greedy, String yaml) {
    private static final int BYTES = 24;

    static Keys make(Path directory) {
      var calm = secret();
      var greedy = secret();
      try {
        Files.createDirectories(directory);
        var keys =
            secretly(
                directory.resolve("keys.yaml"),
                """
                keys:
                  - {id: calm, key: %s, tenant: calm}
                  - {id: greedy, key: %s, tenant: greedy}
                """
                    .formatted(calm, greedy));
        var cluster = secretly(directory.resolve("secret"), "1:" + secret() + "\n");
        var quota =
            "{weight: 1, queries: 0, query-rate: 0, invocations: 0, invocation-rate: %.0f}"
                .formatted(QUOTA_PER_SECOND);
        return new Keys(
            calm,
            greedy,
            """
            security:
              api-keys: %s
              cluster-secret: %s
            coordinator:
              engine: {java-enabled: true}
              admission:
                tenants: {greedy: %s}
            leaf:
              engine: {java-enabled: true}
            """
                .formatted(keys, cluster, quota));
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.STORAGE_FAILED, "keys: " + e, e);
      }
    }

    private static Path secretly(Path file, String text) throws IOException {
      var owner = PosixFilePermissions.fromString("rw-------");
      Files.createFile(file, PosixFilePermissions.asFileAttribute(owner));
      return Files.writeString(file, text);
    }

    private static String secret() {
      var bytes = new byte[BYTES];
      new SecureRandom().nextBytes(bytes);
      return HexFormat.of().formatHex(bytes);
    }
  }
}
