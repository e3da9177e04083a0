package dev.heddle.leaf;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.aggregations.BuiltIns;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.LogLimits;
import dev.heddle.engine.Platform;
import dev.heddle.internal.v1.FunctionRef;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.PlanPart;
import dev.heddle.internal.v1.RaiseRequest;
import dev.heddle.internal.v1.ReadRequirement;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.ShardRef;
import dev.heddle.internal.v1.Statistics;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Ticker;
import dev.heddle.v1.Position;
import dev.heddle.v1.ReadLevel;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a leaf knows of calls that wait or run: nothing any more when those have ended, however; and
 * who may tell them of bars.
 */
@Timeout(120)
class ScatterGrpcServiceTest {
  private static final Ticker TICKER = Ticker.system();
  private static final String QUERY = "q";

  @TempDir Path directory;

  private final Closer closer = new Closer();
  private final CountDownLatch busy = new CountDownLatch(1);
  private LocalLeaf leaf;
  private Engine engine;
  private ComputeThreads compute;
  private ScatterGrpcService service;
  private GrpcServer server;

  @BeforeEach
  void start() {
    leaf = closer.register("leaf", new LocalLeaf(directory));
    leaf.create();
    engine =
        closer.register(
            "engine",
            new Engine(
                EngineConfig.defaults(),
                digest -> {
                  throw new HeddleException(ErrorCode.UNAVAILABLE, "no code here");
                },
                List.of(),
                BuiltIns.all(),
                Platform.NONE,
                new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), TICKER),
                TICKER,
                new SimpleMeterRegistry(),
                "leaf"));
    compute = closer.register("compute", new ComputeThreads(1, 1));
    serve(compute);
  }

  @AfterEach
  void close() {
    busy.countDown();
    closer.close();
  }

  private void serve(ComputeThreads threads) {
    service =
        new ScatterGrpcService(
            LocalLeaf.NODE,
            LeafConfig.defaults(),
            leaf.store(),
            engine,
            leaf.client(),
            new Epochs(4, 1_000),
            threads,
            leaf.reports(),
            TICKER);
    server =
        closer.register(
            "server",
            new GrpcServer(
                "scatter",
                new HostPort("127.0.0.1", 0),
                List.of(service),
                ServerOptions.internal(Credentials.none()),
                false));
    server.start();
  }

  private ScatterGrpc.ScatterBlockingStub stub() {
    return ScatterGrpc.newBlockingStub(leaf.channels().to(server.address().toString()))
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private ScatterGrpc.ScatterFutureStub later() {
    return ScatterGrpc.newFutureStub(leaf.channels().to(server.address().toString()))
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private static LeafRequest.Builder request(int attempt) {
    return LeafRequest.newBuilder()
        .setQueryId(QUERY)
        .setAttempt(attempt)
        .setTenant("default")
        .setDatasetId(LocalLeaf.DATASET)
        .setStatistics(Statistics.getDefaultInstance())
        .setFunction(FunctionRef.newBuilder().setName("search"))
        .addShards(ShardRef.newBuilder().setShard(0).setGeneration(1));
  }

  /** Waits for what is not going to come. */
  private static LeafRequest.Builder waiting(int attempt) {
    return request(attempt)
        .setRead(
            ReadRequirement.newBuilder()
                .setLevel(ReadLevel.READ_LEVEL_SESSION)
                .setWaitMicros(50_000)
                .addPositions(
                    Position.newBuilder()
                        .setShard(0)
                        .setIncarnation(LocalLeaf.INCARNATION)
                        .setIndex(1_000_000)));
  }

  private static RaiseRequest.Builder raise(double bar) {
    return RaiseRequest.newBuilder()
        .setTenant("default")
        .setQueryId(QUERY)
        .setAttempt(1)
        .setBar(bar);
  }

  private static ErrorCode refused(Runnable call) {
    return GrpcErrors.fromStatus(assertThrows(StatusRuntimeException.class, call::run)).code();
  }

  private void nothingIsLeft() {
    eventually("nothing is under way", () -> service.running() == 0);
  }

  /** The leaf's only thread has something else to do. */
  private void keepBusy() {
    compute.execute(
        false,
        () -> {
          try {
            busy.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  @Test
  void callsThatEndWellOrInFailureLeaveNothing() {
    assertEquals(
        LeafResponse.OutcomeCase.PARTIAL, stub().execute(request(1).build()).getOutcomeCase());
    var moved = ShardRef.newBuilder().setShard(7).setGeneration(1);
    var failed = stub().execute(request(2).clearShards().addShards(moved).build()).getPartial();
    assertEquals("no_replica", failed.getErrors(0).getReason());
    assertEquals(
        ErrorCode.UNKNOWN_FUNCTION,
        refused(() ->
            stub()
                .execute(
                    request(3)
                        .setFunction(
                            FunctionRef.newBuilder().setName("f").setVersion("0".repeat(64)))
                        .build())));
    assertEquals(
        ErrorCode.NOT_OWNER,
        refused(() -> stub().execute(request(4).addParts(PlanPart.getDefaultInstance()).build())));
    nothingIsLeft();
  }

  @Test
  void aCallWhoseBarIsNoNumberIsRefusedAndLeavesNothing() {
    assertEquals(
        ErrorCode.INVALID_REQUEST,
        refused(() -> stub().execute(request(1).setBar(Double.NaN).build())));
    nothingIsLeft();
  }

  /** A node names a tenant in the message, and another one calls. */
  @Test
  void aCallIsForTheTenantOfItsMessageOnlyAndElseLeavesNothing() {
    var failure =
        GrpcErrors.fromStatus(
            assertThrows(
                StatusRuntimeException.class,
                () -> stub().execute(request(1).setTenant("other").build())));
    assertEquals(ErrorCode.NOT_OWNER, failure.code());
    assertEquals(
        "query: of tenant other (expected: of tenant default, for whom the call is)",
        failure.getMessage());
    assertEquals(
        ErrorCode.NOT_OWNER, refused(() -> stub().execute(request(2).clearTenant().build())));
    assertEquals(
        ErrorCode.NOT_OWNER, refused(() -> stub().execute(waiting(3).setTenant("other").build())));
    nothingIsLeft();
  }

  @Test
  void callsThatAreRefusedOrCancelledBeforeTheyBeginLeaveNothing() {
    keepBusy();
    var caller = Context.current().withCancellation();
    caller.run(() -> {
      var queued = later().execute(request(1).build());
      eventually("queued", () -> compute.waiting() == 1);
      assertEquals(1, service.running());
      assertEquals(ErrorCode.QUEUE_FULL, refused(() -> stub().execute(request(2).build())));
      assertEquals(1, service.running());
      caller.cancel(null);
      eventually("cancelled", queued::isDone);
    });
    busy.countDown();
    nothingIsLeft();
  }

  @Test
  void callsThatWaitInVainLeaveNothing() {
    var failed = stub().execute(waiting(1).build()).getPartial();
    assertEquals("stale", failed.getErrors(0).getReason());
    nothingIsLeft();
  }

  /** As where the system gives no more threads: who waited is told, too. */
  @Test
  void callsForWhichThereIsNoThreadFailAndLeaveNothing() {
    var none =
        new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>()) {
          @Override
          public void execute(Runnable task) {
            throw new IllegalStateException("threads: no more");
          }
        };
    serve(closer.register("none", new ComputeThreads(1, none)));
    assertEquals(ErrorCode.INTERNAL, refused(() -> stub().execute(request(1).build())));
    assertEquals(
        ErrorCode.INTERNAL,
        refused(() -> stub().withDeadlineAfter(5, TimeUnit.SECONDS).execute(waiting(2).build())));
    nothingIsLeft();
  }

  @Test
  void barsAreHeardOfWhoTheQueryIsAndOfNumbersOnly() {
    keepBusy();
    var queued = later().execute(request(1).build());
    eventually("queued", () -> service.running() == 1);
    assertEquals(ErrorCode.INVALID_REQUEST, refused(() -> stub().raise(raise(Double.NaN).build())));
    assertEquals(
        ErrorCode.NOT_OWNER, refused(() -> stub().raise(raise(1).setTenant("other").build())));
    var _ = stub().raise(raise(Double.POSITIVE_INFINITY).setAttempt(2).build());
    var _ = stub().raise(raise(Double.POSITIVE_INFINITY).setQueryId("another").build());
    var _ = stub().raise(raise(Double.NEGATIVE_INFINITY).build());
    assertEquals(1, service.running());
    busy.countDown();
    eventually("answered", queued::isDone);
    assertEquals(false, queued.resultNow().getPartial().hasBar());
    var _ = stub().raise(raise(Double.POSITIVE_INFINITY).build());
    nothingIsLeft();
  }
}
