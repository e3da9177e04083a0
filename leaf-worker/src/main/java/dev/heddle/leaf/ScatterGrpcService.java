package dev.heddle.leaf;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.engine.Engine;
import dev.heddle.engine.SettleWire;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.RaiseRequest;
import dev.heddle.internal.v1.RaiseResponse;
import dev.heddle.internal.v1.ReplicaReport;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.SettleRequest;
import dev.heddle.internal.v1.SettleResponse;
import dev.heddle.internal.v1.StatisticsRequest;
import dev.heddle.internal.v1.StatisticsResponse;
import dev.heddle.process.Carriers;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HandOffService;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.shard.ReadLevel;
import dev.heddle.shard.ShardStore;
import dev.heddle.shard.TermKey;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** The door of the leaf: hands calls to the compute pool, refuses when its queue is full. */
final class ScatterGrpcService extends ScatterGrpc.ScatterImplBase implements HandOffService {
  private static final Duration LONGEST = Duration.ofMinutes(15);

  private final LeafConfig config;
  private final ShardStore store;
  private final Engine engine;
  private final CatalogClient catalog;
  private final Epochs epochs;
  private final ComputeThreads compute;
  private final ReadWaits waits;
  private final ReplicaReports reports;
  private final String node;
  private final Ticker ticker;
  private final Settlements settlements;
  private final RunningCalls running = new RunningCalls();

  ScatterGrpcService(
      String node,
      LeafConfig config,
      ShardStore store,
      Engine engine,
      CatalogClient catalog,
      Epochs epochs,
      ComputeThreads compute,
      ReplicaReports reports,
      Ticker ticker) {
    this.node = node;
    this.config = config;
    this.store = store;
    this.engine = engine;
    this.catalog = catalog;
    this.epochs = epochs;
    this.compute = compute;
    this.reports = reports;
    this.waits = new ReadWaits(store, ticker);
    this.ticker = ticker;
    this.settlements = new Settlements(config.settlements());
  }

  @Override
  public void execute(LeafRequest request, StreamObserver<LeafResponse> observer) {
    long queuedAt = ticker.nanoTime();
    if (request.getPartsCount() > 0) {
      observer.onError(
          GrpcErrors.toStatus(
              new HeddleException(
                  ErrorCode.NOT_OWNER,
                  "parts: of a plan (expected: shards, as this node is no coordinator)")));
      return;
    }
    String tenant = RequestContext.current().ownTenant("query", request.getTenant());
    var read = LeafWire.read(request.getRead());
    // From now on, so that a call that waits is told, too.
    var entry = running.enter(tenant, attempt(request), LeafWire.bar(request));
    try {
      admit(request, observer, read, entry, queuedAt);
    } catch (RuntimeException | Error e) {
      entry.close();
      throw e;
    }
  }

  private void admit(
      LeafRequest request,
      StreamObserver<LeafResponse> observer,
      ReadWaits.Requirement read,
      RunningCalls.Entry entry,
      long queuedAt) {
    if (read.level() == ReadLevel.ANY) {
      submit(
          observer,
          builtIn(request),
          call -> run(request, Map.of(), Map.of(), entry.bar(), call, queuedAt),
          () -> unused(request, queuedAt),
          entry::close);
      return;
    }
    var context = Context.current();
    var unready = new ConcurrentHashMap<LeafTask.ShardRef, HeddleException>();
    var waited = new ConcurrentHashMap<LeafTask.ShardRef, Long>();
    var deadline = deadline();
    var waiting =
        request.getShardsList().stream()
            .map(LeafWire::ref)
            .map(ref ->
                waits
                    .ready(request.getDatasetId(), ref.shard(), read, true, deadline)
                    .handle((index, failure) ->
                        failure == null
                            ? waited.put(ref, index)
                            : unready.put(ref, ReadWaits.failure(failure))))
            .toArray(CompletableFuture<?>[]::new);
    // Whoever ends the wait only hands over.
    var _ =
        CompletableFuture.allOf(waiting)
            .thenRun(
                context.wrap(() ->
                    submit(
                        observer,
                        builtIn(request),
                        call -> run(request, unready, waited, entry.bar(), call, queuedAt),
                        () -> unused(request, queuedAt),
                        entry::close)));
  }

  private static Settlements.Attempt attempt(LeafRequest request) {
    return new Settlements.Attempt(request.getQueryId(), request.getBranch(), request.getAttempt());
  }

  /** Nobody waited for the call any more when its turn came. */
  private void unused(LeafRequest request, long queuedAt) {
    long waited = ticker.nanoTime() - queuedAt;
    settlements.put(attempt(request), new LeafOutcome.Spent(0, 0, waited, 0, 0, 0, 0, 0));
  }

