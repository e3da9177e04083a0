package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Planner;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.Reading.Level;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.coordinator.plan.ReplicaState.Role;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.NoHedging;
import dev.heddle.engine.Engine;
import dev.heddle.function.Coverage;
import dev.heddle.internal.v1.LeafPartial;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.ReplicaReport;
import dev.heddle.internal.v1.ShardError;
import dev.heddle.internal.v1.ShardPartial;
import dev.heddle.internal.v1.ShardReport;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.Replica;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Queries over shards with several replicas, some of which cannot serve. */
@Timeout(300)
class QueryReplicasTest {
  private static final Ticker TICKER = Ticker.system();
  private static final long SEED = 5;

  @TempDir Path directory;

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final Engine engine = closer.register("engine", Fixtures.engine());
  private final ReplicaTable table = new ReplicaTable(TICKER);
  private final Random random = new Random(SEED);
  private final Planner planner =
      new Planner(new ReplicaChoice(table, new C3Policy(), () -> random, TICKER));
  private final Counter reasks = new SimpleMeterRegistry().counter("reasks");
  private final StatisticsEpochs epochs = new StatisticsEpochs("test", Duration.ofHours(1), TICKER);
  private final Map<String, ScriptedLeafGrpcService> leaves = new TreeMap<>();
  private final Map<String, String> addresses = new HashMap<>();
  private HedgingPolicy hedging = new NoHedging();
  private LocalCatalog local;
  private CatalogClient catalog;

  @BeforeEach
  void start() {
    local = closer.register("catalog", LocalCatalog.start(directory));
    catalog = local.client();
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private void leaf(String name, Function<LeafRequest, Optional<LeafResponse>> script) {
    leaf(name, ScriptedLeafGrpcService.scripted(script));
  }

  private void leaf(String name, ScriptedLeafGrpcService service) {
    leaves.put(name, service);
    register(name, Fixtures.serve(closer, name, service).address().toString());
  }

  /** A leaf that the catalog knows and nobody can reach. */
  private void dead(String name) {
    register(name, "127.0.0.1:1");
  }

  private void register(String name, String address) {
    addresses.put(name, address);
    local
        .client()
        .register(
            new NodeRecord(name, "run-1", Set.of("leaf"), address, "", "", ""),
            Duration.ofMinutes(5));
    Eventually.eventually(name, () -> catalog.view().node(name).isPresent());
  }

  /** All shards on all nodes. */
  private DatasetRecord dataset(int shards) {
    List<ShardPlacement> placements = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      placements.add(
          new ShardPlacement(shard, 7, "i" + shard, addresses.keySet().stream().sorted().toList()));
    }
    var record =
        new DatasetRecord(
            "default",
            "books",
            "0b9e2f7c-8d53-4c0e-9a63-0d1f5d7e9a10",
            Fixtures.dataset(1).schema(),
            1,
            addresses.size(),
            placements,
            Instant.EPOCH);
    LocalCatalog.write(catalog, List.of(Change.create(record)));
    return record;
  }

  /** Everything of the query is asked of one leaf first. */
  private Plan plan(DatasetRecord dataset, String first) {
    List<ShardRef> shards = new ArrayList<>();
    dataset.shards().forEach(placement -> shards.add(new ShardRef(placement.shard(), 7)));
    var leaf = new LeafAssignment(first, Objects.requireNonNull(addresses.get(first)), shards);
    return new Plan(dataset, List.of(leaf), List.of());
  }

  private QueryAnswer answer(
      Plan plan, String function, Level level, PositionToken token, Duration deadline)
      throws InterruptedException {
    var dataset = plan.dataset();
    var shared =
        new SharedStateBuilder(table, channels, TICKER)
            .catalog(catalog::view)
            .planner(planner)
            .epochs(epochs)
            .hedging(hedging)
            .reasks(reasks)
            .build();
    // As if many queries had been before.
    shared.hedges().earn(10_000);
    try (var run = Fixtures.run(engine, function)) {
      return new QueryRun(
              shared,
              run.commutative() ? plan : plan.byShard(),
              Reading.of(level, token, dataset),
              run,
              Fixtures.template(dataset),
              Fixtures.options(deadline, 0, level, token),
              () -> false,
              Optional.empty(),
              "trace",
              TICKER.nanoTime(),
              Fixtures.ADMITTED)
          .answer();
    }
  }

  private QueryAnswer answer(Plan plan) throws InterruptedException {
    return answer(plan, "sum", Level.ANY, PositionToken.EMPTY, Duration.ofSeconds(60));
  }

