package dev.heddle.loadtest.search;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.invoke.FunctionEdge;
import dev.heddle.loadtest.invoke.FunctionNodes;
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
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The sum of a field over all documents of a dataset: by the built-in aggregation, by functions of
 * users beside the data, in Java and in WebAssembly, and by a client that fetches the documents
 * first. Fails on wrong sums. Of the general options it takes runs, requests (a tenth of them where
 * documents are fetched), a tenth of the warm-up (and of that a tenth), and the seed.
 */
public final class ScatterFunctionsExperiment implements LoggedExperiment {
  /** A page of an answer has no more. */
  private static final int MOST_DOCUMENTS = 10_000;

  private static final int LEAVES = 2;
  private static final int SHARDS = 8;
  private static final int FEWER = 10;
  private static final int MOST_VALUE = 1_000;
  private static final int CHECKS = 3;
  private static final String DATASET = "numbers";
  private static final String SCHEMA = "{\"fields\":[{\"name\":\"n\",\"type\":\"long\"}]}";
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration SETTLING = Duration.ofMinutes(3);
  private static final Duration LOOK = Duration.ofMillis(50);
  private static final Map<String, String> JSON =
      Map.of("Content-Type", "application/json", "Accept", "application/json");

  private final JavaCommand java;
  private final Path directory;
  private final int documents;

  /**
   * @param java starts nodes
   * @param directory empty; takes data and logs, which stay
   * @param documents 1..10,000
   */
  public ScatterFunctionsExperiment(JavaCommand java, Path directory, int documents) {
    if (documents < 1 || documents > MOST_DOCUMENTS) {
      throw new IllegalArgumentException(
          "documents: " + documents + " (expected: 1.." + MOST_DOCUMENTS + ")");
    }
    this.java = java;
    this.directory = directory;
    this.documents = documents;
  }

  /** A way to the sum, and how many times rarer it is taken. */
  private record Way(SubjectClients clients, int rarer) {
    String name() {
      return clients.subject().name();
    }
  }

  @Override
  public String name() {
    return "scatter-functions";
  }