  private LeafResponse run(
      LeafRequest request,
      Map<LeafTask.ShardRef, HeddleException> unready,
      Map<LeafTask.ShardRef, Long> waited,
      SharedBar bar,
      ServerCallStreamObserver<LeafResponse> call,
      long queuedAt)
      throws InterruptedException {
    for (HeddleException cause : unready.values()) {
      if (cause.code().kind() == ErrorCode.Kind.USER) {
        throw cause;
      }
    }
    var deadline = deadline();
    var function = LeafWire.function(catalog, request.getTenant(), request.getFunction(), deadline);
    var task = LeafWire.task(request, function, unready, waited, deadline, bar, call::isCancelled);
    long started = ticker.nanoTime();
    var execution =
        new ScatterExecution(
            task, store, engine, epochs, ticker, config.builtInMemory().bytes() >> 20, queuedAt);
    LeafOutcome outcome;
    try {
      outcome = execution.run();
      settlements.put(attempt(request), outcome.spent());
    } catch (RuntimeException | Error e) {
      settlements.put(attempt(request), execution.spent());
      throw e;
    }
    reports.served((ticker.nanoTime() - started) / Math.max(1, task.shards().size()));
    return LeafWire.response(outcome, shard -> replica(request.getDatasetId(), shard));
  }

  private ReplicaReport replica(String datasetId, int shard) {
    return reports
        .find(datasetId, shard)
        .map(status -> LeafWire.report(node, status, reports))
        .orElseGet(ReplicaReport::getDefaultInstance);
  }

  @Override
  public void statistics(StatisticsRequest request, StreamObserver<StatisticsResponse> observer) {
    submit(
        observer,
        true,
        call -> {
          var shards = request.getShardsList().stream().map(LeafWire::ref).toList();
          var terms =
              request.getTermsList().stream()
                  .map(term -> new TermKey(term.getField(), term.getTerm()))
                  .toList();
          var figures =
              store.statistics(
                  request.getDatasetId(),
                  shards.stream().map(LeafTask.ShardRef::shard).toList(),
                  terms,
                  request.getFields());
          return StatisticsResponse.newBuilder()
              .setStatistics(LeafWire.statistics(figures))
              .build();
        },
        () -> {},
        () -> {});
  }

  @Override
  public void raise(RaiseRequest request, StreamObserver<RaiseResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          running.raise(
              RequestContext.current().ownTenant("bar", request.getTenant()),
              new Settlements.Attempt(
                  request.getQueryId(), request.getBranch(), request.getAttempt()),
              LeafWire.bound(request.getBar()));
          return RaiseResponse.getDefaultInstance();
        });
  }

  @Override
  public void settle(SettleRequest request, StreamObserver<SettleResponse> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            SettleWire.response(
                request,
                call ->
                    settlements
                        .find(
                            new Settlements.Attempt(
                                call.getQueryId(), call.getBranch(), call.getAttempt()))
                        .map(spent -> LeafWire.bill(spent, 0))));
  }

  /** Whether only the platform's own code runs for it, which ends when it is told to. */
  private static boolean builtIn(LeafRequest request) {
    return request.getFunction().getVersion().isEmpty();
  }

  /**
   * @param ends whether the work surely ends at its deadline and when it is cancelled
   * @param unused runs in place of the work, where nobody waits for it any more
   * @param ended runs when the call is over, however
   */
  private <T> void submit(
      StreamObserver<T> observer, boolean ends, Work<T> work, Runnable unused, Runnable ended) {
    var call = (ServerCallStreamObserver<T>) observer;
    var context = Context.current();
    try {
      compute.execute(
          ends,
          context.wrap(() -> {
            try {
              if (call.isCancelled()) {
                unused.run();
                return;
              }
              T answer = work.answer(call);
              Carriers.last(() -> {
                call.onNext(answer);
                call.onCompleted();
              });
            } catch (InterruptedException | RuntimeException | Error e) {
              // Whatever it was, this thread serves other calls, and the caller waits.
              GrpcCalls.fail(observer, e);
            } finally {
              ended.run();
            }
          }));
    } catch (RuntimeException | Error e) {
      // The compute queue is full, or closed, or there are no more threads.
      ended.run();
      GrpcCalls.fail(observer, e);
    }
  }

  /** Calls that wait or run. */
  int running() {
    return running.size();
  }

  /** What a compute thread does for a call. */
  private interface Work<T> {
    T answer(ServerCallStreamObserver<T> call) throws InterruptedException;
  }

  /** A little before the caller's, so that what some shards have answered still arrives. */
  private Deadline deadline() {
    var caller = Deadline.ofGrpc(Context.current().getDeadline(), LONGEST, ticker);
    long slice = Math.min(config.replySlice().toNanos(), caller.remainingNanos(ticker) / 10);
    return new Deadline(caller.atNanos() - slice);
  }
}
