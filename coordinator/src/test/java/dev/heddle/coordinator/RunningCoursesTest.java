package dev.heddle.coordinator;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.engine.Engine;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.Bound;
import dev.heddle.internal.v1.FunctionRef;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.PlanPart;
import dev.heddle.internal.v1.RaiseRequest;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.ShardRef;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What coordinators know of queries under way: nothing any more when those have ended, however; and
 * who is told of what. Over the wire, with two coordinators besides the root, and a leaf for each
 * of four shards.
 */
@Timeout(60)
class RunningCoursesTest {
  private static final Ticker TICKER = Ticker.system();
  private static final int SHARDS = 4;

  @TempDir Path directory;

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final Engine engine = closer.register("engine", Fixtures.engine());
  private final AtomicBoolean goneAway = new AtomicBoolean();
  private final List<SearchingLeaf> leaves = new ArrayList<>();
  private final List<Mid> mids = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // By cluster.
  private LocalCatalog local;

  @SuppressWarnings("NullAway.Init") // By cluster.
  private CatalogClient catalog;

  @SuppressWarnings("NullAway.Init") // By cluster.
  private DatasetRecord dataset;

  @SuppressWarnings("NullAway.Init") // By cluster.
  private SharedState root;

  /** A coordinator that takes parts. */
  private record Mid(
      String address, SharedState shared, SimpleMeterRegistry registry, GrpcServer server) {
    double places() {
      return registry.get("heddle_coordinator_parts_in_flight").gauge().value();
    }
  }

  @AfterEach
  void close() {
    leaves.forEach(leaf -> leaf.go.complete(null));
    closer.close();
  }

  private NodeRecord register(String name, String role, String address) {
    var record = new NodeRecord(name, "run-1", Set.of(role), address, "", "", "");
    local.client().register(record, Duration.ofSeconds(30));
    eventually(name, () -> catalog.view().node(name).isPresent());
    return record;
  }

  private void cluster(SearchingLeaf... services) {
    local = closer.register("catalog", LocalCatalog.start(directory));
    catalog = local.client();
    List<ShardPlacement> placements = new ArrayList<>();
    for (var leaf : services) {
      String name = "leaf-" + leaves.size();
      placements.add(new ShardPlacement(leaves.size(), 7, "i" + name, List.of(name)));
      leaves.add(leaf);
      register(name, "leaf", Fixtures.serve(closer, name, leaf).address().toString());
    }
    dataset =
        new DatasetRecord(
            "default",
            "books",
            "0b9e2f7c-8d53-4c0e-9a63-0d1f5d7e9a10",
            Fixtures.dataset(1).schema(),
            1,
            1,
            placements,
            Instant.EPOCH);
    LocalCatalog.write(catalog, List.of(Change.create(dataset)));
    eventually("the dataset", () -> catalog.view().datasetById(dataset.id()).isPresent());
    root = shared("root", 2, catalog::view);
    for (int i = 0; i < 2; i++) {
      mid("mid-" + i, Executors.newThreadPerTaskExecutor(Threads.virtual("mid-" + i)));
    }
  }

  private SharedState shared(String name, int fanIn, Supplier<CatalogView> view) {
    return new SharedStateBuilder(new ReplicaTable(TICKER), channels, TICKER)
        .config(Fixtures.withBars(Duration.ofNanos(50_000)))
        .catalog(view)
        .tree(new Tree(name, fanIn, ThreadLocalRandom::current, TICKER))
        .build();
  }

  private Mid mid(String name, ExecutorService threads) {
    var shared = shared(name, 0, catalog::view);
    var registry = new SimpleMeterRegistry();
    var parts = new Parts(catalog, engine, shared, registry);
    closer.register(name + " threads", Threads.closing(threads, Duration.ofSeconds(1)));
    var service = new PartGrpcService(name, parts, threads, Duration.ofSeconds(30), TICKER);
    var server = Fixtures.serve(closer, name, service);
    var mid = new Mid(server.address().toString(), shared, registry, server);
    register(name, "coordinator", mid.address);
    mids.add(mid);
    return mid;
  }

  private SearchingLeaf[] quick() {
    return leaves(SHARDS);
  }

  /** So many that answer at once, and others that are held. */
  private SearchingLeaf[] leaves(int quick) {
    var all = new SearchingLeaf[SHARDS];
    for (int i = 0; i < SHARDS; i++) {
      all[i] = i < quick ? SearchingLeaf.quick(engine) : SearchingLeaf.held(engine);
    }
    return all;
  }