  @Override
  public String about() {
    return "a sum by the built-in, by functions in Java and WebAssembly, and by fetching documents";
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    var findings = new Findings();
    var random = new Random(options.seed());
    var numbers = random.ints(documents, 0, MOST_VALUE).toArray();
    long sum = 0;
    var all = new ArrayList<Corpus.Document>();
    for (int i = 0; i < documents; i++) {
      sum += numbers[i];
      var json = "{\"n\":" + numbers[i] + "}";
      all.add(new Corpus.Document("id" + i, json.getBytes(StandardCharsets.UTF_8)));
    }
    var nodes = FunctionNodes.apart(directory, new FreePorts(), LEAVES);
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      var channels = closer.register("channels", new Channels(Credentials.none()));
      progress.accept("starting " + nodes.nodes().size() + " processes");
      cluster.start(START);
      var bulk = new BulkGrpcClient(channels, nodes.layout().coordinators().getFirst());
      bulk.create(DATASET, SCHEMA, SHARDS, 1);
      progress.accept("loading " + documents + " documents");
      bulk.load(DATASET, all);
      deploy(new FunctionEdge(nodes.http()));
      var ways = new ArrayList<Way>();
      for (var subject : subjects(nodes, cluster::pids)) {
        var clients = closer.register(subject.name(), new SubjectClients(subject, 1, ticker));
        settle(clients, sum, ticker);
        ways.add(new Way(clients, subject.name().equals("fetched") ? FEWER : 1));
      }
      for (var way : ways) {
        progress.accept("warming up " + way.name());
        int warm = Math.max(1, options.load().warmup() / FEWER / way.rarer());
        var outcome = way.clients().run("warm-up", new int[warm], 1, RequestLog.NONE);
        outcome.failures().forEach(findings::problem);
      }
      for (int run = 1; run <= options.load().runs(); run++) {
        for (var way : ways) {
          measure(way, run, sum, options, findings, progress, requests);
        }
      }
    }
    return result(findings);
  }

  private static void deploy(FunctionEdge edge) {
    var _ =
        edge.deploy(
            "sum-java",
            FunctionArchive.of(
                "sum-java", "", FieldSum.class, FieldSum.Adder.class, FieldSum.Sums.class));
    try (var in = ScatterFunctionsExperiment.class.getResourceAsStream("sum.wasm")) {
      if (in == null) {
        throw new IllegalStateException("sum.wasm (expected: to be there)");
      }
      var _ = edge.deployScatterModule("sum-wasm", in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<Subject> subjects(FunctionNodes nodes, Supplier<List<Long>> pids) {
    return List.of(
        subject(
            nodes,
            pids,
            "builtIn",
            "{\"k\":0,\"aggs\":{\"s\":{\"stats\":{\"field\":\"n\"}}}}",
            json -> json.path("aggs").path("s").path("sum").asLong(-1)),
        subject(
            nodes,
            pids,
            "java",
            "{\"function\":\"sum-java\"}",
            json -> json.path("result").asLong(-1)),
        subject(
            nodes,
            pids,
            "wasm",
            "{\"function\":\"sum-wasm\"}",
            json -> json.path("result").asLong(-1)),
        subject(
            nodes,
            pids,
            "fetched",
            "{\"k\":" + MOST_DOCUMENTS + ",\"fields\":[\"n\"],\"highlight\":false}",
            json -> {
              long sum = 0;
              for (var hit : json.path("hits")) {
                sum += hit.path("fields").path("n").asLong(-1);
              }
              return sum;
            }));
  }

  private static Subject subject(
      FunctionNodes nodes,
      Supplier<List<Long>> pids,
      String name,
      String body,
      Function<JsonNode, Long> sum) {
    var target = "/v1/datasets/" + DATASET + "/query";
    var request =
        HttpRequest.of("POST", target, nodes.http(), JSON, body.getBytes(StandardCharsets.UTF_8));
    return new HttpSubject(
        name, nodes.http(), pids, true, List.of(request), bytes -> found(bytes, sum));
  }

  private static Found found(byte[] bytes, Function<JsonNode, Long> sum) {
    var json = JsonMapper.shared().readTree(bytes);
    var coverage = json.path("coverage");
    boolean whole =
        coverage.path("seen").asLong(-1) == coverage.path("target").asLong(-2)
            && coverage.path("missing").isEmpty();
    return new Found(
        sum.apply(json), true, List.of(), Map.of(), whole ? "" : "coverage: " + coverage);
  }

  /** Until all documents are seen and the functions are there; a minute at most. */
  private static void settle(SubjectClients clients, long sum, Ticker ticker)
      throws InterruptedException {
    long began = ticker.nanoTime();
    var last = "";
    while (ticker.nanoTime() - began < SETTLING.toNanos()) {
      try {
        var found = clients.ask(0);
        if (found.problem().isEmpty() && found.total() == sum) {
          return;
        }
        last = found.total() + " (expected: " + sum + ") " + found.problem();
      } catch (HeddleException e) {
        last = e.getMessage();
      }
      LockSupport.parkNanos(LOOK.toNanos());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
    throw new HeddleException(
        ErrorCode.UNAVAILABLE, clients.subject().name() + ": not settled in a minute: " + last);
  }

  private static void measure(
      Way way,
      int run,
      long sum,
      BenchOptions options,
      Findings findings,
      Consumer<String> progress,
      RequestLog requests)
      throws InterruptedException {
    var name = way.name() + ", run " + run;
    progress.accept(name);
    var cpu = new CpuShare(way.clients().subject().pids());
    int count = Math.max(1, options.load().requests() / way.rarer());
    var outcome = way.clients().run(name, new int[count], 1, requests);
    outcome.failures().forEach(findings::problem);
    var figures = new LinkedHashMap<String, Double>();
    figures.put("queriesPerSecond", outcome.perSecond());
    figures.putAll(cpu.per(outcome.times().count()));
    findings.series(name, outcome.times(), figures, outcome.completions());
    findings.figure(way.name() + "P50Micros", outcome.times().percentiles().p50());
    findings.figure(way.name() + "P99Micros", outcome.times().percentiles().p99());
    for (int i = 0; i < CHECKS; i++) {
      var found = way.clients().ask(0);
      if (found.total() != sum || !found.problem().isEmpty()) {
        findings.problem(
            "%s: the sum is %d (expected: %d) %s"
                .formatted(name, found.total(), sum, found.problem()));
      }
    }
  }

  private ExperimentResult result(Findings findings) {
    for (var name : List.of("java", "wasm", "fetched")) {
      findings.figure(
          name + "ToBuiltInTimes",
          findings.median(name + "P50Micros")
              / Math.max(1e-9, findings.median("builtInP50Micros")));
    }
    findings.note(
        "over HTTP, one client; fetched: the client gets all documents' field in one answer, and"
            + " the time in which it reads that and adds up is not in its figures");
    findings.note(
        "java visits the matches of the query; wasm, which has a fresh instance for each"
            + " query, all documents of each segment by the column");
    return findings.result(
        name(),
        "the sum of a field of %,d documents in %d shards on %d leaves"
            .formatted(documents, SHARDS, LEAVES));
  }
}
