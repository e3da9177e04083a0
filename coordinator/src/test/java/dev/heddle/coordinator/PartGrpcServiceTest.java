package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.coordinator.scatter.MadeCall;
import dev.heddle.coordinator.scatter.SettleGrpcClient;
import dev.heddle.engine.Engine;
import dev.heddle.internal.v1.AttemptRef;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.PlanPart;
import dev.heddle.internal.v1.ReadRequirement;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.SettleRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.ConfigReader;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.Position;
import dev.heddle.v1.ReadLevel;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Parts of queries over the wire: two coordinators besides the root, and a leaf for each shard. */
@Timeout(60)
class PartGrpcServiceTest {
  private static final Ticker TICKER = Ticker.system();

  @TempDir Path directory;

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final Engine engine = closer.register("engine", Fixtures.engine());
  private final List<ScriptedLeafGrpcService> leaves = new ArrayList<>();
  private final List<NodeRecord> coordinators = new ArrayList<>();
  private final AtomicBoolean goneAway = new AtomicBoolean();

  /** Shards that the root asked again of someone else. */
  private final Counter reasks = new SimpleMeterRegistry().counter("reasks");

  private CoordinatorConfig config = CoordinatorConfig.defaults();
  private final StatisticsEpochs epochs = new StatisticsEpochs("root", Duration.ofHours(1), TICKER);
  private LocalCatalog local;
  private CatalogClient catalog;

  @SuppressWarnings("NullAway.Init") // By leaves.
  private DatasetRecord dataset;