  private QueryAnswer answer(SharedState shared) throws InterruptedException {
    var coordinators =
        catalog.view().nodesWith("coordinator").stream()
            .filter(node -> node.node().startsWith("mid-"))
            .toList();
    try (var run = engine.scatter(SearchingLeaf.search(), SearchingLeaf.REQUEST)) {
      var whole = shared.planner().plan(dataset, catalog.view(), Reading.ANY);
      var plan = shared.tree().grow(whole, coordinators);
      assertEquals(2, plan.levels());
      return new QueryRun(
              shared,
              plan,
              Reading.ANY,
              run,
              LeafGrpcClient.template(
                  "q", "default", dataset.id(), SearchingLeaf.search(), 1, SearchingLeaf.REQUEST),
              Fixtures.options(Duration.ofSeconds(20), 0, Reading.Level.ANY, PositionToken.EMPTY),
              goneAway::get,
              Optional.empty(),
              "trace",
              TICKER.nanoTime(),
              Fixtures.ADMITTED)
          .answer();
    }
  }

  private CompletableFuture<QueryAnswer> answering() {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return answer(root);
          } catch (InterruptedException e) {
            throw new CompletionException(e);
          }
        },
        task -> Threads.virtual("query").newThread(task).start());
  }

  private void nothingIsLeft() {
    assertEquals(0, root.courses().size());
    assertEquals(0, root.bytes().bytes());
    for (var mid : mids) {
      eventually("the part is over", () -> mid.shared.courses().size() == 0);
      eventually("its place is free", () -> mid.places() == 0);
      assertEquals(0, mid.shared.bytes().bytes());
    }
  }

  private void allAreAsked() {
    eventually("all are asked", () -> leaves.stream().allMatch(leaf -> leaf.asked.size() == 1));
  }

  private ScatterGrpc.ScatterBlockingStub stub(Mid mid) {
    return ScatterGrpc.newBlockingStub(channels.to(mid.address))
        .withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  private static PlanPart piece(int shard) {
    return PlanPart.newBuilder()
        .setNode("leaf-" + shard)
        .addShards(ShardRef.newBuilder().setShard(shard).setGeneration(7))
        .build();
  }

  private LeafRequest.Builder part() {
    return LeafRequest.newBuilder()
        .setQueryId("q")
        .setAttempt(1)
        .setTenant("default")
        .setDatasetId(dataset.id())
        .setLevels(2)
        .setRequest(QueryWire.request(SearchingLeaf.REQUEST))
        .setFunction(FunctionRef.newBuilder().setName("search"))
        .addParts(piece(0))
        .addParts(piece(1));
  }

  private static ErrorCode refused(Runnable call) {
    return GrpcErrors.fromStatus(assertThrows(StatusRuntimeException.class, call::run)).code();
  }

  @Test
  void aQueryThatEndsWellLeavesNothing() throws InterruptedException {
    cluster(quick());
    var answer = answer(root);
    assertEquals(SearchingLeaf.truth(engine, SHARDS), SearchingLeaf.hits(answer.result()));
    assertTrue(answer.coverage().complete());
    nothingIsLeft();
  }

  @Test
  void aQueryWhoseCallerGoesAwayLeavesNothing() {
    cluster(leaves(1));
    var answer = answering();
    allAreAsked();
    assertEquals(1, root.courses().size());
    goneAway.set(true);
    var failure = assertThrows(CompletionException.class, answer::join).getCause();
    assertEquals(ErrorCode.CANCELLED, assertInstanceOf(HeddleException.class, failure).code());
    nothingIsLeft();
  }

  @Test
  void aQueryThatFailsBeforeItBeginsLeavesNothing() {
    cluster(quick());
    root =
        shared(
            "root",
            2,
            () -> {
              throw new HeddleException(ErrorCode.CATALOG_UNAVAILABLE, "catalog: gone");
            });
    var failure = assertThrows(HeddleException.class, () -> answer(root));
    assertEquals(ErrorCode.CATALOG_UNAVAILABLE, failure.code());
    nothingIsLeft();
    leaves.forEach(leaf -> assertEquals(0, leaf.asked.size()));
  }

  @Test
  void aPartWhoseCallerDiesLeavesNothing() {
    cluster(leaves(0));
    var caller = Context.current().withCancellation();
    caller.run(() -> {
      var call = ScatterGrpc.newFutureStub(channels.to(mids.getFirst().address));
      var answer = call.withDeadlineAfter(20, TimeUnit.SECONDS).execute(part().build());
      eventually("under way", () -> leaves.getFirst().asked.size() == 1);
      assertEquals(1, mids.getFirst().shared.courses().size());
      caller.cancel(null);
      eventually("cancelled", answer::isDone);
    });
    eventually("cancelled", () -> leaves.getFirst().cancelled.get() == 1);
    nothingIsLeft();
  }

  @Test
  void aCoordinatorThatDiesUnderAPartLeavesNothingAndItsShardsAreAskedOfLeaves() {
    cluster(leaves(0));
    var answer = answering();
    allAreAsked();
    mids.getFirst().server.close();
    leaves.forEach(leaf -> leaf.go.complete(null));
    var found = answer.join();
    assertEquals(SearchingLeaf.truth(engine, SHARDS), SearchingLeaf.hits(found.result()));
    assertTrue(found.coverage().complete());
    nothingIsLeft();
  }

  @Test
  void aPartThatIsRefusedOrFailsBeforeItBeginsLeavesNothing() {
    cluster(quick());
    var mid = mids.getFirst();
    assertEquals(
        ErrorCode.NOT_OWNER, refused(() -> stub(mid).execute(part().setTenant("o").build())));
    assertEquals(
        ErrorCode.CATALOG_UNAVAILABLE,
        refused(() ->
            stub(mid)
                .execute(
                    part()
                        .setFunction(
                            FunctionRef.newBuilder()
                                .setName("search")
                                .setVersion("0".repeat(64))
                                .setCatalogRevision(1_000_000))
                        .build())));
    assertEquals(
        ErrorCode.INVALID_REQUEST,
        refused(() -> stub(mid).execute(part().setBar(Double.NaN).build())));
    for (int attempt : new int[] {0, -1}) {
      // It would be taken for who made the calls of all of the query.
      assertEquals(
          ErrorCode.INVALID_REQUEST,
          refused(() -> stub(mid).execute(part().setAttempt(attempt).build())));
    }
    nothingIsLeft();
    leaves.forEach(leaf -> assertEquals(0, leaf.asked.size()));
  }

  /** As where the system gives no more threads. */
  @Test
  void aPartForWhichThereIsNoThreadGivesItsPlaceBack() {
    cluster(quick());
    var none =
        Executors.newThreadPerTaskExecutor(task -> {
          throw new HeddleException(ErrorCode.OVERLOADED, "threads: no more");
        });
    var mid = mid("full", none);
    for (int i = 0; i < 3; i++) {
      assertEquals(ErrorCode.OVERLOADED, refused(() -> stub(mid).execute(part().build())));
    }
    nothingIsLeft();
  }

  @Test
  void barsForWhatIsNotThereAreRefusedOrDoNothing() {
    cluster(leaves(0));
    var mid = mids.getFirst();
    var raise =
        RaiseRequest.newBuilder().setTenant("default").setQueryId("q").setAttempt(1).setPart(true);
    assertEquals(
        ErrorCode.INVALID_REQUEST,
        refused(() -> stub(mid).raise(raise.clone().setBar(Double.NaN).build())));
    assertEquals(
        ErrorCode.NOT_OWNER,
        refused(() -> stub(mid).raise(raise.clone().setTenant("other").setBar(1).build())));
    var _ = stub(mid).raise(raise.clone().setBar(Double.POSITIVE_INFINITY).build());
    var _ = stub(mid).raise(raise.clone().setQueryId("").setBar(1).build());
    var _ = stub(mid).raise(raise.clone().setAttempt(-1).setBar(1).build());
    nothingIsLeft();
  }

  /** Whoever told it: the root knows better what there is. */
  @Test
  void forgedBarsChangeNoAnswer() {
    cluster(leaves(1));
    var answer = answering();
    allAreAsked();
    for (var mid : mids) {
      var raise = RaiseRequest.newBuilder().setTenant("default").setQueryId("q").setAttempt(1);
      var _ = stub(mid).raise(raise.setPart(true).setBar(Double.POSITIVE_INFINITY).build());
    }
    root.courses()
        .raise(
            new Courses.Name(
                "default",
                new dev.heddle.coordinator.scatter.SettleGrpcClient.Ref("q", "", 0, false)),
            new Bound(Double.MAX_VALUE));
    leaves.forEach(leaf -> leaf.go.complete(null));
    var found = answer.join();
    assertEquals(SearchingLeaf.truth(engine, SHARDS), SearchingLeaf.hits(found.result()));
    assertTrue(found.coverage().complete());
    assertEquals(false, found.cut());
    nothingIsLeft();
  }

  /** However fast others tell, one from above and one from below wait. */
  @Test
  void ofBarsThatAQueryHasNotHeardYetOnlyTheStrongestWaits() {
    var shared = new SharedStateBuilder(new ReplicaTable(TICKER), channels, TICKER).build();
    var template = Fixtures.template(Fixtures.dataset(1));
    try (var loop = new CourseLoop(shared, template, () -> false, () -> {})) {
      for (int i = 0; i < 10_000; i++) {
        loop.raised(new Bound(i), i % 2 == 0);
        loop.raised(Bound.NONE, true);
      }
      assertEquals(2, loop.waiting());
    }
  }
}
