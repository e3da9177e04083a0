package dev.heddle.cli.demo;

import dev.heddle.cli.client.Alteration;
import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.Corpora;
import dev.heddle.cli.client.DatasetInfo;
import dev.heddle.cli.client.DatasetsGrpcClient;
import dev.heddle.cli.client.Loader;
import dev.heddle.cli.client.QueryGrpcClient;
import dev.heddle.cli.client.ReadLevel;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The demo's dataset: loaded once, and known to be whole by a marker that is written after the last
 * document is durable. Without a marker that fits, what is there is dropped and loaded again.
 */
final class DemoCorpus implements DemoData {
  private static final String DATASET = "dbpedia";

  private static final Duration SHARDS_LIMIT = Duration.ofSeconds(30);
  private static final Duration REPLAY_LIMIT = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final DemoOptions options;
  private final Console console;
  private final Ticker ticker;
  private final LoadMarker wanted;
  private final Optional<LoadMarker> found;
  private final Fetch fetch;

  private DemoCorpus(
      DemoOptions options,
      Console console,
      Ticker ticker,
      LoadMarker wanted,
      Optional<LoadMarker> found,
      Fetch fetch) {
    this.options = options;
    this.console = console;
    this.ticker = ticker;
    this.wanted = wanted;
    this.found = found;
    this.fetch = fetch;
  }

  /** Begins to fetch the corpus, if it will be needed by what is known so far. */
  static DemoCorpus prepare(DemoOptions options, Path sample, Console console, Ticker ticker)
      throws IOException {
    LoadMarker wanted = LoadMarker.wanted(options, sample.resolve("app/schema.json"));
    Optional<LoadMarker> found = LoadMarker.read(file(options)).filter(wanted::sameLoad);
    Fetch fetch = new Fetch(options, new Corpora(sample, console, ticker));
    if (found.isEmpty()) {
      var _ = fetch.start();
    }
    return new DemoCorpus(options, console, ticker, wanted, found, fetch);
  }

  @Override
  public String dataset() {
    return DATASET;
  }

  @Override
  public boolean ensure(ClusterGrpcClient grpc, DemoSupervisor supervisor)
      throws IOException, InterruptedException {
    DatasetsGrpcClient datasets = new DatasetsGrpcClient(grpc);
    Optional<DatasetInfo> there = datasets.find(DATASET);
    boolean ours =
        there.isPresent() && found.isPresent() && found.get().dataset().equals(there.get().id());
    if (!ours) {
      there.ifPresent(half -> {
        console.note(
            "heddle: dataset " + DATASET + " is not what is asked for, or half loaded; dropped");
        datasets.drop(DATASET);
      });
      load(grpc, create(datasets), 1);
      return replicate(datasets, 1);
    }
    long expected = found.get().documents();
    int replicas = found.get().replicas();
    DatasetInfo whole = awaitShards(datasets, expected, supervisor);
    if (whole.documents() < expected) {
      console.note(
          "heddle: "
              + Figures.count(whole.documents())
              + " of "
              + Figures.count(expected, "document")
              + " are there; loading again what is missing");
      load(grpc, whole, replicas);
    } else {
      console.note(
          "heddle: dataset " + DATASET + " has " + Figures.count(whole.documents(), "document"));
    }
    return replicate(datasets, replicas);
  }

  /**
   * Asks for the copies that the demo wants, once; they come while it goes on.
   *
   * @param before what it asked for last
   */
  private boolean replicate(DatasetsGrpcClient datasets, int before) throws IOException {
    int replicas = options.replicas();
    if (before == replicas) {
      return false;
    }
    DatasetInfo altered =
        datasets.alter(DATASET, new Alteration(List.of(), Optional.of(replicas), Optional.empty()));
    LoadMarker.read(file(options)).orElseThrow().withReplicas(replicas).write(file(options));
    console.note(
        "heddle: copying each of the "
            + Figures.count(altered.shards().size(), "shard")
            + " of "
            + DATASET
            + " to "
            + replicas
            + " leaves, in the background");
    return true;
  }