  @BeforeEach
  void start() {
    local = closer.register("catalog", LocalCatalog.start(directory));
    catalog = local.client();
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private NodeRecord register(String name, String role, String address) {
    var record = new NodeRecord(name, "run-1", Set.of(role), address, "", "", "");
    local.client().register(record, Duration.ofSeconds(30));
    Eventually.eventually(name, () -> catalog.view().node(name).isPresent());
    return record;
  }

  /** Each leaf has the shard of its number. */
  private void leaves(ScriptedLeafGrpcService... services) {
    leaves(1, services);
  }

  /** Each leaf has so many shards that follow one another. */
  private void leaves(int each, ScriptedLeafGrpcService... services) {
    List<ShardPlacement> placements = new ArrayList<>();
    for (var service : services) {
      String name = "leaf-" + leaves.size();
      leaves.add(service);
      register(name, "leaf", Fixtures.serve(closer, name, service).address().toString());
      for (int i = 0; i < each; i++) {
        int shard = placements.size();
        placements.add(new ShardPlacement(shard, 7, "i" + shard, List.of(name)));
      }
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
    Eventually.eventually(
        "the dataset", () -> catalog.view().datasetById(dataset.id()).isPresent());
  }

  private SharedState shared(String name, int fanIn) {
    var table = new ReplicaTable(TICKER);
    var builder =
        new SharedStateBuilder(table, channels, TICKER)
            .config(config)
            .catalog(catalog::view)
            .tree(new Tree(name, fanIn, ThreadLocalRandom::current, TICKER))
            .ledger(SharedStateBuilder.ledger(new SettleGrpcClient(channels)::settle));
    return name.equals("root")
        ? builder.epochs(epochs).reasks(reasks).build()
        : builder.epochs(new StatisticsEpochs(name, Duration.ofHours(1), TICKER)).build();
  }

  private String coordinator(String name) {
    var parts = new Parts(catalog, engine, shared(name, 0), new SimpleMeterRegistry());
    var threads = Executors.newThreadPerTaskExecutor(Threads.virtual(name));
    closer.register(name + " threads", Threads.closing(threads, Duration.ofSeconds(1)));
    var service = new PartGrpcService(name, parts, threads, Duration.ofSeconds(30), TICKER);
    var address = Fixtures.serve(closer, name, service).address().toString();
    coordinators.add(register(name, "coordinator", address));
    return address;
  }

  private QueryAnswer answer(String function, Duration deadline) throws InterruptedException {
    var shared = shared("root", 2);
    try (var run = Fixtures.run(engine, function)) {
      var whole = shared.planner().plan(dataset, catalog.view(), Reading.ANY);
      return new QueryRun(
              shared,
              shared.tree().grow(run.commutative() ? whole : whole.byShard(), coordinators),
              Reading.ANY,
              run,
              LeafGrpcClient.template(
                  "q1",
                  "default",
                  dataset.id(),
                  new dev.heddle.engine.FunctionRef("default", function, Optional.empty()),
                  1,
                  Fixtures.REQUEST),
              Fixtures.options(deadline, 0, Reading.Level.ANY, PositionToken.EMPTY),
              goneAway::get,
              Optional.empty(),
              "trace",
              TICKER.nanoTime(),
              Fixtures.ADMITTED)
          .answer();
    }
  }

  private QueryAnswer answer() throws InterruptedException {
    return answer("sum", Duration.ofSeconds(10));
  }

  private static List<String> parts(QueryAnswer answer) {
    return Arrays.stream(String.valueOf(answer.result()).split("\\+")).sorted().toList();
  }

  private static ScriptedLeafGrpcService leaf(String name) {
    return ScriptedLeafGrpcService.answering(name);
  }

  @Test
  void whatCoordinatorsMergeAddsUp() throws InterruptedException {
    leaves(leaf("a"), leaf("b"), leaf("c"), leaf("d"));
    coordinator("mid-0");
    coordinator("mid-1");
    var answer = answer();
    assertEquals(List.of("a", "b", "c", "d"), parts(answer));
    assertTrue(answer.coverage().complete());
    assertEquals(400, answer.coverage().seen());
    assertEquals(400, answer.coverage().target());
    assertTrue(answer.bill().complete());
    // Each leaf says 1,000 ns with 128 MiB; what coordinators did themselves costs as much.
    assertEquals(answer.bill().activeNanos() * 128, answer.bill().memoryMibNanos());
    assertTrue(answer.bill().activeNanos() >= 4_000);
    var explained = answer.explanation().orElseThrow();
    assertEquals(2, explained.attempts().size());
    assertEquals(
        List.of("leaf-0", "leaf-1", "leaf-2", "leaf-3"),
        explained.attempts().stream()
            .flatMap(attempt -> attempt.calls.stream())
            .map(MadeCall::node)
            .sorted()
            .toList());
    assertEquals(
        Set.of("mid-0", "mid-1"),
        Set.copyOf(
            explained.attempts().stream()
                .flatMap(attempt -> attempt.calls.stream())
                .map(MadeCall::coordinator)
                .toList()));
    assertEquals(4, explained.choices().size());
  }

  @Test
  void partialsThatDoNotCommuteKeepTheOrderOfShards() throws InterruptedException {
    leaves(leaf("a"), leaf("b"), leaf("c"), leaf("d"), leaf("e"));
    coordinator("mid-0");
    coordinator("mid-1");
    assertEquals("a+b+c+d+e", answer("list", Duration.ofSeconds(10)).result());
  }

  /** Nobody below the root knows all shards: the sums are its affair. */
  @Test
  void figuresAreSummedOverTheWholeTreeAndKeptForTheEpoch() throws InterruptedException {
    leaves(
        ScriptedLeafGrpcService.scoring("a", "moby", 1),
        ScriptedLeafGrpcService.scoring("b", "moby", 2),
        ScriptedLeafGrpcService.scoring("c", "moby", 3),
        ScriptedLeafGrpcService.scoring("d", "moby", 4));
    coordinator("mid-0");
    coordinator("mid-1");
    var first = answer();
    assertEquals(List.of("a=10", "b=10", "c=10", "d=10"), parts(first));
    assertEquals(1, first.explanation().orElseThrow().statisticsRounds());
    assertTrue(first.coverage().complete());
    var second = answer();
    assertEquals(parts(first), parts(second));
    assertEquals(0, second.explanation().orElseThrow().statisticsRounds());
    assertEquals(first.statisticsEpoch(), second.statisticsEpoch());
    leaves.forEach(leaf -> assertEquals(3, leaf.requests.size()));
  }

  /** One leaf forgot what the others know: only it is asked again. */
  @Test
  void aCoordinatorTakesWhatItGetsAndIsAskedAgainForTheRest() throws InterruptedException {
    leaves(leaf("a"), ScriptedLeafGrpcService.scoring("b", "moby", 2), leaf("c"), leaf("d"));
    coordinator("mid-0");
    coordinator("mid-1");
    var answer = answer();
    assertEquals(List.of("a", "b=2", "c", "d"), parts(answer));
    assertEquals(1, leaves.get(0).requests.size());
    assertEquals(2, leaves.get(1).requests.size());
    assertTrue(answer.coverage().complete());
  }

  @Test
  void theDeadlineGetsShorterOnTheWayDown() throws InterruptedException {
    List<Long> left = new CopyOnWriteArrayList<>();
    // Of three calls, the first is a group by itself, which nobody is handed.
    leaves(
        leaf("a"),
        ScriptedLeafGrpcService.scripted(request -> {
          left.add(
              Objects.requireNonNull(Context.current().getDeadline())
                  .timeRemaining(TimeUnit.NANOSECONDS));
          return Optional.of(ScriptedLeafGrpcService.answer("b", request, 1));
        }),
        leaf("c"));
    coordinator("mid-0");
    coordinator("mid-1");
    assertEquals(List.of("a", "b", "c"), parts(answer("sum", Duration.ofSeconds(10))));
    // Both coordinators keep 20 ms for their merge.
    assertTrue(left.getFirst() <= Duration.ofMillis(9_960).toNanos(), () -> "left " + left);
    assertTrue(left.getFirst() > Duration.ofSeconds(5).toNanos(), () -> "left " + left);
  }

  @Test
  void whatALeafDoesNotAnswerIsMissingAndNamedWithTheLeaf(@TempDir Path configs)
      throws IOException, InterruptedException {
    // Time for the part to arrive in, after it gave up its leaf.
    var file = Files.writeString(configs.resolve("coordinator.yaml"), "{merge-slice: 2s}");
    config = ConfigReader.readYaml(file, CoordinatorConfig.defaults());
    leaves(leaf("a"), leaf("b"), leaf("c"), ScriptedLeafGrpcService.silent());
    coordinator("mid-0");
    coordinator("mid-1");
    var answer = answer("sum", Duration.ofSeconds(5));
    assertEquals(List.of("a", "b", "c"), parts(answer));
    var gap = answer.coverage().missing().getFirst();
    assertEquals(3, gap.shard());
    assertEquals("deadline", gap.reason());
    assertTrue(gap.message().startsWith("leaf-3/1: no answer within"), gap.message());
    assertEquals(List.of("leaf-3/1"), answer.bill().open());
    assertFalse(answer.bill().complete());
    Eventually.eventually("cancelled", () -> leaves.get(3).cancelled.get() == 1);
  }

  /** Three leaves that never answer; what follows runs once all of them are asked. */
  private void silent(Runnable asked) {
    var silent = new AtomicInteger(3);
    Function<LeafRequest, Optional<LeafResponse>> script =
        request -> {
          if (silent.decrementAndGet() == 0) {
            asked.run();
          }
          return Optional.empty();
        };
    leaves(
        ScriptedLeafGrpcService.scripted(script),
        ScriptedLeafGrpcService.scripted(script),
        ScriptedLeafGrpcService.scripted(script));
    coordinator("mid-0");
    coordinator("mid-1");
  }

  @Test
  void aCallerThatGoesAwayCancelsTheLeaves() {
    silent(() -> goneAway.set(true));
    var failure = assertThrows(HeddleException.class, this::answer);
    assertEquals(ErrorCode.CANCELLED, failure.code());
    leaves.forEach(leaf -> Eventually.eventually("cancelled", () -> leaf.cancelled.get() > 0));
  }

  /** A caller's going cancels calls before anyone looks: they are not asked again elsewhere. */
  @Test
  void callsThatACallersGoingCancelledAreNotMadeAgain() {
    var caller = Context.current().withCancellation();
    silent(() -> {
      goneAway.set(true);
      caller.cancel(null);
    });
    var failure = assertThrows(HeddleException.class, () -> caller.call(this::answer));
    assertEquals(ErrorCode.CANCELLED, failure.code());
    assertEquals(0, reasks.count());
    leaves.forEach(leaf -> Eventually.eventually("cancelled", () -> leaf.cancelled.get() > 0));
    leaves.forEach(leaf -> assertEquals(1, leaf.requests.size()));
  }

  @Test
  void theShardsOfDeadCoordinatorsAreAskedOfLeaves() throws InterruptedException {
    leaves(leaf("a"), leaf("b"), leaf("c"), leaf("d"));
    coordinators.add(register("dead-0", "coordinator", "127.0.0.1:1"));
    coordinators.add(register("dead-1", "coordinator", "127.0.0.1:1"));
    var answer = answer();
    assertEquals(List.of("a", "b", "c", "d"), parts(answer));
    assertTrue(answer.coverage().complete());
    assertEquals(
        List.of("dead-0", "dead-1"),
        answer.explanation().orElseThrow().attempts().stream()
            .filter(attempt -> attempt.end == Attempt.End.FAILED)
            .map(attempt -> attempt.leaf.node())
            .sorted()
            .toList());
  }

  @Test
  void aWrongRequestFailsTheQuery() {
    leaves(
        leaf("a"),
        leaf("b"),
        ScriptedLeafGrpcService.failing(
            new HeddleException(ErrorCode.UNKNOWN_FIELD, "field: colour (expected: a field)")),
        leaf("d"));
    coordinator("mid-0");
    coordinator("mid-1");
    var failure = assertThrows(HeddleException.class, this::answer);
    assertEquals(ErrorCode.UNKNOWN_FIELD, failure.code());
  }

  /** Whichever of both comes first, it is merged with the other in that part. */
  @Test
  void aMergeThatFailsInAPartFailsTheQuery() {
    leaves(leaf("a"), leaf("b"), leaf("poison"), leaf("poison"));
    coordinator("mid-0");
    coordinator("mid-1");
    var failure = assertThrows(HeddleException.class, this::answer);
    assertEquals(ErrorCode.FUNCTION_MERGE_FAILED, failure.code());
  }

  @Test
  void aCoordinatorWhoseCatalogLagsServesWhatItKnows() {
    leaves(leaf("a"), leaf("b"));
    var address = coordinator("mid-0");
    var answer =
        ScatterGrpc.newBlockingStub(channels.to(address))
            .withDeadlineAfter(5, TimeUnit.SECONDS)
            .execute(
                request()
                    .setFunction(ahead())
                    .addParts(part("leaf-0", 0))
                    .addParts(part("leaf-1", 1))
                    .build())
            .getPartial();
    assertEquals(2, answer.getCoversCount());
  }

  @Test
  void aCoordinatorWhoseCatalogLagsRefusesWhatItDoesNotKnowWhileThereIsTime() {
    leaves(leaf("a"), leaf("b"));
    var address = coordinator("mid-0");
    var unknown = request().setFunction(ahead()).setDatasetId("later").addParts(part("leaf-0", 0));
    assertEquals(ErrorCode.CATALOG_UNAVAILABLE, refused(address, unknown));
    var version = ahead().setVersion("0".repeat(64));
    assertEquals(
        ErrorCode.CATALOG_UNAVAILABLE,
        refused(address, request().setFunction(version).addParts(part("leaf-0", 0))));
  }

  /** At a revision that is far away. */
  private static dev.heddle.internal.v1.FunctionRef.Builder ahead() {
    return dev.heddle.internal.v1.FunctionRef.newBuilder()
        .setName("sum")
        .setCatalogRevision(1_000_000);
  }

  private static PlanPart part(String node, int... shards) {
    var part = PlanPart.newBuilder().setNode(node);
    for (int shard : shards) {
      part.addShards(dev.heddle.internal.v1.ShardRef.newBuilder().setShard(shard).setGeneration(7));
    }
    return part.build();
  }

  private LeafRequest.Builder request() {
    return LeafRequest.newBuilder()
        .setQueryId("q2")
        .setAttempt(1)
        .setTenant("default")
        .setDatasetId(dataset.id())
        .setLevels(2)
        .setFunction(dev.heddle.internal.v1.FunctionRef.newBuilder().setName("sum"));
  }

  private ErrorCode refused(String address, LeafRequest.Builder request) {
    var stub =
        ScatterGrpc.newBlockingStub(channels.to(address)).withDeadlineAfter(5, TimeUnit.SECONDS);
    var failure = assertThrows(StatusRuntimeException.class, () -> stub.execute(request.build()));
    return GrpcErrors.fromStatus(failure).code();
  }

  @Test
  void refusesWhatIsNoPartOfAPlan() {
    leaves(leaf("a"), leaf("b"));
    var address = coordinator("mid-0");
    assertEquals(ErrorCode.NOT_OWNER, refused(address, request()));
    assertEquals(
        ErrorCode.INVALID_REQUEST,
        refused(address, request().addParts(part("leaf-0", 0)).addParts(part("leaf-1", 0))));
    assertEquals(ErrorCode.INVALID_REQUEST, refused(address, request().addParts(part("leaf-0"))));
    assertEquals(
        ErrorCode.INVALID_REQUEST,
        refused(address, request().setLevels(5).addParts(part("leaf-0", 0))));
    assertEquals(
        ErrorCode.INVALID_REQUEST,
        refused(address, request().setByShard(true).addParts(part("leaf-0", 0))));
    assertEquals(
        ErrorCode.INVALID_REQUEST, refused(address, request().addParts(part("leaf-0", -1))));
    for (int shard : List.of(-1, 16_384, Integer.MAX_VALUE - 1)) {
      var read =
          ReadRequirement.newBuilder()
              .setLevel(ReadLevel.READ_LEVEL_SESSION)
              .addPositions(Position.newBuilder().setShard(shard).setIndex(1));
      assertEquals(
          ErrorCode.INVALID_REQUEST,
          refused(address, request().setRead(read).addParts(part("leaf-0", 0))));
    }
    var deep = PlanPart.newBuilder().setNode("mid-0").addParts(part("leaf-0", 0));
    assertEquals(ErrorCode.TOO_LARGE, refused(address, request().addParts(deep)));
    assertEquals(ErrorCode.NOT_OWNER, refused(address, request().addParts(part("leaf-0", 9))));
    assertEquals(
        ErrorCode.NOT_OWNER,
        refused(address, request().setTenant("other").addParts(part("leaf-0", 0))));
    assertEquals(0, leaves.getFirst().requests.size());
  }

  /** What a node that is gone would have been asked for is missing, and the rest is there. */
  @Test
  void aLeafThatIsGoneCostsItsShardsOnly() {
    leaves(leaf("a"), leaf("b"));
    var address = coordinator("mid-0");
    var answer =
        ScatterGrpc.newBlockingStub(channels.to(address))
            .withDeadlineAfter(10, TimeUnit.SECONDS)
            .execute(request().addParts(part("leaf-0", 0)).addParts(part("never", 1)).build())
            .getPartial();
    // The one that the catalog names takes its place.
    assertEquals(2, answer.getCoversCount());
    assertEquals(1, leaves.get(1).requests.size());
  }

  @Test
  void whatIsAskedInPlaceOfALeafThatIsGoneGoesInOneCallToEach() {
    leaves(2, leaf("a"), leaf("b"));
    var address = coordinator("mid-0");
    var answer =
        ScatterGrpc.newBlockingStub(channels.to(address))
            .withDeadlineAfter(10, TimeUnit.SECONDS)
            .execute(request().addParts(part("leaf-0", 0)).addParts(part("never", 1, 2, 3)).build())
            .getPartial();
    assertEquals(4, answer.getCoversCount());
    assertEquals(1, leaves.get(0).requests.size());
    assertEquals(1, leaves.get(1).requests.size());
  }

  @Test
  void tellsWhatAPartCostOnceThatIsKnown() {
    leaves(leaf("a"), leaf("b"));
    var address = coordinator("mid-0");
    var stub =
        ScatterGrpc.newBlockingStub(channels.to(address)).withDeadlineAfter(10, TimeUnit.SECONDS);
    var bill =
        stub.execute(request().addParts(part("leaf-0", 0)).addParts(part("leaf-1", 1)).build())
            .getPartial()
            .getBill();
    var ref = AttemptRef.newBuilder().setQueryId("q2").setAttempt(1);
    Eventually.eventually(
        "settled",
        () ->
            stub.settle(SettleRequest.newBuilder().addAttempts(ref).build()).getAttemptsCount()
                == 1);
    var settled =
        stub.settle(
            SettleRequest.newBuilder()
                .addAttempts(ref)
                .addAttempts(ref.clone().setRest(true))
                .addAttempts(ref.clone().setBranch("other"))
                .build());
    assertEquals(2, settled.getAttemptsCount());
    assertEquals(bill.getActiveNanos(), settled.getAttempts(0).getBill().getActiveNanos());
    assertEquals(0, settled.getAttempts(1).getBill().getActiveNanos());
  }

  @Test
  void aFlatPlanStaysFlatWhereThereIsNoOtherCoordinator() throws InterruptedException {
    leaves(leaf("a"), leaf("b"), leaf("c"));
    assertEquals(List.of("a", "b", "c"), parts(answer()));
  }
}
