package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.aggregations.BuiltIns;
import dev.heddle.aggregations.SearchResult;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.plan.KnownSummary;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.Reading.Level;
import dev.heddle.coordinator.plan.ReplicaState.Role;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.Skipping;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.LogLimits;
import dev.heddle.engine.Partial;
import dev.heddle.engine.Platform;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.Aggregation;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.ShardSummary.Bounds;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.internal.v1.LeafPartial;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.ShardReport;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Priority;
import dev.heddle.process.Ticker;
import dev.heddle.v1.Position;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A session that has seen all writes gets the same answer whether shards are left out or not, while
 * documents change and summaries arrive late, or never.
 */
@Timeout(300)
class SkippingEquivalenceTest {
  private static final Ticker TICKER = Ticker.system();
  private static final int SHARDS = 5;
  private static final int ROUNDS = 60;
  private static final int QUERIES = 8;

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final Engine engine = closer.register("engine", engine());
  private final ReplicaTable table = new ReplicaTable(TICKER);
  private final DatasetRecord dataset = Fixtures.dataset(SHARDS);
  private final StatisticsEpochs epochs = new StatisticsEpochs("test", Duration.ofHours(1), TICKER);

  /** Documents by shard and id, and each shard's position. */
  private final List<Map<String, Map<String, Object>>> documents = new ArrayList<>();

  private final long[] positions = new long[SHARDS];
  private int skipped;

  @AfterEach
  void close() {
    closer.close();
  }