  private DatasetInfo create(DatasetsGrpcClient datasets) throws IOException {
    String schema = fetch.corpus().schemaJson();
    // One copy while it is loaded; the others get the indexed shards.
    return datasets.create(DATASET, JsonMapper.shared().readTree(schema), options.shards(), 1);
  }

  private void load(ClusterGrpcClient grpc, DatasetInfo dataset, int replicas)
      throws IOException, InterruptedException {
    LoadMarker.delete(file(options));
    Loader loader = new Loader(grpc, console, ticker);
    Loader.Result result = loader.load(DATASET, fetch.corpus());
    loader.tellRejections(result);
    // Counted by the shards, since documents may have replaced each other.
    long documents = count(grpc);
    wanted.of(dataset.id(), documents).withReplicas(replicas).write(file(options));
    console.note(
        "heddle: indexed "
            + Figures.count(documents, "document")
            + " in "
            + Figures.nanos(result.nanos())
            + " ("
            + Figures.count(result.documentsPerSecond())
            + " docs/s)");
  }

  private static long count(ClusterGrpcClient grpc) {
    ObjectNode all =
        JsonMapper.shared()
            .createObjectNode()
            .put("k", 0)
            .put("minCoverage", 1)
            .put("read", ReadLevel.LINEARIZABLE.toString());
    JsonNode answer = new QueryGrpcClient(grpc).run(DATASET, all, Optional.empty());
    return answer.path("coverage").path("seen").asLong();
  }

  /** Waits for all shards to be led, and a while for documents that come from their logs. */
  private DatasetInfo awaitShards(
      DatasetsGrpcClient datasets, long documents, DemoSupervisor supervisor)
      throws InterruptedException {
    long start = ticker.nanoTime();
    while (true) {
      DatasetInfo dataset = datasets.get(DATASET);
      long waited = ticker.nanoTime() - start;
      boolean led = dataset.complete() && dataset.led();
      if (led && (dataset.documents() >= documents || waited > REPLAY_LIMIT.toNanos())) {
        return dataset;
      }
      if (waited > SHARDS_LIMIT.toNanos()) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            "dataset " + DATASET + ": shards do not open (expected: all; see the leaves' logs)");
      }
      if (supervisor.awaitStop(PAUSE)) {
        throw new HeddleException(ErrorCode.CANCELLED, "stopped");
      }
    }
  }

  private static Path file(DemoOptions options) {
    return options.data().resolve("loaded.json");
  }

  @Override
  public void close() {
    fetch.close();
  }

  /** Fetches the corpus while the nodes start. */
  private static final class Fetch implements AutoCloseable {
    private static final Executor ONE_THREAD =
        task -> Thread.ofVirtual().name("corpus-fetch").start(task);

    private final DemoOptions options;
    private final Corpora corpora;
    private Optional<CompletableFuture<Corpus>> running = Optional.empty();

    Fetch(DemoOptions options, Corpora corpora) {
      this.options = options;
      this.corpora = corpora;
    }

    CompletableFuture<Corpus> start() {
      CompletableFuture<Corpus> started = CompletableFuture.supplyAsync(this::fetch, ONE_THREAD);
      running = Optional.of(started);
      return started;
    }

    private Corpus fetch() {
      try {
        return options.corpus().isPresent()
            ? corpora.file(options.corpus().get(), Optional.empty())
            : corpora.dbpedia(Optional.empty());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    Corpus corpus() throws IOException {
      try {
        return running.orElseGet(this::start).join();
      } catch (CompletionException e) {
        switch (e.getCause()) {
          case UncheckedIOException io -> throw io.getCause();
          case RuntimeException failure -> throw failure;
          case null, default -> throw e;
        }
      }
    }

    @Override
    public void close() {
      running.ifPresent(fetch -> fetch.cancel(true));
    }
  }
}
