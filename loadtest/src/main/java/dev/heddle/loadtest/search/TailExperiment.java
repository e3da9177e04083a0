package dev.heddle.loadtest.search;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.NodeSpec;
import dev.heddle.loadtest.chaos.Pacing;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.invoke.FunctionEdge;
import dev.heddle.loadtest.invoke.FunctionNodes;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.store.BulkGrpcClient;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * One of a hundred calls of a leaf stalls for a second: a scatter function over 16 shards with
 * three replicas each, in turns through a coordinator that asks further replicas when a call is
 * late, through one that does not, and, as what an oracle could reach that never meets a stall,
 * without stalls; and through both coordinators while one leaf, and so a replica of every shard, is
 * slow: stopped for a fifth of the time. Dean and Barroso, The Tail at Scale, CACM 2013. Fails on
 * wrong counts and partial answers. Of the general options it takes warm-up, runs, and requests,
 * for each subject.
 */
public final class TailExperiment implements LoggedExperiment {
  private static final int LEAVES = 3;
  private static final int SHARDS = 16;
  private static final int QUICK_SHARDS = 4;
  private static final int REPLICAS = 3;
  private static final int CLIENTS = 4;
  private static final double SHARE = 0.01;
  private static final double QUICK_SHARE = 0.05;
  private static final long STALL_MILLIS = 1_000;
  private static final double LEAST_GAIN = 10;
  private static final String SLOW = "Slow";
  private static final String SLOW_LEAF = "leaf-" + LEAVES;
  private static final Duration STOPPED = Duration.ofMillis(100);
  private static final Duration RUNNING = Duration.ofMillis(400);
  private static final double MOST_EXTRA_PERCENT = 5;
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration SETTLING = Duration.ofMinutes(3);
  private static final Duration LOOK = Duration.ofMillis(250);
  private static final String DATASET = "tail";
  private static final String NO_HEDGING = "coordinator:\n  scatter:\n    hedging: none\n";
  private static final List<Double> QUANTILES =
      List.of(0.5, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999);

  private final JavaCommand java;
  private final Path directory;
  private final Corpus corpus;
  private final int documents;

  /**
   * @param java starts nodes
   * @param directory empty; takes data and logs, which stay
   * @param corpus as {@link SearchExperiment} takes it
   * @param documents of it at most, at least 1
   */
  public TailExperiment(JavaCommand java, Path directory, Corpus corpus, int documents) {
    if (documents < 1) {
      throw new IllegalArgumentException("documents: " + documents + " (expected: >= 1)");
    }
    this.java = java;
    this.directory = directory;
    this.corpus = corpus;
    this.documents = documents;
  }

  @Override
  public String name() {
    return "tail";
  }

