package dev.heddle.cli.demo;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.Corpora;
import dev.heddle.cli.client.DatasetInfo;
import dev.heddle.cli.client.DatasetsGrpcClient;
import dev.heddle.cli.client.Loader;
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
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import tools.jackson.databind.json.JsonMapper;

/**
 * The demo's dataset: loaded once, and known to be whole by a marker that is written after the last
 * document is durable. Without a marker that fits, what is there is dropped and loaded again.
 */
final class DemoCorpus implements AutoCloseable {
  static final String DATASET = "dbpedia";

  private static final Duration SHARDS_LIMIT = Duration.ofSeconds(30);
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

  /** Returns when every document is in. */
  void ensure(ClusterGrpcClient grpc, DemoSupervisor supervisor)
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
      load(grpc, datasets, create(datasets));
      return;
    }
    DatasetInfo whole = awaitShards(datasets, supervisor);
    long expected = found.get().documents();
    if (whole.documents() < expected) {
      console.note(
          "heddle: "
              + Figures.count(whole.documents())
              + " of "
              + Figures.count(expected, "document")
              + " are there; loading again what is missing");
      load(grpc, datasets, whole);
      return;
    }
    console.note(
        "heddle: dataset " + DATASET + " has " + Figures.count(whole.documents(), "document"));
  }

  private DatasetInfo create(DatasetsGrpcClient datasets) throws IOException {
    String schema = fetch.corpus().schemaJson();
    return datasets.create(DATASET, JsonMapper.shared().readTree(schema), options.shards());
  }

  private void load(ClusterGrpcClient grpc, DatasetsGrpcClient datasets, DatasetInfo dataset)
      throws IOException, InterruptedException {
    LoadMarker.delete(file(options));
    Loader loader = new Loader(grpc, console, ticker);
    Loader.Result result = loader.load(DATASET, fetch.corpus());
    loader.tellRejections(result);
    // Counted by the shards, since documents may have replaced each other.
    long documents = datasets.get(DATASET).documents();
    wanted.of(dataset.id(), documents).write(file(options));
    console.note(
        "heddle: indexed "
            + Figures.count(documents, "document")
            + " in "
            + Figures.nanos(result.nanos())
            + " ("
            + Figures.count(result.documentsPerSecond())
            + " docs/s)");
  }

  private DatasetInfo awaitShards(DatasetsGrpcClient datasets, DemoSupervisor supervisor)
      throws InterruptedException {
    long deadline = ticker.nanoTime() + SHARDS_LIMIT.toNanos();
    while (true) {
      DatasetInfo dataset = datasets.get(DATASET);
      if (dataset.complete()) {
        return dataset;
      }
      if (ticker.nanoTime() - deadline > 0) {
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
