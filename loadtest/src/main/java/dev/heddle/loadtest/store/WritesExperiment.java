package dev.heddle.loadtest.store;

import dev.heddle.loadtest.chaos.ClusterLayout;
import dev.heddle.loadtest.chaos.DocumentsGrpcClient;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Goal;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Series;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * What writes cost: one document after the other with three replicas in three processes; and whole
 * corpora with one replica and with three, beside bare Lucene in turns with them. Fails if a write
 * fails. Of the general options it takes warm-up, runs and requests.
 */
public final class WritesExperiment implements Experiment {
  private static final int LEAVES = 3;
  private static final int SHARDS = 4;
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration CALL = Duration.ofSeconds(60);
  private static final double MOST_WRITE_MILLIS = 8;
  private static final double MOST_TIMES = 2;

  private final JavaCommand java;
  private final Path directory;
  private final Corpus corpus;
  private final int documents;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param documents of the corpus to load at most, at least 1
   */
  public WritesExperiment(JavaCommand java, Path directory, Corpus corpus, int documents) {
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
    return "writes";
  }

  @Override
  public String about() {
    return "replicated writes, one by one and in bulk, beside bare Lucene";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var some = CorpusDocuments.read(corpus, documents);
    var series = new ArrayList<Series>();
    var summary = new LinkedHashMap<String, Double>();
    var goals = new ArrayList<Goal>();
    var layout = ClusterLayout.of(ClusterLayout.Plan.loopback(directory, LEAVES, 1));
    try (var cluster = new ProcessCluster(layout, java, ticker);
        var channels = new Channels(Credentials.none())) {
      progress.accept("starting " + LEAVES + " leaves");
      cluster.start(START);
      var bulk = new BulkGrpcClient(channels, layout.coordinators().getFirst());
      writeOneByOne(options, channels, layout, some, bulk, ticker, progress, series);
      double write = Medians.of(series, "write, run");
      summary.put("writeP50Millis", write);
      goals.add(new Goal("writeP50Millis", MOST_WRITE_MILLIS, write));
      loadInTurns(options.load().runs(), some, bulk, ticker, progress, summary, goals);
    }
    return new ExperimentResult(
        name(),
        "%d leaves; %d documents of %d bytes on average"
            .formatted(
                LEAVES,
                some.size(),
                some.stream().mapToLong(each -> each.json().length).sum() / some.size()),
        series,
        summary,
        goals,
        List.of(
            "acknowledged writes are on the disks of a majority; bare Lucene commits once, at the"
                + " end"),
        List.of());
  }

  private void writeOneByOne(
      BenchOptions options,
      Channels channels,
      ClusterLayout layout,
      List<Corpus.Document> some,
      BulkGrpcClient bulk,
      Ticker ticker,
      Consumer<String> progress,
      List<Series> series) {
    bulk.create("single", corpus.schemaJson(), 1, LEAVES);
    var client =
        new DocumentsGrpcClient(channels, layout.coordinators(), Optional.empty(), "single", CALL);
    var load = options.load();
    progress.accept("warming up with " + load.warmup() + " writes");
    int at = 0;
    for (int i = 0; i < load.warmup(); i++) {
      write(client, some.get(at++ % some.size()));
    }
    for (int run = 1; run <= load.runs(); run++) {
      progress.accept("one by one, run " + run + " of " + load.runs());
      var times = new LatencyRecorder();
      for (int i = 0; i < load.requests(); i++) {
        var document = some.get(at++ % some.size());
        long began = ticker.nanoTime();
        write(client, document);
        times.record(ticker.nanoTime() - began);
      }
      series.add(new Series("write, run " + run, times, Map.of()));
    }
    bulk.drop("single");
  }

  private static void write(DocumentsGrpcClient client, Corpus.Document document) {
    client.put(
        document.id(), new String(document.json(), StandardCharsets.UTF_8), OptionalLong.empty());
  }

  private void loadInTurns(
      int runs,
      List<Corpus.Document> some,
      BulkGrpcClient bulk,
      Ticker ticker,
      Consumer<String> progress,
      Map<String, Double> summary,
      List<Goal> goals)
      throws InterruptedException {
    var floor = new LuceneFloor(corpus.schemaJson());
    var bare = new ArrayList<Double>();
    var one = new ArrayList<Double>();
    var three = new ArrayList<Double>();
    for (int run = 0; run <= runs; run++) {
      progress.accept(run == 0 ? "bulk, warming up" : "bulk, run " + run + " of " + runs);
      double bareRate = some.size() / (floor.index(folder(run), some, ticker) / 1e9);
      double oneRate = rate(bulk, "one-" + run, 1, some, ticker);
      double threeRate = rate(bulk, "three-" + run, LEAVES, some, ticker);
      if (run > 0) {
        bare.add(bareRate);
        one.add(oneRate);
        three.add(threeRate);
      }
    }
    summary.put("bareDocumentsPerSecond", Medians.of(bare));
    summary.put("oneReplicaDocumentsPerSecond", Medians.of(one));
    summary.put("threeReplicasDocumentsPerSecond", Medians.of(three));
    double toOne = Medians.of(bare) / Medians.of(one);
    double thirdToThree = Medians.of(bare) / 3 / Medians.of(three);
    summary.put("bareToOneReplicaTimes", toOne);
    summary.put("thirdOfBareToThreeReplicasTimes", thirdToThree);
    goals.add(new Goal("bareToOneReplicaTimes", MOST_TIMES, toOne));
    goals.add(new Goal("thirdOfBareToThreeReplicasTimes", MOST_TIMES, thirdToThree));
  }

  private Path folder(int run) {
    try {
      return Files.createDirectories(directory.resolve("bare-" + run));
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, directory + ": " + e, e);
    }
  }

  /** Documents per second. */
  private double rate(
      BulkGrpcClient bulk, String dataset, int replicas, List<Corpus.Document> some, Ticker ticker)
      throws InterruptedException {
    bulk.create(dataset, corpus.schemaJson(), SHARDS, replicas);
    long began = ticker.nanoTime();
    bulk.load(dataset, some);
    double seconds = (ticker.nanoTime() - began) / 1e9;
    bulk.drop(dataset);
    return some.size() / seconds;
  }
}