  @Override
  public String about() {
    return "one of a hundred calls of a leaf stalls for 1 s: hedging on, off, and an oracle";
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    var findings = new Findings();
    var some = SearchDocuments.read(corpus, documents);
    int shards = options.quick() ? QUICK_SHARDS : SHARDS;
    double share = options.quick() ? QUICK_SHARE : SHARE;
    var ports = new FreePorts();
    var nodes =
        FunctionNodes.apart(directory, ports, LEAVES)
            .withCoordinator(directory, ports, "unhedged", NO_HEDGING);
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      var channels = closer.register("channels", new Channels(Credentials.none()));
      progress.accept("starting " + nodes.nodes().size() + " processes");
      cluster.start(START);
      var head = coordinator(nodes, "head");
      var bulk = new BulkGrpcClient(channels, head);
      bulk.create(DATASET, SearchDocuments.SCHEMA, shards, REPLICAS);
      progress.accept("loading " + some.all().size() + " documents");
      bulk.load(DATASET, some.toLoad());
      var _ =
          new FunctionEdge(nodes.http())
              .deploy(
                  "stalling",
                  FunctionArchive.of(
                      "stalling",
                      "",
                      StallingCount.class,
                      StallingCount.Asked.class,
                      StallingCount.Counts.class));
      var making = new Making(channels, cluster, some.all().size());
      var subjects =
          List.of(
              making.subject("hedged", head, share),
              making.subject("unhedged", coordinator(nodes, "unhedged"), share),
              making.subject("oracle", coordinator(nodes, "unhedged"), 0),
              making.subject("hedged" + SLOW, head, 0),
              making.subject("unhedged" + SLOW, coordinator(nodes, "unhedged"), 0));
      var clients = new ArrayList<SubjectClients>();
      for (var subject : subjects) {
        var each = closer.register(subject.name(), new SubjectClients(subject, CLIENTS, ticker));
        settle(each, ticker);
        clients.add(each);
      }
      var measuring = new Measuring(options, cluster, ticker, findings, progress, requests);
      var times = measuring.measure(clients, subjects);
      return result(shards, share, subjects, times, findings);
    }
  }

  /** What subjects are made with. */
  private record Making(Channels channels, ProcessCluster cluster, long documents) {
    StallingGrpcClient subject(String name, HostPort coordinator, double share) {
      return new StallingGrpcClient(
          name, channels, coordinator, cluster::pids, DATASET, share, STALL_MILLIS, documents);
    }
  }

  private static HostPort coordinator(FunctionNodes nodes, String name) {
    return nodes.nodes().stream()
        .filter(node -> node.node().equals(name))
        .map(NodeSpec::grpc)
        .findFirst()
        .orElseThrow()
        .orElseThrow();
  }

  /** Until everything is seen and the function is there; a minute at most. */
  private static void settle(SubjectClients clients, Ticker ticker) throws InterruptedException {
    long began = ticker.nanoTime();
    for (int right = 0; right < 10; ) {
      try {
        var _ = clients.ask(0);
        right++;
      } catch (HeddleException e) {
        if (ticker.nanoTime() - began > SETTLING.toNanos()) {
          throw new HeddleException(
              ErrorCode.UNAVAILABLE, "not settled in a minute: " + e.getMessage(), e);
        }
        right = 0;
        LockSupport.parkNanos(LOOK.toNanos());
      }
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  /** A leaf that is stopped again and again, until the end of this. */
  private static final class SlowLeaf implements AutoCloseable {
    private final ProcessCluster cluster;
    private final Ticker ticker;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private volatile boolean over;

    SlowLeaf(ProcessCluster cluster, Ticker ticker) {
      this.cluster = cluster;
      this.ticker = ticker;
      Threads.named("slow-leaf").newThread(this::run).start();
    }

    private void run() {
      try {
        while (!over) {
          var _ = cluster.pause(SLOW_LEAF, STOPPED).join();
          Pacing.pause(RUNNING, ticker, () -> over);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        ended.complete(null);
      }
    }

    @Override
    public void close() {
      over = true;
      ended.join();
    }
  }

  private record Measuring(
      BenchOptions options,
      ProcessCluster cluster,
      Ticker ticker,
      Findings findings,
      Consumer<String> progress,
      RequestLog requests) {
    Map<String, LatencyRecorder> measure(
        List<SubjectClients> clients, List<StallingGrpcClient> subjects)
        throws InterruptedException {
      int warmup = Math.max(1, options.load().warmup() / 10);
      for (var each : clients) {
        progress.accept("warming up " + each.subject().name());
        var outcome = each.run("warm-up", new int[warmup], CLIENTS, RequestLog.NONE);
        outcome.failures().forEach(findings::problem);
      }
      subjects.forEach(StallingGrpcClient::forget);
      Map<String, LatencyRecorder> times = new LinkedHashMap<>();
      for (int run = 1; run <= options.load().runs(); run++) {
        progress.accept("run " + run + " of " + options.load().runs());
        for (var each : clients) {
          var outcome = outcome(each, each.subject().name() + ", run " + run);
          times
              .computeIfAbsent(each.subject().name(), _ -> new LatencyRecorder())
              .add(outcome.times());
        }
      }
      return times;
    }

    private SubjectClients.Outcome outcome(SubjectClients clients, String name)
        throws InterruptedException {
      if (clients.subject().name().endsWith(SLOW)) {
        try (var _ = new SlowLeaf(cluster, ticker)) {
          return measured(clients, name);
        }
      }
      return measured(clients, name);
    }

    private SubjectClients.Outcome measured(SubjectClients clients, String name)
        throws InterruptedException {
      var cpu = new CpuShare(clients.subject().pids());
      var outcome = clients.run(name, new int[options.load().requests()], CLIENTS, requests);
      outcome.failures().forEach(findings::problem);
      var figures = new LinkedHashMap<String, Double>();
      figures.put("queriesPerSecond", outcome.perSecond());
      figures.putAll(cpu.per(outcome.times().count()));
      findings.series(name, outcome.times(), figures, outcome.completions());
      return outcome;
    }
  }

  private ExperimentResult result(
      int shards,
      double share,
      List<StallingGrpcClient> subjects,
      Map<String, LatencyRecorder> times,
      Findings findings) {
    var lines = new ArrayList<Curve.Line>();
    for (var subject : subjects) {
      var each = times.getOrDefault(subject.name(), new LatencyRecorder());
      findings.figure(subject.name() + "P50Millis", each.quantileMicros(0.5) / 1e3);
      findings.figure(subject.name() + "P99Millis", each.quantileMicros(0.99) / 1e3);
      findings.figure(subject.name() + "P999Millis", each.quantileMicros(0.999) / 1e3);
      findings.figure(subject.name() + "ExtraPercent", 100 * subject.hedgedPerQuery() / shards);
      lines.add(
          new Curve.Line(
              subject.name(),
              QUANTILES.stream()
                  .map(quantile -> new Point(100 * quantile, each.quantileMicros(quantile) / 1e3))
                  .toList()));
    }
    double gain =
        findings.median("unhedgedP999Millis") / Math.max(1e-9, findings.median("hedgedP999Millis"));
    findings.figure("hedgingGainTimes", gain);
    findings.figure("hedgedToUnhedgedP999Times", 1 / Math.max(1e-9, gain));
    findings.goal("hedgedToUnhedgedP999Times", 1 / LEAST_GAIN);
    findings.goal("hedgedExtraPercent", MOST_EXTRA_PERCENT);
    findings.note(
        "the function draws for each call of a leaf whether it stalls, also for calls that are"
            + " hedges, and not by the seed; the oracle has the same function without stalls");
    findings.note(
        "…Slow: no call stalls, but "
            + SLOW_LEAF
            + " is stopped for "
            + STOPPED.toMillis()
            + " ms of each "
            + STOPPED.plus(RUNNING).toMillis());
    findings.note(
        "extra: shards asked of a further replica, as a share of all; "
            + CLIENTS
            + " clients, each of which waits for its answer");
    return findings.result(
        name(),
        "%d shards, %d replicas on %d leaves, %.0f %% of calls stall for %d ms"
            .formatted(shards, REPLICAS, LEAVES, 100 * share, STALL_MILLIS),
        List.of(new Curve("Times by percentile", "percentile", "ms", lines)));
  }
}
