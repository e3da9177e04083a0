package dev.heddle.loadtest.search;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.ProcessCpu;
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
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The same documents in 1 to 128 shards on two leaves: what one more shard costs the coordinator in
 * CPU time, and the client in time, as the slope of a straight line through all numbers of shards
 * (least squares). Every answer is checked against a single Lucene index. Of the general options it
 * takes warm-up, runs and requests, for each number of shards and class, the number of different
 * queries, and the seed.
 */
public final class ShardsExperiment implements LoggedExperiment {
  private static final int LEAVES = 2;
  private static final List<Integer> SHARDS = List.of(1, 2, 4, 8, 16, 32, 64, 128);
  private static final List<Integer> QUICK_SHARDS = List.of(1, 4);
  private static final List<SearchKind> KINDS =
      List.of(SearchKind.TERM, SearchKind.PHRASE, SearchKind.TERMS, SearchKind.DISJUNCTION);
  private static final double MOST_HEAD_MICROS = 3;
  private static final double MOST_P50_MICROS = 10;
  private static final double MOST_DISJUNCTION_MICROS = 20;

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
  public ShardsExperiment(JavaCommand java, Path directory, Corpus corpus, int documents) {
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
    return "shards";
  }

  @Override
  public String about() {
    return "what one more shard costs, from 1 to 128 on two leaves";
  }

  /** Points by class of query: the median time, and CPU time of the head and of the leaves. */
  private static final class Measured {
    final Map<SearchKind, List<Point>> p50 = new EnumMap<>(SearchKind.class);
    final Map<SearchKind, List<Point>> head = new EnumMap<>(SearchKind.class);
    final Map<SearchKind, List<Point>> leaves = new EnumMap<>(SearchKind.class);