  /** Answers for all shards but some, which fail. */
  private static Optional<LeafResponse> answer(
      String name, LeafRequest request, ErrorCode code, Integer... failing) {
    var failed = List.of(failing);
    var partial = LeafPartial.newBuilder();
    var names = new StringBuilder();
    for (var ref : request.getShardsList()) {
      if (failed.contains(ref.getShard())) {
        partial.addErrors(
            ShardError.newBuilder()
                .setShard(ref)
                .setCode(code.number())
                .setReason("failed")
                .setMessage("no"));
        continue;
      }
      names.append(names.isEmpty() ? "" : "+").append(name).append(ref.getShard());
      partial
          .addCovers(ref)
          .addReports(
              ShardReport.newBuilder()
                  .setShard(ref.getShard())
                  .setSeen(100)
                  .setActive(100)
                  .setPosition(
                      dev.heddle.v1.Position.newBuilder()
                          .setShard(ref.getShard())
                          .setIncarnation("i" + ref.getShard())
                          .setIndex(40 + ref.getShard()))
                  .setReplica(
                      ReplicaReport.newBuilder()
                          .setDatasetId(request.getDatasetId())
                          .setShard(ref.getShard())
                          .setIncarnation("i" + ref.getShard())
                          .setStalenessMicros(1_000L * ref.getShard())
                          .setQueueLength(2)
                          .setServiceMicros(300)
                          .setReplica(
                              Replica.newBuilder()
                                  .setNode(name)
                                  .setAvailable(true)
                                  .setVisible(40 + ref.getShard()))));
    }
    if (!names.isEmpty()) {
      partial.setPartial(ByteString.copyFrom(SumFunction.encoded(names.toString())));
    }
    return Optional.of(LeafResponse.newBuilder().setPartial(partial).build());
  }

  private static List<String> parts(QueryAnswer answer) {
    return Arrays.stream(String.valueOf(answer.result()).split("\\+")).sorted().toList();
  }

  private int requests() {
    return leaves.values().stream().mapToInt(leaf -> leaf.requests.size()).sum();
  }

  @Test
  void aStaleShardIsAskedForAtAnotherReplicaAndNothingCountsTwice() throws InterruptedException {
    leaf("a", request -> answer("a", request, ErrorCode.STALE_REPLICA, 1));
    leaf("b", request -> answer("b", request, ErrorCode.STALE_REPLICA));
    leaf("c", request -> answer("b", request, ErrorCode.STALE_REPLICA));
    var dataset = dataset(3);
    var answer = answer(plan(dataset, "a"));
    assertTrue(answer.coverage().complete(), () -> "" + answer.coverage());
    assertEquals(300, answer.coverage().seen());
    assertEquals(List.of("a0", "a2", "b1"), parts(answer));
    assertEquals(1, reasks.count());
    assertEquals(2, requests());
    assertEquals(2_000, answer.stalenessMicros());
    assertEquals(
        List.of(new Position(0, "i0", 40), new Position(1, "i1", 41), new Position(2, "i2", 42)),
        PositionToken.parse(answer.position().toString()).of(dataset));
    assertTrue(table.replicas(dataset.id(), 0).stream().anyMatch(r -> r.visible() == 40));
  }

  @Test
  void aDeadLeafsShardsAreSpreadOverTheOthers() throws InterruptedException {
    dead("a");
    leaf("b", request -> answer("b", request, ErrorCode.INTERNAL));
    leaf("c", request -> answer("b", request, ErrorCode.INTERNAL));
    var answer = answer(plan(dataset(4), "a"));
    assertTrue(answer.coverage().complete(), () -> "" + answer.coverage());
    assertEquals(List.of("b0", "b1", "b2", "b3"), parts(answer));
    assertEquals(4, reasks.count());
  }

  /** It has just started, and will have it in a while; the others need not wait for that. */
  @Test
  void aLeafThatHasNotSeenTheCatalogYetIsAskedInVainOnly() throws InterruptedException {
    leaf(
        "a",
        ScriptedLeafGrpcService.failing(
            new HeddleException(ErrorCode.CATALOG_UNAVAILABLE, "not seen yet")));
    leaf("b", request -> answer("b", request, ErrorCode.INTERNAL));
    var answer = answer(plan(dataset(2), "a"));
    assertTrue(answer.coverage().complete(), () -> "" + answer.coverage());
    assertEquals(List.of("b0", "b1"), parts(answer));
  }

  @Test
  void functionsThatDoNotCommuteKeepTheOrderOfTheShards() throws InterruptedException {
    leaf("a", request -> answer("a", request, ErrorCode.NOT_OWNER, 0, 2));
    leaf("b", request -> answer("b", request, ErrorCode.NOT_OWNER));
    var answer =
        answer(
            plan(dataset(4), "a"), "list", Level.ANY, PositionToken.EMPTY, Duration.ofSeconds(60));
    assertEquals("b0+a1+b2+a3", answer.result());
  }

