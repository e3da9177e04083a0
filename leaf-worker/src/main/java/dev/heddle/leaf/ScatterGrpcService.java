package dev.heddle.leaf;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.engine.Engine;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.StatisticsRequest;
import dev.heddle.internal.v1.StatisticsResponse;
import dev.heddle.process.Deadline;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HandOffService;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.shard.ShardStore;
import dev.heddle.shard.TermKey;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.ThreadPoolExecutor;

/** The door of the leaf: hands calls to the compute pool, refuses when its queue is full. */
final class ScatterGrpcService extends ScatterGrpc.ScatterImplBase implements HandOffService {
  private static final Duration LONGEST = Duration.ofMinutes(15);

  private final LeafConfig config;
  private final ShardStore store;
  private final Engine engine;
  private final CatalogClient catalog;
  private final Epochs epochs;
  private final ThreadPoolExecutor compute;
  private final Ticker ticker;

  ScatterGrpcService(
      LeafConfig config,
      ShardStore store,
      Engine engine,
      CatalogClient catalog,
      Epochs epochs,
      ThreadPoolExecutor compute,
      Ticker ticker) {
    this.config = config;
    this.store = store;
    this.engine = engine;
    this.catalog = catalog;
    this.epochs = epochs;
    this.compute = compute;
    this.ticker = ticker;
  }

  @Override
  public void execute(LeafRequest request, StreamObserver<LeafResponse> observer) {
    long queuedAt = ticker.nanoTime();
    submit(
        observer,
        call -> {
          var deadline = deadline();
          var function =
              LeafWire.function(catalog, request.getTenant(), request.getFunction(), deadline);
          var task = LeafWire.task(request, function, deadline, call::isCancelled);
          var execution =
              new ScatterExecution(
                  task,
                  store,
                  engine,
                  epochs,
                  ticker,
                  config.builtInMemory().bytes() >> 20,
                  queuedAt);
          call.onNext(LeafWire.response(execution.run()));
          call.onCompleted();
        });
  }

  @Override
  public void statistics(StatisticsRequest request, StreamObserver<StatisticsResponse> observer) {
    submit(
        observer,
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
          call.onNext(
              StatisticsResponse.newBuilder().setStatistics(LeafWire.statistics(figures)).build());
          call.onCompleted();
        });
  }

  private <T> void submit(StreamObserver<T> observer, Work<T> work) {
    var call = (ServerCallStreamObserver<T>) observer;
    var context = Context.current();
    try {
      compute.execute(
          context.wrap(() -> {
            if (call.isCancelled()) {
              return;
            }
            try {
              work.accept(call);
            } catch (InterruptedException | RuntimeException | Error e) {
              // Whatever it was, this thread serves other calls, and the caller waits.
              GrpcCalls.fail(observer, e);
            }
          }));
    } catch (HeddleException e) {
      // The compute queue is full.
      call.onError(GrpcErrors.toStatus(e));
    }
  }

  /** What a compute thread does for a call. */
  private interface Work<T> {
    void accept(ServerCallStreamObserver<T> call) throws InterruptedException;
  }

  /** A little before the caller's, so that what some shards have answered still arrives. */
  private Deadline deadline() {
    var caller = Deadline.ofGrpc(Context.current().getDeadline(), LONGEST, ticker);
    long slice = Math.min(config.replySlice().toNanos(), caller.remainingNanos(ticker) / 10);
    return new Deadline(caller.atNanos() - slice);
  }
}