    static void add(Map<SearchKind, List<Point>> to, SearchKind kind, double x, double y) {
      to.computeIfAbsent(kind, _ -> new ArrayList<>()).add(new Point(x, y));
    }
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    var findings = new Findings();
    var some = SearchDocuments.read(corpus, documents);
    var random = new Random(options.seed());
    var queries =
        new SearchQueries(random, some)
            .make(KINDS, Math.max(1, options.workload().count() / KINDS.size()));
    var numbers = options.quick() ? QUICK_SHARDS : SHARDS;
    var measured = new Measured();
    try (var floors = new SearchFloors(directory.resolve("floors"), some, 1);
        var cluster =
            SearchCluster.apart(
                directory.resolve("apart"), new FreePorts(), LEAVES, java, ticker)) {
      var reference = new Reference(floors.single(), queries);
      for (int shards : numbers) {
        var dataset = "shards-" + shards;
        progress.accept("loading %d documents into %d shards".formatted(some.all().size(), shards));
        cluster.load(dataset, shards, some);
        var subjects = List.of(cluster.grpc(dataset, queries));
        try (var rounds =
            new SearchRounds(subjects, queries, reference, options, ticker, requests)) {
          rounds.settle(progress);
          rounds.check(shards + " shards", findings, progress);
          rounds.warm(findings, progress);
        }
        progress.accept("measuring " + shards + " shards");
        try (var clients = new SubjectClients(subjects.getFirst(), 1, ticker)) {
          for (var kind : KINDS) {
            measure(options, cluster, clients, queries, kind, shards, requests, findings, measured);
          }
        }
        cluster.drop(dataset);
      }
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, "shards: " + e, e);
    }
    return result(numbers, some, findings, measured);
  }

  private static void measure(
      BenchOptions options,
      SearchCluster cluster,
      SubjectClients clients,
      List<SearchQuery> queries,
      SearchKind kind,
      int shards,
      RequestLog requests,
      Findings findings,
      Measured measured)
      throws InterruptedException {
    var own =
        IntStream.range(0, queries.size()).filter(i -> queries.get(i).kind() == kind).toArray();
    var schedule =
        IntStream.range(0, options.load().requests()).map(i -> own[i % own.length]).toArray();
    var head = cluster.headPids();
    var rest = cluster.pids().stream().filter(pid -> !head.contains(pid)).toList();
    var p50 = new ArrayList<Double>();
    double headMicros = 0;
    double leafMicros = 0;
    int runs = options.load().runs();
    for (int run = 1; run <= runs; run++) {
      long headBefore = ProcessCpu.nanos(head);
      long leavesBefore = ProcessCpu.nanos(rest);
      var name = "%d shards, %s, run %d".formatted(shards, kind.label(), run);
      var outcome = clients.run(name, schedule, 1, requests);
      outcome.failures().forEach(findings::problem);
      double count = Math.max(1, outcome.times().count());
      double headEach = (ProcessCpu.nanos(head) - headBefore) / 1e3 / count;
      double leavesEach = (ProcessCpu.nanos(rest) - leavesBefore) / 1e3 / count;
      var figures = new LinkedHashMap<String, Double>();
      figures.put("queriesPerSecond", outcome.perSecond());
      figures.put("headCpuMicros", headEach);
      figures.put("leavesCpuMicros", leavesEach);
      findings.series(name, outcome.times(), figures, outcome.completions());
      p50.add(outcome.times().percentiles().p50());
      headMicros += headEach / runs;
      leafMicros += leavesEach / runs;
    }
    p50.sort(null);
    Measured.add(measured.p50, kind, shards, p50.get((p50.size() - 1) / 2));
    Measured.add(measured.head, kind, shards, headMicros);
    Measured.add(measured.leaves, kind, shards, leafMicros);
  }

  private ExperimentResult result(
      List<Integer> numbers, SearchDocuments some, Findings findings, Measured measured) {
    for (var kind : KINDS) {
      double p50 = slope(measured.p50.getOrDefault(kind, List.of()));
      double head = slope(measured.head.getOrDefault(kind, List.of()));
      findings.figure(kind.label() + "P50MicrosPerShard", p50);
      findings.figure(kind.label() + "HeadCpuMicrosPerShard", head);
      findings.figure(
          kind.label() + "LeavesCpuMicrosPerShard",
          slope(measured.leaves.getOrDefault(kind, List.of())));
      boolean three = kind == SearchKind.DISJUNCTION;
      findings.goal(
          kind.label() + "P50MicrosPerShard", three ? MOST_DISJUNCTION_MICROS : MOST_P50_MICROS);
      findings.goal(kind.label() + "HeadCpuMicrosPerShard", MOST_HEAD_MICROS);
    }
    findings.note(
        "one client over gRPC; the head is the process with gateway and coordinator; figures for"
            + " each shard are slopes over all numbers of shards");
    findings.note("compilers and garbage collectors count as CPU time; it is known to 10 ms a run");
    return findings.result(
        name(),
        "%d documents on %d leaves in %s shards: %d to %d in a shard"
            .formatted(
                some.all().size(),
                LEAVES,
                numbers,
                some.all().size() / numbers.getLast(),
                some.all().size()),
        List.of(
            curve("Median time by shards", "us", measured.p50),
            curve("CPU time of the head by shards", "us a query", measured.head),
            curve("CPU time of the leaves by shards", "us a query", measured.leaves)));
  }

  /** Of the line through the points with the least squares; 0: fewer than two. */
  static double slope(List<Point> points) {
    double meanX = points.stream().mapToDouble(Point::x).average().orElse(0);
    double meanY = points.stream().mapToDouble(Point::y).average().orElse(0);
    double xy = 0;
    double xx = 0;
    for (var point : points) {
      xy += (point.x() - meanX) * (point.y() - meanY);
      xx += (point.x() - meanX) * (point.x() - meanX);
    }
    return xx == 0 ? 0 : xy / xx;
  }

  private static Curve curve(String title, String y, Map<SearchKind, List<Point>> points) {
    var lines = new ArrayList<Curve.Line>();
    points.forEach((kind, each) -> lines.add(new Curve.Line(kind.label(), each)));
    return new Curve(title, "shards", y, lines);
  }
}
