package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.scatter.LeafReply.Answer;
import dev.heddle.coordinator.scatter.Part;
import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.engine.Bill;
import dev.heddle.engine.Engine;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.QueryOrigin;
import dev.heddle.function.Bound;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Runs parts of other coordinators' queries: those have been admitted there, and hold no place
 * here; but there are so many at a time at most. Beyond, they are refused, and whoever handed them
 * out asks the leaves itself. Safe for many threads.
 */
final class Parts {
  /** A part waits for the catalog one such share of its time at most. */
  private static final int PATIENCE = 10;

  private final CatalogClient catalog;
  private final Engine engine;
  private final SharedState shared;
  private final PartAccounts accounts = new PartAccounts();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Counter refused;

  Parts(CatalogClient catalog, Engine engine, SharedState shared, MeterRegistry registry) {
    this.catalog = catalog;
    this.engine = engine;
    this.shared = shared;
    this.refused = registry.counter("heddle_coordinator_parts_refused");
    registry.gauge("heddle_coordinator_parts_in_flight", inFlight);
  }

  /**
   * Takes a place for a part; {@link #leave} gives it back.
   *
   * @throws HeddleException OVERLOADED where there is none
   */
  void enter(Ref call) {
    int most = shared.config().scatter().parts();
    if (inFlight.incrementAndGet() > most) {
      inFlight.decrementAndGet();
      refused.increment();
      nothing(call);
      throw new HeddleException(
          ErrorCode.OVERLOADED,
          "parts of queries: "
              + most
              + " in flight (expected: at most "
              + most
              + ", scatter.parts; retry later)");
    }
  }

  /** The call came to nothing, and cost nothing. */
  void nothing(Ref call) {
    var _ = accounts.ended(call, Bill.NONE, 0);
  }

  void leave() {
    inFlight.decrementAndGet();
  }

  /**
   * Answers for a part by the deadline.
   *
   * @param cancelled whether nobody waits for it any more
   * @param answered gets what came of it, on this thread
   * @throws HeddleException where nothing did; CATALOG_UNAVAILABLE where this node's catalog lags
   *     behind the part
   */
  void run(Part part, Deadline deadline, BooleanSupplier cancelled, Consumer<Answer> answered)
      throws InterruptedException {
    boolean began = false;
    try {
      var view = view(part, deadline);
      var dataset = dataset(part, view);
      var origin =
          new QueryOrigin(part.call().queryId(), RequestContext.current().trace().traceId());
      try (var run = engine.scatter(function(part, view), part.request(), deadline, origin);
          var loop = new CourseLoop(shared, part.template(), cancelled, () -> {})) {
        var partRun =
            new PartRun(
                shared,
                part,
                dataset,
                view::node,
                (shard, asked) -> another(dataset, part, shard, asked),
                run,
                accounts,
                deadline.remainingNanos(shared.ticker()),
                loop);
        loop.serve(part);
        if (part.hears()) {
          loop.hear();
        }
        began = true;
        var answer = run(partRun, loop);
        loop.hold(answer);
        answered.accept(answer);
      }
    } finally {
      if (!began) {
        nothing(part.call());
      }
    }
  }

  /**
   * The view at hand, unless it lacks what the part names. Then it is waited for, but not for long:
   * as long as there is time, whoever handed the part out can ask the leaves itself.
   */
  private CatalogView view(Part part, Deadline deadline) throws InterruptedException {
    var view = catalog.known();
    if (view.revision() >= part.catalogRevision() || (shows(view, part) && reaches(view, part))) {
      return view;
    }
    var ticker = shared.ticker();
    long wait = deadline.remainingNanos(ticker) / PATIENCE;
    try {
      return catalog.awaitRevision(part.catalogRevision(), new Deadline(ticker.nanoTime() + wait));
    } catch (HeddleException e) {
      var late = catalog.known();
      if (e.code() == ErrorCode.DEADLINE_EXCEEDED && shows(late, part)) {
        // Others take the places of nodes that it does not know.
        return late;
      }
      throw new HeddleException(
          ErrorCode.CATALOG_UNAVAILABLE,
          "catalog: at revision %d (expected: %d, at which the part was planned)"
              .formatted(late.revision(), part.catalogRevision()),
          e);
    }
  }

  private static boolean shows(CatalogView view, Part part) {
    return view.datasetById(part.datasetId()).isPresent()
        && (part.version().isEmpty() || version(part, view).isPresent());
  }

  private static boolean reaches(CatalogView view, Part part) {
    return part.pieces().stream()
        .flatMap(Part.Piece::nodes)
        .allMatch(node -> view.node(node).isPresent());
  }

  private static Answer run(PartRun partRun, CourseLoop loop) throws InterruptedException {
    try {
      loop.run(partRun.course(), partRun::check);
      return partRun.answer();
    } catch (HeddleException e) {
      return partRun.answer(e);
    } finally {
      partRun.end();
    }
  }

  private Optional<NodeRecord> another(
      DatasetRecord dataset, Part part, int shard, Collection<String> asked) {
    var now = shared.catalog().get();
    var record = now.datasetById(dataset.id()).orElse(dataset);
    return shared.planner().another(record, now, part.reading(), shard, asked);
  }

  private static DatasetRecord dataset(Part part, CatalogView view) {
    String tenant = RequestContext.current().tenant();
    var dataset =
        view.datasetById(part.datasetId())
            .filter(record -> record.tenant().equals(tenant) && part.tenant().equals(tenant))
            .orElseThrow(() ->
                new HeddleException(
                    ErrorCode.NOT_OWNER,
                    "dataset: " + part.datasetId() + " (expected: one of tenant " + tenant + ")"));
    int shards = dataset.shards().size();
    for (var ref : part.shards()) {
      if (ref.shard() < 0 || ref.shard() >= shards) {
        throw new HeddleException(
            ErrorCode.NOT_OWNER, "shard: " + ref.shard() + " (expected: below " + shards + ")");
      }
    }
    return dataset;
  }

  /** The exact version that the query's coordinator chose. */
  private static FunctionRef function(Part part, CatalogView view) {
    if (part.version().isEmpty()) {
      return new FunctionRef(part.tenant(), part.function(), Optional.empty());
    }
    FunctionVersion version =
        version(part, view)
            .orElseThrow(() ->
                new HeddleException(
                    ErrorCode.UNKNOWN_FUNCTION,
                    "function: "
                        + part.function()
                        + "@"
                        + part.version()
                        + " (expected: a version in the catalog)"));
    return new FunctionRef(part.tenant(), part.function(), Optional.of(version));
  }

  private static Optional<FunctionVersion> version(Part part, CatalogView view) {
    return view.function(part.tenant(), part.function())
        .flatMap(record -> record.version(part.version()));
  }

  /** Others of its tree found so much, if the query or part is under way here. */
  void raise(Courses.Name name, Bound bar) {
    shared.courses().raise(name, bar);
  }

  /** What a part cost; empty: that is not known yet, or no more. */
  Optional<Bill> bill(Ref call) {
    return accounts.find(call);
  }
}
