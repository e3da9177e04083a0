package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.admission.FairAdmission;
import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.coordinator.plan.FieldCheck;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Planner;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.Skipping;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.ExtraBudget;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.engine.Engine;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.QueryOrigin;
import dev.heddle.engine.ScatterRun;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.ShardSummary;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.HashSet;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Runs queries: admission, plan, scatter, gather. Safe for many threads; each query is one {@link
 * QueryRun}.
 */
final class Queries {
  private final CatalogClient catalog;
  private final Engine engine;
  private final FunctionNames names;
  private final SharedState shared;
  private final Skipping skipping;
  private final FairAdmission admission;
  private final Ticker ticker;
  private final Timer latency;
  private final SlowLog slow;

  Queries(
      CoordinatorConfig config,
      CatalogClient catalog,
      Engine engine,
      FunctionNames names,
      LeafGrpcClient leaves,
      ReplicaTable table,
      ReplicaChoice choice,
      HedgingPolicy hedging,
      Tree tree,
      Ledger ledger,
      Ticker ticker,
      MeterRegistry registry) {
    this.catalog = catalog;
    this.engine = engine;
    this.names = names;
    this.ticker = ticker;
    this.admission =
        FairAdmission.ofQueries(config.admission(), config.queries(), ticker, registry);
    var scatter = config.scatter();
    var owner = UUID.randomUUID().toString().substring(0, 8);
    this.shared =
        new SharedState(
            config,
            catalog::view,
            leaves,
            new Planner(choice),
            table,
            new StatisticsEpochs(owner, config.statisticsRefresh(), ticker),
            new KnownShards(table),
            tree,
            hedging,
            new ExtraBudget(
                scatter.hedgeBudget(), scatter.extraBurst(), scatter.slowShare(), false),
            new ExtraBudget(scatter.retryBudget(), scatter.extraBurst(), 1, true),
            new ExtraBudget(scatter.repairBudget(), scatter.extraBurst(), 1, true),
            new HeldBytes(scatter.queryBytes(), scatter.allBytes()),
            ledger,
            new Courses(),
            registry.counter("heddle_coordinator_shards_asked_again"),
            registry.counter("heddle_coordinator_shards_hedged"),
            registry.counter("heddle_coordinator_shards_repaired"),
            registry.counter("heddle_coordinator_answers_cut"),
            registry.counter("heddle_coordinator_bars_told"),
            ticker);
    this.skipping = new Skipping(table, ticker);
    this.slow = new SlowLog(scatter.slowQuery());
    registry.gauge("heddle_coordinator_queries_held_bytes", shared.bytes(), HeldBytes::bytes);
    this.latency = registry.timer("heddle_coordinator_query_seconds");
    registry.gauge("heddle_coordinator_queries_in_flight", admission, FairAdmission::inFlight);
  }

  /** What queries share with the parts of others' queries. */
  SharedState shared() {
    return shared;
  }

  /** Forgets datasets and functions that are gone. */
  void retain(CatalogView view) {
    var ids = new HashSet<String>();
    view.allDatasets().forEach(dataset -> ids.add(dataset.id()));
    shared.epochs().retain(ids);
    shared.known().retain(ids);
    shared.planner().retain(ids);
    shared.hedging().retain(ids);
    shared.tree().retain(view);
    engine.keepOnly(view);
  }

  /**
   * Answers a query.
   *
   * @param functionName empty: the built-in search
   * @param cancelled whether the caller went away
   * @param improvements gets better answers before the last, on this thread
   */
  QueryAnswer run(
      String dataset,
      String functionName,
      ScatterRequest request,
      Options options,
      BooleanSupplier cancelled,
      Optional<Improvements> improvements)
      throws InterruptedException {
    long start = ticker.nanoTime();
    try (var place =
        admission.admit(RequestContext.current(), options.deadline().atNanos(), cancelled)) {
      return admitted(
          place, start, dataset, functionName, request, options, cancelled, improvements);
    } catch (RuntimeException e) {
      slow.failed(dataset, functionName, ticker.nanoTime() - start, e);
      throw e;
    } finally {
      latency.record(ticker.nanoTime() - start, TimeUnit.NANOSECONDS);
    }
  }

  private QueryAnswer admitted(
      FairAdmission.Place place,
      long start,
      String dataset,
      String functionName,
      ScatterRequest request,
      Options options,
      BooleanSupplier cancelled,
      Optional<Improvements> improvements)
      throws InterruptedException {
    var context = RequestContext.current();
    try {
      var view = catalog.known();
      var record =
          view.dataset(context.tenant(), dataset)
              .orElseThrow(() ->
                  new HeddleException(
                      ErrorCode.UNKNOWN_DATASET,
                      "dataset: " + dataset + " (expected: an existing dataset)"));
      var reading = Reading.of(options.level(), options.token(), record);
      FieldCheck.check(request, record.schema());
      FunctionRef function =
          functionName.isEmpty()
              ? names.builtIn(context.tenant(), "search")
              : names.resolve(view, context.tenant(), functionName, FunctionKind.SCATTER);
      String queryId = UUID.randomUUID().toString();
      var origin = new QueryOrigin(queryId, context.trace().traceId());
      try (var run = engine.scatter(function, request, options.deadline(), origin)) {
        var whole =
            skipping.skip(
                shared.planner().plan(record, view, reading),
                reading,
                summary -> mayMatch(run, summary));
        var flat = run.commutative() ? whole : whole.byShard();
        var plan = shared.tree().grow(flat, view.nodesWith("coordinator"));
        var template =
            LeafGrpcClient.template(
                queryId, context.tenant(), record.id(), function, view.revision(), request);
        var query =
            new QueryRun(
                shared,
                plan,
                reading,
                run,
                template,
                options,
                cancelled,
                improvements,
                context.trace().traceId(),
                start,
                admission(place));
        var answer = query.answer();
        // Before it is found too little: who wants all of it is cut off as others are.
        place.served(answer.cutOff());
        answer.covering(options.minCoverage());
        slow.answered(dataset, function.name(), answer);
        return answer;
      }
    } catch (HeddleException e) {
      if (tellsOfOverload(e.code())) {
        place.served(true);
      }
      throw e;
    }
  }

  /**
   * Whether a query that failed so had too little time, or found too little room. What
   * LIMIT_REACHED tells is that it wanted more than any query may have, however few there are.
   */
  static boolean tellsOfOverload(ErrorCode code) {
    return code == ErrorCode.DEADLINE_EXCEEDED
        || (code.kind() == ErrorCode.Kind.CAPACITY && code != ErrorCode.LIMIT_REACHED);
  }

  /** Where the function cannot say, the shard is asked, which tells what is wrong. */
  private static boolean mayMatch(ScatterRun run, ShardSummary summary) {
    try {
      return run.canMatch(summary);
    } catch (HeddleException e) {
      return true;
    }
  }

  private static QueryAnswer.Admission admission(FairAdmission.Place place) {
    return new QueryAnswer.Admission(
        place.waitedNanos() / 1_000, place.inFlight(), place.places(), place.priority());
  }

  /**
   * How to answer.
   *
   * @param minCoverage 0..1; less is an error
   * @param token of the request
   */
  record Options(
      Deadline deadline,
      double minCoverage,
      boolean explain,
      Reading.Level level,
      PositionToken token) {
    Options {
      if (!(minCoverage >= 0 && minCoverage <= 1)) {
        throw new HeddleException(
            ErrorCode.OUT_OF_RANGE, "minCoverage: " + minCoverage + " (expected: 0..1)");
      }
    }
  }
}
