package dev.heddle.leaf;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.aggregations.BuiltIns;
import dev.heddle.aggregations.SearchResult;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.LogLimits;
import dev.heddle.engine.Partial;
import dev.heddle.engine.Platform;
import dev.heddle.engine.QueryOrigin;
import dev.heddle.function.Aggregation;
import dev.heddle.function.Bound;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import dev.heddle.leaf.LeafOutcome.Answer;
import dev.heddle.leaf.LeafOutcome.ShardTiming;
import dev.heddle.leaf.LeafTask.Budget;
import dev.heddle.leaf.LeafTask.EpochId;
import dev.heddle.leaf.LeafTask.ShardRef;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.shard.Operation;
import dev.heddle.shard.ReadLevel;
import dev.heddle.shard.RequestId;
import dev.heddle.shard.ShardPosition;
import dev.heddle.shard.ShardStatistics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A leaf that leaves shards alone, or heeds a bar, answers as one that searches everything. */
@Timeout(120)
class ScatterSkippingTest {
  private static final Ticker TICKER = Ticker.system();
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String DATASET = "d4";
  private static final int SHARDS = 4;
  private static final int ROUNDS = 6;
  private static final int QUERIES = 40;
  private static final List<ShardRef> ALL =
      IntStream.range(0, SHARDS).mapToObj(shard -> new ShardRef(shard, 1)).toList();

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final UUID self = UUID.randomUUID();
  private final List<List<String>> ids = new ArrayList<>();

  @TempDir Path directory;

  private LocalLeaf leaf;
  private Engine engine;
  private long calls;
  private Budget budget = Budget.ANY;
  private SharedBar bar = new SharedBar(Bound.NONE);

