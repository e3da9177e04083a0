package dev.heddle.leaf;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.aggregations.BuiltIns;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.LogLimits;
import dev.heddle.engine.Platform;
import dev.heddle.engine.QueryOrigin;
import dev.heddle.function.Bound;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.leaf.LeafTask.EpochId;
import dev.heddle.leaf.LeafTask.ShardRef;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.shard.ShardStatistics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class ScatterExecutionTest {
  private static final Ticker TICKER = Ticker.system();
  private static final ShardRef HERE = new ShardRef(0, 3);
  private static final ShardRef ELSEWHERE = new ShardRef(5, 3);

  @TempDir Path directory;

  private LocalLeaf leaf;
  private Engine engine;

  @BeforeEach
  void start() {
    leaf = new LocalLeaf(directory);
    leaf.create();
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
  }

  @AfterEach
  void close() {
    engine.close();
    leaf.close();
  }

  private LeafOutcome.Answer run(boolean byShard) {
    return run(byShard, Map.of());
  }

  private LeafOutcome.Answer run(boolean byShard, Map<ShardRef, HeddleException> unready) {
    var request =
        new ScatterRequest(
            new Query.All(),
            10,
            List.of(),
            List.of(),
            Map.of(),
            Optional.empty(),
            1_000,
            JsonObject.EMPTY);
    var task =
        new LeafTask(
            new QueryOrigin("q", "t"),
            "default",
            LocalLeaf.DATASET,
            List.of(HERE, ELSEWHERE),
            new FunctionRef("default", "search", Optional.empty()),
            request,
            new EpochId(LocalLeaf.DATASET, "test", 1),
            Optional.of(new ShardStatistics(0, Map.of(), Map.of())),
            unready,
            Map.of(),
            Deadline.after(Duration.ofSeconds(60), TICKER),
            byShard,
            LeafTask.Budget.ANY,
            new SharedBar(Bound.NONE),
            () -> false);
    var outcome =
        new ScatterExecution(
                task, leaf.store(), engine, new Epochs(4, 1_000), TICKER, 128, TICKER.nanoTime())
            .run();
    return assertInstanceOf(LeafOutcome.Answer.class, outcome);
  }

  @Test
  void answersShardByShardWhereAskedTo() {
    var merged = run(false);
    assertEquals(List.of(HERE), merged.covers());
    assertEquals(List.of(), merged.parts());
    var parts = run(true);
    assertNull(parts.partial());
    assertEquals(List.of(), parts.covers());
    assertEquals(List.of(HERE), parts.parts().stream().map(LeafOutcome.Part::shard).toList());
    assertArrayEquals(Objects.requireNonNull(merged.partial()), parts.parts().getFirst().partial());
    assertEquals(
        List.of(ELSEWHERE),
        parts.failures().stream().map(LeafOutcome.ShardFailure::shard).toList());
  }

  @Test
  void aReplicaThatIsNotOpenIsNotThereAndHasNotFailed() {
    var opening = new HeddleException(ErrorCode.UNAVAILABLE, "shard 0: opening (expected: open)");
    assertEquals(
        List.of("0 unreachable", "5 no_replica"),
        run(false, Map.of(HERE, opening)).failures().stream()
            .map(failure -> failure.shard().shard() + " " + failure.reason())
            .toList());
  }

  @Test
  void remembersWhatTheLastCallsCost() {
    var settlements = new Settlements(2);
    for (int i = 1; i <= 3; i++) {
      settlements.put(
          new Settlements.Attempt("q", "", i), new LeafOutcome.Spent(i, 0, 0, 0, 0, 0, 0, 0));
    }
    assertTrue(settlements.find(new Settlements.Attempt("q", "", 1)).isEmpty());
    assertEquals(
        3, settlements.find(new Settlements.Attempt("q", "", 3)).orElseThrow().activeNanos());
    assertTrue(settlements.find(new Settlements.Attempt("other", "", 3)).isEmpty());
    assertTrue(settlements.find(new Settlements.Attempt("q", "mid.1", 3)).isEmpty());
  }
}
