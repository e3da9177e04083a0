package dev.heddle.loadtest.store;

import dev.heddle.loadtest.chaos.ClusterLayout;
import dev.heddle.loadtest.chaos.DocumentsGrpcClient;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.chaos.ReadLevel;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Goal;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Series;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * What many replicas cost that do nothing: threads and memory of a leaf with 24 of them; and how
 * soon a node with a loaded corpus serves again after it was killed. Of the general options it
 * takes the runs, for the second part.
 */
public final class DensityExperiment implements Experiment {
  private static final int LEAVES = 3;
  private static final int REPLICAS = 24;
  private static final Duration START = Duration.ofMinutes(5);
  private static final Duration CALL = Duration.ofSeconds(60);
  private static final Duration REST = Duration.ofSeconds(20);
  private static final Duration QUICK_REST = Duration.ofSeconds(1);
  private static final double MOST_THREADS = 300;
  private static final double MOST_MIB = 600;
  private static final double MOST_RESTART_MILLIS = 5_000;

  private final JavaCommand java;
  private final Path directory;
  private final Corpus corpus;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   */
  public DensityExperiment(JavaCommand java, Path directory, Corpus corpus) {
    this.java = java.withFlags("-XX:NativeMemoryTracking=summary");
    this.directory = directory;
    this.corpus = corpus;
  }

  @Override
  public String name() {
    return "density";
  }

  @Override
  public String about() {
    return "threads and memory of 24 replicas at rest; restart of a node with a loaded corpus";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var summary = new LinkedHashMap<String, Double>();
    var goals = new ArrayList<Goal>();
    rest(options.quick() ? QUICK_REST : REST, ticker, progress, summary, goals);
    var restarts = restarts(options.load().runs(), ticker, progress, summary, goals);
    return new ExperimentResult(
        name(),
        REPLICAS
            + " replicas on each of "
            + LEAVES
            + " leaves; then one node with all roles but the"
            + " gateway's",
        List.of(restarts),
        summary,
        goals,
        List.of("memory: the heap as the system gave it, and what lies outside of it for buffers"),
        List.of());
  }

  private void rest(
      Duration time,
      Ticker ticker,
      Consumer<String> progress,
      Map<String, Double> summary,
      List<Goal> goals)
      throws InterruptedException {
    var layout =
        ClusterLayout.of(ClusterLayout.Plan.loopback(directory.resolve("rest"), LEAVES, 1));
    try (var cluster = new ProcessCluster(layout, java, ticker);
        var channels = new Channels(Credentials.none())) {
      progress.accept("starting " + LEAVES + " leaves");
      cluster.start(START);
      var bulk = new BulkGrpcClient(channels, layout.coordinators().getFirst());
      bulk.create("many", corpus.schemaJson(), REPLICAS, LEAVES);
      bulk.load("many", CorpusDocuments.read(corpus, 50 * REPLICAS));
      progress.accept("at rest for " + time.toSeconds() + " s");
      pause(time, ticker);
      var most = new JvmFootprint(0, 0, 0, 0);
      for (var leaf : layout.leaves().toList()) {
        var footprint = JvmFootprint.of(cluster.pid(leaf.node()));
        if (footprint.heapAndDirectMib() > most.heapAndDirectMib()) {
          most = footprint;
        }
      }
      summary.put("threads", (double) most.threads());
      summary.put("heapUsedMib", most.heapKib() / 1_024.0);
      summary.put("heapCommittedMib", most.heapCommittedKib() / 1_024.0);
      summary.put("directMib", most.directKib() / 1_024.0);
      goals.add(new Goal("threads", MOST_THREADS, most.threads()));
      goals.add(new Goal("heapAndDirectMib", MOST_MIB, most.heapAndDirectMib()));
    }
  }

  private Series restarts(
      int runs,
      Ticker ticker,
      Consumer<String> progress,
      Map<String, Double> summary,
      List<Goal> goals)
      throws InterruptedException {
    var documents = CorpusDocuments.read(corpus, Integer.MAX_VALUE);
    var layout = ClusterLayout.of(ClusterLayout.Plan.loopback(directory.resolve("restart"), 1, 0));
    var node = layout.nodes().getFirst().node();
    var times = new LatencyRecorder();
    var millis = new ArrayList<Double>();
    try (var cluster = new ProcessCluster(layout, java, ticker);
        var channels = new Channels(Credentials.none())) {
      cluster.start(START);
      var coordinator = layout.coordinators().getFirst();
      var bulk = new BulkGrpcClient(channels, coordinator);
      bulk.create("corpus", corpus.schemaJson(), 4, 1);
      progress.accept("loading " + documents.size() + " documents");
      bulk.load("corpus", documents);
      var reader =
          new DocumentsGrpcClient(
              channels, layout.coordinators(), Optional.empty(), "corpus", CALL);
      for (int run = 1; run <= runs; run++) {
        progress.accept("restart " + run + " of " + runs);
        cluster.kill(node);
        long began = ticker.nanoTime();
        cluster.start(START);
        awaitReads(reader, documents, ticker);
        long took = ticker.nanoTime() - began;
        times.record(took);
        millis.add(took / 1e6);
      }
    }
    summary.put("restartDocuments", (double) documents.size());
    summary.put("restartMedianMillis", Medians.of(millis));
    goals.add(new Goal("restartMedianMillis", MOST_RESTART_MILLIS, Medians.of(millis)));
    return new Series("restart after a kill", times, Map.of());
  }

  /** Waits until documents all over the shards can be read linearizably. */
  private static void awaitReads(
      DocumentsGrpcClient reader, List<Corpus.Document> documents, Ticker ticker)
      throws InterruptedException {
    int step = Math.max(1, documents.size() / 16);
    for (int at = 0; at < documents.size(); at += step) {
      while (!there(reader, documents.get(at).id())) {
        pause(Duration.ofMillis(20), ticker);
      }
    }
  }

  private static boolean there(DocumentsGrpcClient reader, String id) {
    try {
      return reader.get(id, ReadLevel.LINEARIZABLE).isPresent();
    } catch (HeddleException e) {
      return false;
    }
  }

  private static void pause(Duration time, Ticker ticker) throws InterruptedException {
    long end = ticker.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0; left = end - ticker.nanoTime()) {
      LockSupport.parkNanos(left);
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }
}