  @BeforeEach
  void start() {
    leaf = new LocalLeaf(directory);
    engine =
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
            "leaf");
    List<ShardPlacement> placements = new ArrayList<>();
    for (int shard = 0; shard < SHARDS; shard++) {
      ids.add(new ArrayList<>());
      placements.add(
          new ShardPlacement(shard, 1, UUID.randomUUID().toString(), List.of(LocalLeaf.NODE)));
    }
    var dataset =
        new DatasetRecord(
            "default",
            "four",
            DATASET,
            Schema.of(
                List.of(
                    Field.text("title", "standard", 1),
                    Field.of("kind", FieldType.KEYWORD, false),
                    Field.of("size", FieldType.LONG, false))),
            1,
            1,
            placements,
            Instant.EPOCH);
    long revision = LocalCatalog.write(leaf.client(), List.of(Change.put(dataset)));
    leaf.store().awaitShards(DATASET, revision, Deadline.after(PATIENCE, TICKER));
    for (int shard = 0; shard < SHARDS; shard++) {
      int number = shard;
      eventually("leads", () -> leads(number));
    }
  }

  private boolean leads(int shard) throws InterruptedException {
    try {
      leaf.store().ready(DATASET, shard, ReadLevel.LINEARIZABLE, Optional.empty(), true).get();
      return true;
    } catch (ExecutionException e) {
      return false;
    }
  }

  @AfterEach
  void close() {
    engine.close();
    leaf.close();
  }

  /** Writes, and waits until searches see it. */
  private void write(int shard, List<Operation> operations) throws Exception {
    var written =
        leaf.store()
            .write(
                DATASET,
                shard,
                new RequestId(self, ++calls),
                operations,
                Deadline.after(PATIENCE, TICKER));
    assertEquals(List.of(), written.errors());
    var position = new ShardPosition(written.incarnation(), written.index());
    leaf.store().ready(DATASET, shard, ReadLevel.SESSION, Optional.of(position), true).get();
  }

  /** Each shard has sizes and kinds of its own, as where documents came over time. */
  private Operation put(int shard, String id) {
    var json =
        "{\"title\":\"%s\",\"kind\":\"k%d\",\"size\":%d}"
            .formatted(
                "weft ".repeat(1 + random.nextInt(4)) + "loom ".repeat(random.nextInt(3)),
                shard / 2 + random.nextInt(2),
                shard * 100 + random.nextInt(120));
    return new Operation.Put(id, json.getBytes(StandardCharsets.UTF_8));
  }

  private void change(int most) throws Exception {
    for (int shard = 0; shard < SHARDS; shard++) {
      List<Operation> operations = new ArrayList<>();
      for (int i = 1 + random.nextInt(most); i > 0; i--) {
        var known = ids.get(shard);
        if (known.size() > 3 && random.nextInt(3) == 0) {
          operations.add(new Operation.Delete(known.remove(random.nextInt(known.size()))));
        } else {
          var id = "id-" + shard + "-" + random.nextInt(1_000);
          known.remove(id);
          known.add(id);
          operations.add(put(shard, id));
        }
      }
      write(shard, operations);
    }
  }

  private LeafOutcome run(
      ScatterRequest request, boolean byShard, @Nullable ShardStatistics statistics, int epoch) {
    var task =
        new LeafTask(
            new QueryOrigin("q", "t"),
            "default",
            DATASET,
            ALL,
            new FunctionRef("default", "search", Optional.empty()),
            request,
            new EpochId(DATASET, "test", epoch),
            Optional.ofNullable(statistics),
            Map.of(),
            Map.of(),
            Deadline.after(PATIENCE, TICKER),
            byShard,
            budget,
            bar,
            () -> false);
    return new ScatterExecution(
            task, leaf.store(), engine, new Epochs(4, 1_000), TICKER, 128, TICKER.nanoTime())
        .run();
  }

  /**
   * What the leaf asks for, which are figures of all shards. They change where segments are merged:
   * who compares scores asks once.
   */
  private ShardStatistics figures(ScatterRequest request, int epoch) {
    var missing = assertInstanceOf(LeafOutcome.Missing.class, run(request, true, null, epoch));
    assertEquals(ids.stream().mapToLong(List::size).sum(), missing.local().documents());
    return missing.local();
  }

  private Answer answer(
      ScatterRequest request, boolean byShard, ShardStatistics figures, int epoch) {
    return assertInstanceOf(Answer.class, run(request, byShard, figures, epoch));
  }

  private SearchResult result(ScatterRequest request, Answer answer) {
    assertEquals(List.of(), answer.failures());
    try (var root =
        engine.scatter(new FunctionRef("default", "search", Optional.empty()), request)) {
      Partial merged =
          answer.partial() == null ? null : root.decode(Objects.requireNonNull(answer.partial()));
      for (var part : answer.parts()) {
        var next = root.decode(part.partial());
        merged = merged == null ? next : root.merge(merged, next);
      }
      var coverage = new Coverage(1, 1, 1, SHARDS, 0, SHARDS, List.of());
      return assertInstanceOf(SearchResult.class, root.finish(merged, coverage));
    }
  }

  private static ScatterRequest request(
      Query query, int k, List<Sort> sort, Map<String, Aggregation> aggs, long countUpTo) {
    return new ScatterRequest(
        query, k, List.of(), sort, aggs, Optional.of(List.of()), countUpTo, JsonObject.EMPTY);
  }

  private Query query() {
    long from = random.nextInt(500) - 40L;
    var text = new Query.Match(random.nextBoolean() ? "weft" : "weft loom", List.of(), false);
    return switch (random.nextInt(5)) {
      case 0 -> new Query.Range("size", from, null, from + random.nextInt(200), null);
      case 1 -> new Query.Term("kind", "k" + random.nextInt(4));
      case 2 -> Query.filtered(text, new Query.Range("size", null, from, null, null));
      case 3 -> Query.filtered(text, new Query.Term("kind", "k" + random.nextInt(4)));
      default -> text;
    };
  }

  private Map<String, Aggregation> aggs() {
    return random.nextBoolean()
        ? Map.of()
        : Map.of(
            "kinds", new Aggregation.Terms("kind", 5, Map.of("s", new Aggregation.Stats("size"))),
            "steps", new Aggregation.Histogram("size", 50));
  }

  @Test
  void hitsTotalsAndFacetsAreThoseOfAllShards() throws Exception {
    int skipped = 0;
    for (int round = 0; round < ROUNDS; round++) {
      change(12);
      for (int i = 0; i < QUERIES; i++) {
        var sort =
            random.nextInt(3) == 0
                ? List.of(new Sort("size", random.nextBoolean()))
                : List.<Sort>of();
        var request = request(query(), random.nextInt(8), sort, aggs(), Long.MAX_VALUE);
        var what = "seed " + seed + " " + request;
        int epoch = round * QUERIES + i;
        var figures = figures(request, epoch);
        var searched = answer(request, true, figures, epoch);
        var answered = answer(request, false, figures, epoch);
        assertEquals(result(request, searched), result(request, answered), what);
        assertEquals(ALL, answered.covers().stream().sorted(this::byShard).toList(), what);
        assertEquals(documents(searched), documents(answered), what);
        skipped += answered.timings().stream().mapToInt(t -> t.skipped() ? 1 : 0).sum();
        assertTrue(searched.timings().stream().noneMatch(ShardTiming::skipped), what);
      }
    }
    assertTrue(skipped > 50, "seed " + seed + ": " + skipped + " skipped");
  }

  private int byShard(ShardRef a, ShardRef b) {
    return Integer.compare(a.shard(), b.shard());
  }

  private static long documents(Answer answer) {
    return answer.timings().stream().mapToLong(ShardTiming::documents).sum();
  }

  @Test
  void aBarThatRisesFromShardToShardChangesNoHit() throws Exception {
    change(200);
    for (int i = 0; i < QUERIES; i++) {
      var request = request(query(), 1 + random.nextInt(5), List.of(), Map.of(), 3);
      var what = "seed " + seed + " " + request;
      var figures = figures(request, i);
      var searched = result(request, answer(request, true, figures, i));
      var answered = result(request, answer(request, false, figures, i));
      assertEquals(searched.hits(), answered.hits(), what);
      assertTrue(
          answered.exact() ? searched.total() == answered.total() : answered.total() > 3, what);
    }
  }

  /** What others found is told when the call begins, here; it may be while it runs. */
  @Test
  void whatOthersFoundIsHeededAndTheAnswerSaysSo() throws Exception {
    change(400);
    long skipped = 0;
    for (int i = 0; i < QUERIES; i++) {
      bar = new SharedBar(Bound.NONE);
      var query = new Query.Match("weft loom", List.of(), false);
      var request = request(query, 1 + random.nextInt(5), List.of(), Map.of(), 0);
      var what = "seed " + seed + " " + request;
      var figures = figures(request, i);
      var all = answer(request, true, figures, i);
      assertEquals(Bound.NONE, all.bar());
      var hits = result(request, all).hits();
      var told = new Bound(hits.get(random.nextInt(hits.size())).score());
      bar.raise(told);
      for (boolean byShard : new boolean[] {true, false}) {
        var heeding = answer(request, byShard, figures, i);
        assertEquals(
            hits.stream().filter(hit -> hit.score() >= told.least()).toList(),
            result(request, heeding).hits().stream()
                .filter(hit -> hit.score() >= told.least())
                .toList(),
            what);
        assertTrue(byShard ? heeding.bar().equals(told) : told.compareTo(heeding.bar()) >= 0, what);
        assertEquals(documents(all), documents(heeding), what);
        skipped += byShard ? scanned(all) - scanned(heeding) : 0;
      }
      // As if others had better ones than any here.
      bar.raise(new Bound(1_000_000));
      var nothing = answer(request, true, figures, i);
      assertEquals(List.of(), result(request, nothing).hits(), what);
      assertEquals(0, scanned(nothing), what);
    }
    assertTrue(skipped > 0, "seed " + seed);
  }

  private static long scanned(Answer answer) {
    return answer.timings().stream().mapToLong(ShardTiming::scanned).sum();
  }

  @Test
  void barsReachOnlyTheCallThatTheyName() {
    var calls = new RunningCalls();
    var one = new Settlements.Attempt("q", "", 1);
    var other = new Settlements.Attempt("q", "mid.1", 1);
    var entry = calls.enter("default", one, Bound.NONE);
    calls.raise("default", other, new Bound(3));
    calls.raise("others", one, new Bound(3));
    assertEquals(Bound.NONE, entry.bar().now());
    calls.raise("default", one, new Bound(2));
    calls.raise("default", one, new Bound(1));
    assertEquals(new Bound(2), entry.bar().now());
    entry.close();
    calls.raise("default", one, new Bound(9));
    assertEquals(new Bound(2), entry.bar().now());
    assertEquals(0, calls.size());
  }

  @Test
  void whereNothingCanMatchOneShardTellsWhatIsWrong() throws Exception {
    change(5);
    var nowhere = new Query.Range("size", 100_000L, null, null, null);
    var request = request(nowhere, 3, List.of(), Map.of(), 0);
    var answered = answer(request, false, figures(request, 1), 1);
    assertEquals(SHARDS - 1, answered.timings().stream().filter(ShardTiming::skipped).count());
    var wrong = List.of(new Sort("title", true));
    var failure =
        assertThrows(
            HeddleException.class,
            () -> run(request(nowhere, 3, wrong, Map.of(), 0), false, none(), 2));
    assertEquals(ErrorCode.INVALID_REQUEST, failure.code());
  }

  private static ShardStatistics none() {
    return new ShardStatistics(0, Map.of(), Map.of());
  }

  @Test
  void stopsWithinAShardWhereTheBudgetIsSpent() throws Exception {
    List<Operation> many = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      ids.get(1).add("many-" + i);
      many.add(put(1, "many-" + i));
    }
    for (int from = 0; from < many.size(); from += 500) {
      write(1, many.subList(from, from + 500));
    }
    budget = new Budget(2_000, 0);
    var request =
        request(
            new Query.Range("size", 0L, null, null, null),
            0,
            List.of(),
            Map.of("steps", new Aggregation.Histogram("size", 50)),
            Long.MAX_VALUE);
    for (boolean byShard : List.of(false, true)) {
      var answer = assertInstanceOf(Answer.class, run(request, byShard, none(), 1));
      assertEquals(List.of(), answer.covers());
      assertEquals(List.of(), answer.parts());
      assertEquals(SHARDS, answer.failures().size());
      for (var failed : answer.failures()) {
        assertEquals(ErrorCode.LIMIT_REACHED, failed.code());
        assertTrue(failed.message().contains("scatter.query-documents"), failed.message());
      }
      long scanned = answer.spent().documentsScanned();
      assertTrue(scanned > 2_000 && scanned < 4_000, "scanned " + scanned);
    }
    budget = new Budget(0, 1);
    var answer = assertInstanceOf(Answer.class, run(request, false, none(), 1));
    assertEquals(ErrorCode.LIMIT_REACHED, answer.failures().getFirst().code());
    assertTrue(answer.failures().getFirst().message().contains("scatter.query-cpu"));
    budget = new Budget(1_000_000, 60_000_000_000L);
    answer = assertInstanceOf(Answer.class, run(request, false, none(), 1));
    assertEquals(List.of(), answer.failures());
  }
}
