package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.coordinator.admission.Admission;
import dev.heddle.coordinator.plan.FieldCheck;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Planner;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.engine.Engine;
import dev.heddle.engine.FunctionRef;
import dev.heddle.function.ScatterRequest;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Runs queries: admission, plan, scatter, gather. Safe for many threads; each query is one {@link
 * QueryRun}.
 */
final class Queries {
  private final CoordinatorConfig config;
  private final CatalogClient catalog;
  private final Engine engine;
  private final FunctionNames names;
  private final LeafGrpcClient leaves;
  private final Admission admission;
  private final Planner planner = new Planner();
  private final StatisticsEpochs epochs;
  private final KnownShards known;
  private final Ticker ticker;
  private final Timer latency;

  Queries(
      CoordinatorConfig config,
      CatalogClient catalog,
      Engine engine,
      FunctionNames names,
      LeafGrpcClient leaves,
      KnownShards known,
      Ticker ticker,
      MeterRegistry registry) {
    this.config = config;
    this.catalog = catalog;
    this.engine = engine;
    this.names = names;
    this.leaves = leaves;
    this.known = known;
    this.ticker = ticker;
    this.admission = new Admission("queries", config.queries());
    this.epochs =
        new StatisticsEpochs(
            UUID.randomUUID().toString().substring(0, 8), config.statisticsRefresh(), ticker);
    this.latency = registry.timer("heddle_coordinator_query_seconds");
    registry.gauge("heddle_coordinator_queries_in_flight", admission, Admission::inFlight);
  }

  /** Forgets datasets and functions that are gone. */
  void retain(CatalogView view) {
    var ids = new java.util.HashSet<String>();
    view.allDatasets().forEach(dataset -> ids.add(dataset.id()));
    epochs.retain(ids);
    known.retain(ids);
    engine.keepOnly(view);
  }

  /**
   * Answers a query.
   *
   * @param functionName empty: the built-in search
   * @param cancelled whether the caller went away
   * @param improvements gets each better answer before the last, on this thread
   */
  QueryAnswer run(
      String dataset,
      String functionName,
      ScatterRequest request,
      Options options,
      BooleanSupplier cancelled,
      Optional<Consumer<QueryAnswer>> improvements)
      throws InterruptedException {
    long start = ticker.nanoTime();
    try (var _ = admission.admit()) {
      var context = RequestContext.current();
      var view = catalog.view();
      var record =
          view.dataset(context.tenant(), dataset)
              .orElseThrow(() ->
                  new HeddleException(
                      ErrorCode.UNKNOWN_DATASET,
                      "dataset: " + dataset + " (expected: an existing dataset)"));
      FieldCheck.check(request, record.schema());
      FunctionRef function =
          functionName.isEmpty()
              ? names.builtIn(context.tenant(), "search")
              : names.resolve(view, context.tenant(), functionName, FunctionKind.SCATTER);
      try (var run = engine.scatter(function, request, options.deadline())) {
        var whole = planner.plan(record, view);
        var plan = run.commutative() ? whole : whole.byShard();
        String queryId = UUID.randomUUID().toString();
        var template =
            leaves.template(
                queryId, context.tenant(), record.id(), function, view.revision(), request);
        var query =
            new QueryRun(
                config,
                plan,
                run,
                leaves,
                template,
                epochs,
                known,
                options,
                cancelled,
                improvements,
                context.trace().traceId(),
                ticker,
                start);
        return query.answer();
      }
    } finally {
      latency.record(ticker.nanoTime() - start, TimeUnit.NANOSECONDS);
    }
  }

  /**
   * How to answer.
   *
   * @param minCoverage 0..1; less is an error
   */
  record Options(Deadline deadline, double minCoverage, boolean explain) {
    Options {
      if (!(minCoverage >= 0 && minCoverage <= 1)) {
        throw new HeddleException(
            ErrorCode.OUT_OF_RANGE, "minCoverage: " + minCoverage + " (expected: 0..1)");
      }
    }
  }
}