  @Test
  void aShardIsAskedForThreeTimesAtMost() throws InterruptedException {
    for (var name : List.of("a", "b", "c", "d")) {
      leaf(name, request -> answer(name, request, ErrorCode.STALE_REPLICA, 1));
    }
    var answer = answer(plan(dataset(2), "a"));
    assertEquals(List.of("a0"), parts(answer));
    assertEquals(
        List.of("1 stale"),
        answer.coverage().missing().stream().map(gap -> gap.shard() + " " + gap.reason()).toList());
    assertEquals(3, requests());
    assertEquals(2, reasks.count());
  }

  @Test
  void whatAnotherReplicaCannotMendIsNotAskedForAgain() throws InterruptedException {
    leaf("a", request -> answer("a", request, ErrorCode.FUNCTION_FAILED, 1));
    leaf("b", request -> answer("b", request, ErrorCode.FUNCTION_FAILED));
    var answer = answer(plan(dataset(2), "a"));
    assertEquals("failed", answer.coverage().missing().getFirst().reason());
    assertEquals(1, requests());
  }

  @Test
  void aLostPositionFailsTheQueryAtOnce() {
    leaf("a", request -> answer("a", request, ErrorCode.POSITION_LOST, 1));
    leaf("b", request -> answer("b", request, ErrorCode.POSITION_LOST));
    var dataset = dataset(2);
    var failure = assertThrows(HeddleException.class, () -> answer(plan(dataset, "a")));
    assertEquals(ErrorCode.POSITION_LOST, failure.code());
    var foreign = PositionToken.EMPTY.with(dataset, 0, "other", 5);
    var lost =
        assertThrows(
            HeddleException.class,
            () ->
                answer(plan(dataset, "a"), "sum", Level.SESSION, foreign, Duration.ofSeconds(60)));
    assertEquals(ErrorCode.POSITION_LOST, lost.code());
    assertEquals(1, requests());
  }

  @Test
  void aSessionNamesItsPositionsAndLeavesTimeToAskOthers() throws InterruptedException {
    for (var name : List.of("a", "b", "c")) {
      leaf(name, request -> answer(name, request, ErrorCode.STALE_REPLICA, 1));
    }
    var dataset = dataset(3);
    var token = PositionToken.EMPTY.with(dataset, 1, "i1", 99);
    answer(plan(dataset, "a"), "sum", Level.SESSION, token, Duration.ofSeconds(60));
    var reads =
        Stream.of("a", "b", "c")
            .flatMap(name -> Objects.requireNonNull(leaves.get(name)).requests.stream())
            .map(LeafRequest::getRead)
            .sorted(
                Comparator.comparingLong(
                    read -> read.getWaitMicros() == 0 ? Long.MAX_VALUE : read.getWaitMicros()))
            .toList();
    assertEquals(3, reads.size());
    for (var read : reads) {
      assertEquals(ReadLevel.READ_LEVEL_SESSION, read.getLevel());
      assertEquals(99, read.getPositions(0).getIndex());
      assertEquals("i1", read.getPositions(0).getIncarnation());
    }
    long patience = CoordinatorConfig.defaults().sessionPatience().toNanos() / 1_000;
    assertTrue(reads.get(0).getWaitMicros() <= patience);
    assertTrue(reads.get(1).getWaitMicros() > patience);
    assertEquals(0, reads.get(2).getWaitMicros());
  }

  @Test
  void aSessionsQueryGoesToReplicasThatShowItsPositions() throws InterruptedException {
    for (var name : List.of("a", "b", "c")) {
      leaf(name, request -> answer(name, request, ErrorCode.STALE_REPLICA));
    }
    var dataset = dataset(6);
    for (int shard = 0; shard < 6; shard++) {
      for (var name : List.of("a", "b", "c")) {
        table.heard(
            dataset.id(),
            shard,
            ReplicaTableTest.state(
                name, "i" + shard, Role.FOLLOWER, "c", 1, name.equals("b") ? 7 : 6));
      }
    }
    var token = PositionToken.EMPTY;
    for (int shard = 0; shard < 6; shard++) {
      token = token.with(dataset, shard, "i" + shard, 7);
    }
    var reading = Reading.of(Level.SESSION, token, dataset);
    var plan = planner.plan(dataset, catalog.view(), reading);
    assertEquals(List.of("b"), plan.leaves().stream().map(LeafAssignment::node).toList());
    assertTrue(
        planner.plan(dataset, catalog.view(), Reading.ANY).leaves().size() > 1, "seed " + SEED);
  }

