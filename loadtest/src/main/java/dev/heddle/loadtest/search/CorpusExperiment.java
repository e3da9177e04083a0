package dev.heddle.loadtest.search;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CpuShare;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The same queries over growing data, from a sixteenth of the documents to all of them, in eight
 * shards on two leaves. Every answer is checked against a single Lucene index of the same
 * documents. Of the general options it takes warm-up, runs and requests, for each size and class,
 * the number of different queries, and the seed.
 */
public final class CorpusExperiment implements LoggedExperiment {
  private static final int LEAVES = 2;
  private static final int SHARDS = 8;
  private static final List<Integer> PARTS = List.of(16, 8, 4, 2, 1);
  private static final List<Integer> QUICK_PARTS = List.of(4, 1);

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
  public CorpusExperiment(JavaCommand java, Path directory, Corpus corpus, int documents) {
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
    return "corpus";
  }

  @Override
  public String about() {
    return "the same queries over growing data";
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    var findings = new Findings();
    var all = SearchDocuments.read(corpus, documents);
    var sizes = new TreeSet<Integer>();
    for (int part : options.quick() ? QUICK_PARTS : PARTS) {
      sizes.add(Math.max(1, all.all().size() / part));
    }
    // Of the smallest part, so that all of them match something at every size.
    var queries =
        new SearchQueries(new Random(options.seed()), first(all, sizes.first()))
            .make(
                SearchExperiment.KINDS,
                Math.max(1, options.workload().count() / SearchExperiment.KINDS.size()));
    var p50 = new EnumMap<SearchKind, List<Point>>(SearchKind.class);
    var cpu = new EnumMap<SearchKind, List<Point>>(SearchKind.class);
    try (var cluster =
        SearchCluster.apart(directory.resolve("apart"), new FreePorts(), LEAVES, java, ticker)) {
      for (int size : sizes) {
        var some = first(all, size);
        var dataset = "corpus-" + size;
        progress.accept("loading " + size + " documents");
        cluster.load(dataset, SHARDS, some);
        var subjects = List.of(cluster.grpc(dataset, queries));
        try (var floors = new SearchFloors(directory.resolve("floor-" + size), some, 1);
            var rounds =
                new SearchRounds(
                    subjects,
                    queries,
                    new Reference(floors.single(), queries),
                    options,
                    ticker,
                    requests)) {
          rounds.settle(progress);
          rounds.check(size + " documents", findings, progress);
          rounds.warm(findings, progress);
        }
        progress.accept("measuring " + size + " documents");
        try (var clients = new SubjectClients(subjects.getFirst(), 1, ticker)) {
          for (var kind : SearchExperiment.KINDS) {
            measure(clients, queries, kind, size, options.load(), requests, findings, p50, cpu);
          }
        }
        cluster.drop(dataset);
      }
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, "corpus: " + e, e);
    }
    findings.note(
        "one client over gRPC; queries are made of the smallest part; what grows with the data is"
            + " the number of matches, too");
    return findings.result(
        name(),
        "%,d to %,d documents in %d shards on %d leaves"
            .formatted(sizes.first(), sizes.last(), SHARDS, LEAVES),
        List.of(
            curve("Median time by documents", "us", p50),
            curve("CPU time of all processes by documents", "us a query", cpu)));
  }

  /** By their ids, which say nothing of what is in them. */
  private static SearchDocuments first(SearchDocuments all, int size) {
    return new SearchDocuments(all.all().subList(0, size));
  }

  private static void measure(
      SubjectClients clients,
      List<SearchQuery> queries,
      SearchKind kind,
      int size,
      BenchOptions.Load load,
      RequestLog requests,
      Findings findings,
      Map<SearchKind, List<Point>> p50,
      Map<SearchKind, List<Point>> cpu)
      throws InterruptedException {
    var own =
        IntStream.range(0, queries.size()).filter(i -> queries.get(i).kind() == kind).toArray();
    var schedule = IntStream.range(0, load.requests()).map(i -> own[i % own.length]).toArray();
    var medians = new ArrayList<Double>();
    double micros = 0;
    for (int run = 1; run <= load.runs(); run++) {
      var name = "%d documents, %s, run %d".formatted(size, kind.label(), run);
      var share = new CpuShare(clients.subject().pids());
      var outcome = clients.run(name, schedule, 1, requests);
      outcome.failures().forEach(findings::problem);
      var each = share.per(outcome.times().count());
      var figures = new LinkedHashMap<String, Double>();
      figures.put("queriesPerSecond", outcome.perSecond());
      figures.putAll(each);
      findings.series(name, outcome.times(), figures, outcome.completions());
      medians.add(outcome.times().percentiles().p50());
      micros += each.getOrDefault("serverCpuMicros", 0.0) / load.runs();
    }
    medians.sort(null);
    double median = medians.get((medians.size() - 1) / 2);
    p50.computeIfAbsent(kind, _ -> new ArrayList<>()).add(new Point(size, median));
    cpu.computeIfAbsent(kind, _ -> new ArrayList<>()).add(new Point(size, micros));
    findings.figure(kind.label() + size + "DocumentsP50Micros", median);
  }

  private static Curve curve(String title, String y, Map<SearchKind, List<Point>> points) {
    var lines = new ArrayList<Curve.Line>();
    points.forEach((kind, each) -> lines.add(new Curve.Line(kind.label(), each)));
    return new Curve(title, "documents", y, lines);
  }
}
