package dev.heddle.loadtest.query;

import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.ProcessCpu;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.measure.SchedulerFloor;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Latency of warm queries at the HTTP edge, in a closed loop. Fails on errors, on partial answers,
 * and on answers that differ from the first one to the same query.
 */
public final class QueryExperiment implements LoggedExperiment {
  private static final int LEAST_DOCUMENTS = 50;
  private static final int MOST_DOCUMENTS = 500;

  @Override
  public String name() {
    return "query";
  }

  @Override
  public String about() {
    return "latency of warm queries at the HTTP edge, one client or several in a closed loop";
  }

  @Override
  public ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException {
    options
        .peers()
        .named()
        .filter(peers -> !peers.isEmpty())
        .ifPresent(_ -> {
          throw new HeddleException(
              ErrorCode.INVALID_REQUEST,
              "peers: a running cluster is measured alone (expected: no peers, or no target)");
        });
    var edge = new ClusterEdge(options.target());
    var queries = queries(options, edge, progress);
    var load = options.load();
    var random = new Random(options.seed());
    try (var loop = new ClosedLoop(edge, queries, load.clients(), random, ticker)) {
      progress.accept("warming up with " + load.warmup() + " requests");
      var warmup = loop.run(load.warmup());
      var runs = new ArrayList<QueryRun>();
      try (var floor = SchedulerFloor.start(ticker)) {
        for (int i = 1; i <= load.runs(); i++) {
          progress.accept("run " + i + " of " + load.runs());
          runs.add(run(loop, "run " + i, load.requests(), ticker, requests));
        }
        return new QueryFindings(options, queries, loop.book(), warmup, runs, floor.stop())
            .result(name());
      }
    }
  }

  private static QueryRun run(
      ClosedLoop loop, String name, int count, Ticker ticker, RequestLog requests)
      throws InterruptedException {
    long cpu = ProcessCpu.nanos();
    long began = ticker.nanoTime();
    var tally = loop.run(name, count, requests);
    return new QueryRun(tally, count, ticker.nanoTime() - began, ProcessCpu.nanos() - cpu);
  }

  private static List<WorkloadQuery> queries(
      BenchOptions options, ClusterEdge edge, Consumer<String> progress) {
    var workload = options.workload();
    var with = with(workload.with());
    // Asked for in any case: that the dataset is there is better known before the load begins.
    var shape = edge.shape();
    if (workload.file().isPresent()) {
      return QueryFile.read(workload.file().get(), with);
    }
    if (shape.texts().isEmpty()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "dataset: "
              + options.target().dataset()
              + " has no weighted text field to make queries of (expected: one, or a file of"
              + " queries)");
    }
    progress.accept("making " + workload.count() + " queries of the dataset's documents");
    var random = new Random(options.seed());
    int wanted = Math.clamp(workload.count(), LEAST_DOCUMENTS, MOST_DOCUMENTS);
    var documents = new DocumentSample(random, shape, edge::answer).draw(wanted);
    return new QueryGenerator(random, shape, documents).generate(workload.count(), with);
  }

  private static ObjectNode with(String json) {
    try {
      if (JsonMapper.shared().readTree(json) instanceof ObjectNode fields) {
        return fields;
      }
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.MALFORMED_JSON, "with: " + json + " (expected: a JSON object)", e);
    }
    throw new HeddleException(
        ErrorCode.TYPE_MISMATCH, "with: " + json + " (expected: a JSON object)");
  }
}
