package dev.heddle.loadtest.search;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.peer.OpenSearch;
import dev.heddle.process.Closer;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * The same queries over the same documents, in turns: bare Lucene in one index and in eight, plain
 * gRPC to two leaves, clusters of this build with all roles in one process and with two leaves of
 * their own, over HTTP and gRPC, and OpenSearch where it is asked for. Every answer is checked
 * against the single index before and after the measurement. Fails on wrong totals, counts and
 * ranks, and on errors. Of the general options it takes warm-up, runs, requests, the number of
 * different queries, the seed and the peers.
 */
public final class SearchExperiment implements LoggedExperiment {
  static final int SHARDS = 8;
  static final int LEAVES = 2;
  static final List<Integer> CLIENTS = List.of(1, 4);
  static final List<SearchKind> KINDS =
      List.of(SearchKind.MATCH, SearchKind.BOOLEAN, SearchKind.PHRASE, SearchKind.TERMS);

  /** Of each subject that has processes of its own, over all of them. */
  private static final int HEAP_MIB = 1_024;

  private static final String DATASET = "bench";

  private final JavaCommand java;
  private final Path directory;
  private final Corpus corpus;
  private final int documents;

  /**
   * @param java starts nodes
   * @param directory empty; takes data and logs, which stay
   * @param corpus of documents with a {@code title}, an {@code abstract}, and values of {@code
   *     type}
   * @param documents of it at most, at least 1
   */
  public SearchExperiment(JavaCommand java, Path directory, Corpus corpus, int documents) {
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
    return "query";
  }

  @Override
  public String about() {
    return "queries beside bare Lucene, plain gRPC and OpenSearch, by class and clients";
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    check(options.workload());
    var findings = new Findings();
    try (var closer = new Closer()) {
      progress.accept("reading documents");
      var some = SearchDocuments.read(corpus, documents);
      var queries =
          new SearchQueries(new Random(options.seed()), some)
              .make(KINDS, Math.max(1, options.workload().count() / KINDS.size()));
      progress.accept("building " + (1 + SHARDS) + " plain indexes");
      var floors =
          closer.register("floors", new SearchFloors(directory.resolve("floors"), some, SHARDS));
      var reference = new Reference(floors.single(), queries);
      var subjects = new ArrayList<Subject>();
      subjects.add(InProcess.single(floors.single(), queries));
      subjects.add(InProcess.fanOut(floors.fanOut(), queries));
      var ports = new FreePorts();
      var floorHeap = DataSize.ofMiB(HEAP_MIB / LEAVES);
      subjects.add(floors.overGrpc(LEAVES, floorHeap, ports, queries, ticker));
      subjects.addAll(clusters(closer, ports, some, queries, ticker, progress));
      options
          .peers()
          .start(
              Peer.OPENSEARCH,
              () -> openSearch(closer, ports, some, queries, ticker, progress),
              findings::note)
          .ifPresent(subjects::add);
      var rounds =
          closer.register(
              "clients", new SearchRounds(subjects, queries, reference, options, ticker, requests));
      rounds.settle(progress);
      rounds.check("before", findings, progress);
      rounds.warm(findings, progress);
      rounds.measure(findings, progress);
      rounds.check("after", findings, progress);
      return SearchVerdict.result(name(), subject(some, queries), subjects, rounds, findings);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, "query: " + e, e);
    }
  }

  /** Subjects differ in what they understand: only queries that are made here are for all. */
  private static void check(BenchOptions.Workload workload) {
    if (workload.file().isPresent() || !workload.with().equals("{}")) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "queries, with: given (expected: a target that they are for; other subjects do not"
              + " understand them)");
    }
  }

  private static String subject(SearchDocuments some, List<SearchQuery> queries) {
    return "%d documents in %d shards, %d different queries; %d MiB of heap for each subject"
        .formatted(some.all().size(), SHARDS, queries.size(), HEAP_MIB);
  }

  private List<Subject> clusters(
      Closer closer,
      FreePorts ports,
      SearchDocuments some,
      List<SearchQuery> queries,
      Ticker ticker,
      Consumer<String> progress)
      throws InterruptedException {
    progress.accept("starting clusters");
    var together =
        closer.register(
            "together",
            SearchCluster.together(
                directory.resolve("together"), ports, java.withFlags(heap(1)), ticker));
    var apart =
        closer.register(
            "apart",
            SearchCluster.apart(
                directory.resolve("apart"),
                ports,
                LEAVES,
                java.withFlags(heap(1 + LEAVES)),
                ticker));
    var subjects = new ArrayList<Subject>();
    for (var cluster : List.of(together, apart)) {
      progress.accept("loading " + some.all().size() + " documents");
      cluster.load(DATASET, SHARDS, some);
      subjects.add(cluster.http(DATASET, queries));
      subjects.add(cluster.grpc(DATASET, queries));
    }
    return subjects;
  }

  private static String heap(int processes) {
    return "-Xmx" + HEAP_MIB / processes + "m";
  }

  private Subject openSearch(
      Closer closer,
      FreePorts ports,
      SearchDocuments some,
      List<SearchQuery> queries,
      Ticker ticker,
      Consumer<String> progress) {
    progress.accept("starting OpenSearch " + OpenSearch.VERSION);
    var server =
        closer.register(
            "OpenSearch",
            OpenSearch.start(
                directory.resolve("opensearch"), ports, DataSize.ofMiB(HEAP_MIB), ticker));
    var index = new OpenSearchIndex(server);
    progress.accept("loading " + some.all().size() + " documents into OpenSearch");
    index.load(SHARDS, some);
    return index.subject(queries);
  }
}