  private static Engine engine() {
    return new Engine(
        EngineConfig.defaults(),
        digest -> {
          throw new HeddleException(ErrorCode.UNAVAILABLE, "no code here");
        },
        List.of(),
        BuiltIns.all(),
        Platform.NONE,
        new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), Ticker.system()),
        Ticker.system(),
        new SimpleMeterRegistry(),
        "coordinator");
  }

  private static FunctionRef search() {
    return new FunctionRef("default", "search", Optional.empty());
  }

  private InMemoryShard shard(int number) {
    var shard =
        InMemoryShard.builder("books", number)
            .field("title", FieldKind.TEXT)
            .field("kind", FieldKind.KEYWORD)
            .field("size", FieldKind.LONG);
    documents.get(number).forEach(shard::document);
    return shard.build();
  }

  /** A leaf that holds all shards as they are. */
  private LeafResponse respond(LeafRequest request) {
    try (var run = engine.scatter(search(), QueryWire.request(request.getRequest()))) {
      Partial merged = null;
      var message = LeafPartial.newBuilder().addAllCovers(request.getShardsList());
      for (var ref : request.getShardsList()) {
        var shard = shard(ref.getShard());
        var partial = run.leaf(shard);
        merged = merged == null ? partial : run.merge(merged, partial);
        message.addReports(
            ShardReport.newBuilder()
                .setShard(ref.getShard())
                .setSeen(shard.documents())
                .setActive(shard.documents())
                .setPosition(
                    Position.newBuilder()
                        .setShard(ref.getShard())
                        .setIncarnation("incarnation-" + ref.getShard())
                        .setIndex(positions[ref.getShard()])));
      }
      var all = Objects.requireNonNull(merged);
      return LeafResponse.newBuilder()
          .setPartial(message.setPartial(ByteString.copyFrom(run.encode(run.complete(all)))))
          .build();
    }
  }

  private void change() {
    int number = random.nextInt(SHARDS);
    var shard = documents.get(number);
    for (int i = random.nextInt(3); i >= 0; i--) {
      var id = "d" + number + "-" + random.nextInt(20);
      if (random.nextInt(3) == 0) {
        shard.remove(id);
      } else {
        Map<String, Object> fields = new HashMap<>();
        fields.put("title", random.nextBoolean() ? "weft" : "weft loom");
        fields.put("kind", "k" + (number + random.nextInt(2)));
        fields.put("size", number * 10L + random.nextInt(15));
        shard.put(id, fields);
      }
    }
    positions[number]++;
    if (random.nextInt(3) > 0) {
      told(number);
    }
  }

  /** The coordinator hears of the shard as it is now. */
  private void told(int number) {
    var node = "node-" + number;
    var incarnation = "incarnation-" + number;
    var summary = shard(number).summary();
    Map<String, Bounds> bounds = new HashMap<>();
    summary.bounds("size").ifPresent(known -> bounds.put("size", known));
    var kinds = documents.get(number).values().stream().map(fields -> text(fields, "kind"));
    if (random.nextBoolean()) {
      table.heard(
          dataset.id(),
          number,
          ReplicaTableTest.state(node, incarnation, Role.LEADER, "", 1, positions[number]));
    }
    table.load(node, 0, 0);
    table.holds(
        dataset.id(),
        new KnownSummary(
            node,
            number,
            incarnation,
            positions[number],
            summary.documents(),
            bounds,
            Map.of("kind", kinds.collect(Collectors.toSet()))));
  }

  private static String text(Map<String, Object> fields, String name) {
    return Objects.requireNonNull(fields.get(name)).toString();
  }

  private Query query() {
    long from = random.nextInt(70) - 5L;
    var text = new Query.Match("weft loom", List.of(), false);
    return switch (random.nextInt(4)) {
      case 0 -> new Query.Range("size", from, null, from + random.nextInt(12), null);
      case 1 -> new Query.Term("kind", "k" + random.nextInt(8));
      case 2 -> Query.filtered(text, new Query.Range("size", null, null, null, from));
      default -> Query.filtered(text, new Query.Term("kind", "k" + random.nextInt(8)));
    };
  }

  private ScatterRequest request() {
    var kinds = new Aggregation.Terms("kind", 10, Map.of("s", new Aggregation.Stats("size")));
    return new ScatterRequest(
        query(),
        random.nextInt(12),
        List.of(),
        List.of(),
        random.nextBoolean() ? Map.of() : Map.of("kinds", kinds),
        Optional.of(List.of()),
        1_000,
        JsonObject.EMPTY);
  }

  private QueryAnswer answer(String address, ScatterRequest request, boolean skipping)
      throws InterruptedException {
    var token = PositionToken.EMPTY;
    List<LeafAssignment> leaves = new ArrayList<>();
    for (int number = 0; number < SHARDS; number++) {
      token = token.with(dataset, number, "incarnation-" + number, positions[number]);
      leaves.add(new LeafAssignment("node-" + number, address, List.of(new ShardRef(number, 7))));
    }
    var reading = Reading.of(Level.SESSION, token, dataset);
    var shared = new SharedStateBuilder(table, channels, TICKER).epochs(epochs).build();
    try (var run = engine.scatter(search(), request)) {
      var whole = new Plan(dataset, leaves, List.of());
      var plan = skipping ? new Skipping(table, TICKER).skip(whole, reading, run::canMatch) : whole;
      return new QueryRun(
              shared,
              plan,
              reading,
              run,
              LeafGrpcClient.template("q", "default", dataset.id(), search(), 1, request),
              Fixtures.options(Duration.ofSeconds(60), 1, Level.SESSION, token),
              () -> false,
              Optional.empty(),
              "trace",
              TICKER.nanoTime(),
              new QueryAnswer.Admission(0, 1, 1, Priority.NORMAL))
          .answer()
          .covering(1);
    }
  }

  @Test
  void theAnswerIsTheSame() throws InterruptedException {
    var server =
        Fixtures.serve(
            closer,
            "leaf",
            ScriptedLeafGrpcService.scripted(request -> Optional.of(respond(request))));
    for (int number = 0; number < SHARDS; number++) {
      documents.add(new TreeMap<>());
      positions[number] = 1;
    }
    for (int round = 0; round < ROUNDS; round++) {
      change();
      for (int i = 0; i < QUERIES; i++) {
        same(server.address().toString(), request());
      }
    }
    assertTrue(skipped > ROUNDS, "seed " + seed + ": " + skipped + " skipped");
  }

  private void same(String address, ScatterRequest request) throws InterruptedException {
    var what = "seed " + seed + " " + request;
    var whole = answer(address, request, false);
    var some = answer(address, request, true);
    assertEquals((SearchResult) whole.result(), (SearchResult) some.result(), what);
    assertEquals(whole.coverage().seen(), some.coverage().seen(), what);
    assertEquals(whole.coverage().target(), some.coverage().target(), what);
    assertEquals(SHARDS, some.coverage().answered() + some.coverage().skipped(), what);
    assertEquals(whole.position().toString(), some.position().toString(), what);
    skipped += some.coverage().skipped();
  }
}