  @Test
  void aPlanSpreadsShardsOverReplicasThatCostTheSame() {
    for (var name : List.of("a", "b", "c")) {
      leaf(name, request -> answer(name, request, ErrorCode.INTERNAL));
      table.load(name, 0, 500);
    }
    var dataset = dataset(24);
    for (int i = 0; i < 50; i++) {
      var plan = planner.plan(dataset, catalog.view(), Reading.ANY);
      assertEquals(3, plan.leaves().size());
      for (var leaf : plan.leaves()) {
        assertTrue(Math.abs(leaf.shards().size() - 8) <= 2, () -> leaf.shards() + ", seed " + SEED);
      }
    }
  }

  @Test
  void shardsWithoutALiveNodeAreMissing() {
    dead("a");
    var dataset = Fixtures.dataset(2);
    var plan = planner.plan(dataset, catalog.view(), Reading.ANY);
    assertEquals(List.of(), plan.leaves());
    assertEquals(
        List.of("no_replica", "no_replica"),
        plan.missing().stream().map(Coverage.Missing::reason).toList());
  }

  @Test
  void aShardThatMovesWhileFiguresAreGatheredKeepsThemWhole() throws InterruptedException {
    var scoring = ScriptedLeafGrpcService.scoring("a", "moby", 3);
    leaf(
        "a",
        request -> {
          var response = scoring.respond(request);
          if (request.getShardsCount() < 2 || response.isEmpty()) {
            return response;
          }
          // It lacks the second shard, and tells figures of the first alone.
          var missing = response.get().getMissing().toBuilder().clearReports();
          missing
              .addReports(ShardReport.newBuilder().setShard(0).setSeen(100).setView(1))
              .addErrors(
                  ShardError.newBuilder()
                      .setShard(request.getShards(1))
                      .setCode(ErrorCode.NOT_OWNER.number())
                      .setReason("no_replica"));
          return Optional.of(response.get().toBuilder().setMissing(missing).build());
        });
    leaf("b", ScriptedLeafGrpcService.scoring("b", "moby", 4));
    var dataset = dataset(2);
    var answer = answer(plan(dataset, "a"));
    assertEquals(List.of("a=7", "b=7"), parts(answer));
    assertTrue(answer.coverage().complete());
    // All shards told their figures: they hold for the epoch.
    assertEquals(answer.statisticsEpoch(), epochs.current(dataset.id()).toString());
  }

  /** A call is late soon, and again much later. */
  private static final class Soon implements HedgingPolicy, HedgingPolicy.Calls {
    @Override
    public HedgingPolicy.Calls of(String datasetId, String function) {
      return this;
    }

    @Override
    public void retain(Set<String> datasetIds) {}

    @Override
    public long delayNanos(String node, int shards) {
      return Duration.ofSeconds(2).toNanos();
    }

    @Override
    public void answered(String node, int shards, long nanos) {}

    @Override
    public void outrun(String node, int shards, long nanos) {}
  }

  private static Optional<LeafResponse> byShard(String name, LeafRequest request) {
    var merged = answer(name, request, ErrorCode.INTERNAL).orElseThrow().getPartial();
    if (!request.getByShard()) {
      return Optional.empty();
    }
    var parts = merged.toBuilder().clearCovers().clearPartial();
    for (var ref : request.getShardsList()) {
      parts.addParts(
          ShardPartial.newBuilder()
              .setShard(ref)
              .setPartial(ByteString.copyFrom(SumFunction.encoded(name + ref.getShard()))));
    }
    return Optional.of(LeafResponse.newBuilder().setPartial(parts).build());
  }

  @Test
  void aLateLeafsShardsAreAskedForElsewhereShardByShardAndItsCallIsCancelled()
      throws InterruptedException {
    hedging = new Soon();
    leaf("a", ScriptedLeafGrpcService.silent());
    leaf("b", request -> byShard("b", request));
    leaf("c", request -> byShard("c", request));
    var answer = answer(plan(dataset(6), "a"));
    assertTrue(answer.coverage().complete(), () -> "" + answer.coverage());
    assertEquals(600, answer.coverage().seen());
    assertEquals(6, answer.bill().hedges());
    assertEquals(List.of("a/1"), answer.bill().open());
    var slow = Objects.requireNonNull(leaves.get("a"));
    Eventually.eventually("cancelled", () -> slow.cancelled.get() == 1);
    var explanation = answer.explanation().orElseThrow();
    assertEquals(6, explanation.hedged());
    assertEquals(6, explanation.choices().size());
    assertEquals(3, explanation.choices().getFirst().considered().size());
    var line = SlowLog.line("books", "sum", "default", answer);
    assertTrue(line.contains(" hedged=6 "), line);
    assertTrue(line.contains("a/1 first outrun"), line);
  }
}
