package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.engine.Engine;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.testing.ManualTicker;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Eight equal shards at a leaf each. */
class TrimTest {
  private static final int SHARDS = 8;

  private final Closer closer = new Closer();
  private final ManualTicker ticker = new ManualTicker();
  private final Engine engine = closer.register("engine", Fixtures.engine());
  private final KnownShards known = new KnownShards(new ReplicaTable(ticker));
  private final SharedState shared =
      new SharedStateBuilder(
              new ReplicaTable(ticker),
              closer.register("channels", new Channels(Credentials.none())),
              ticker)
          .known(known)
          .build();
  private final Plan plan =
      new Plan(
          Fixtures.dataset(SHARDS),
          IntStream.range(0, SHARDS)
              .mapToObj(shard ->
                  new LeafAssignment("node-" + shard, "n:1", List.of(new ShardRef(shard, 7))))
              .toList(),
          List.of());

  TrimTest() {
    for (int shard = 0; shard < SHARDS; shard++) {
      known.observe(plan.dataset().id(), shard, 1_000, new Position(shard, "", 0));
    }
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private Trim trim(String function, int k, double probability) {
    try (var run = Fixtures.run(engine, function)) {
      return Trim.of(run, k, plan, shared, probability);
    }
  }

  private int hits(int k) {
    return trim("search", k, 0.9999).hits(plan.leaves().getFirst().shards());
  }

  @Test
  void asksForTheShareAndWhatChanceMayAdd() {
    assertTrue(hits(100) > 25 && hits(100) < 35, () -> "of 100: " + hits(100));
    assertTrue(hits(1_000) > 150 && hits(1_000) < 190, () -> "of 1,000: " + hits(1_000));
    assertFalse(trim("sum", 100, 0.9999).active());
    assertFalse(trim("search", 100, 1).active());
  }

  @Test
  void asksForAllWhereLessThanAQuarterWouldBeSaved() {
    for (int k = 0; k <= 200; k++) {
      int hits = hits(k);
      assertTrue(hits == 0 || hits <= k * 0.75, "of " + k + ": " + hits);
    }
    assertEquals(0, hits(3));
    assertEquals(0, hits(8));
    assertTrue(hits(20) > 0);
  }

  @Test
  void asksForAllWhileRepairsAreOwed() {
    int burst = shared.config().scatter().extraBurst();
    assertTrue(trim("search", 100, 0.9999).active());
    shared.repairs().owe(burst + 5);
    assertFalse(trim("search", 100, 0.9999).active());
    // A twentieth of what is asked.
    shared.repairs().earn(100);
    assertFalse(trim("search", 100, 0.9999).active());
    shared.repairs().earn(20);
    assertTrue(trim("search", 100, 0.9999).active());
  }

  @Test
  void asksForAllWhileEverythingIsSlow() {
    for (int i = 0; i < 100; i++) {
      shared.hedges().punctual(false);
    }
    assertFalse(trim("search", 100, 0.9999).active());
    for (int i = 0; i < 100; i++) {
      shared.hedges().punctual(true);
    }
    assertTrue(trim("search", 100, 0.9999).active());
  }
}
