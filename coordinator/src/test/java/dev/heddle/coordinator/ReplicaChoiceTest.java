package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.Reading.Level;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.coordinator.plan.ReplicaState;
import dev.heddle.coordinator.plan.ReplicaState.Role;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ReplicaChoiceTest {
  private static final long SEED = 99;
  private static final List<NodeRecord> NODES = List.of(node("a"), node("b"), node("c"));

  private final ManualTicker ticker = new ManualTicker();
  private final ReplicaTable table = new ReplicaTable(ticker);
  private final Random random = new Random(SEED);
  private final ReplicaChoice choice =
      new ReplicaChoice(table, new C3Policy(), () -> random, ticker);
  private final DatasetRecord dataset = Fixtures.dataset(1);
  private final String incarnation = dataset.shards().getFirst().incarnation();

  private static NodeRecord node(String name) {
    return new NodeRecord(name, "run-1", Set.of("leaf"), "127.0.0.1:1", "", "", "127.0.0.1:2");
  }

  private void replica(String node, Role role, boolean available, long visible, int segments) {
    table.heard(
        dataset.id(),
        0,
        new ReplicaState(
            node,
            incarnation,
            role,
            available,
            "",
            "c",
            1,
            visible,
            visible,
            0,
            10,
            segments,
            0,
            OptionalDouble.empty(),
            0));
  }

  private Reading session(long index) {
    var token = PositionToken.EMPTY.with(dataset, 0, incarnation, index);
    return Reading.of(Level.SESSION, token, dataset);
  }

  private Map<String, Integer> chosen(Reading reading, Set<String> tried) {
    Map<String, Integer> counts = new TreeMap<>();
    for (int i = 0; i < 1_000; i++) {
      var node = Objects.requireNonNull(choice.choose(dataset, 0, NODES, reading, tried));
      counts.merge(node.node(), 1, Integer::sum);
    }
    return counts;
  }

  @Test
  void whereNothingIsKnownAllAreAskedAlike() {
    var counts = chosen(Reading.ANY, Set.of());
    assertEquals(Set.of("a", "b", "c"), counts.keySet());
    counts.values().forEach(count -> assertTrue(count > 250, () -> counts + ", seed " + SEED));
  }

  @Test
  void theDearestOfThreeIsNeverTheCheaperOfTwo() {
    table.load("a", 0, 1_000);
    table.load("b", 0, 1_500);
    table.load("c", 3, 1_000);
    var counts = chosen(Reading.ANY, Set.of());
    assertEquals(Set.of("a", "b"), counts.keySet());
  }

  @Test
  void manySegmentsMakeAReplicaDearer() {
    for (var node : NODES) {
      table.load(node.node(), 0, 1_000);
    }
    replica("a", Role.FOLLOWER, true, 1, 40);
    replica("b", Role.FOLLOWER, true, 1, 1);
    replica("c", Role.LEADER, true, 1, 1);
    assertEquals(Set.of("b", "c"), chosen(Reading.ANY, Set.of()).keySet());
  }

  @Test
  void whatWasHeardLongAgoCountsAsNotKnown() {
    table.load("a", 0, 1_000);
    table.load("b", 0, 1_000);
    table.load("c", 0, 9_000);
    assertEquals(Set.of("a", "b"), chosen(Reading.ANY, Set.of()).keySet());
    ticker.advance(Duration.ofSeconds(11));
    table.load("a", 0, 1_000);
    table.load("b", 0, 1_000);
    assertTrue(chosen(Reading.ANY, Set.of()).containsKey("c"));
  }

  @Test
  void unavailableAndLostReplicasComeLast() {
    replica("a", Role.FOLLOWER, false, 1, 1);
    replica("b", Role.FOLLOWER, true, 1, 1);
    table.lost("c");
    assertEquals(Set.of("b"), chosen(Reading.ANY, Set.of()).keySet());
    assertEquals(Set.of("a", "c"), chosen(Reading.ANY, Set.of("b")).keySet());
    assertNull(choice.choose(dataset, 0, NODES, Reading.ANY, Set.of("a", "b", "c")));
  }

  @Test
  void aSessionAsksWhoShowsItsPositionThenTheLeader() {
    replica("a", Role.FOLLOWER, true, 10, 1);
    replica("b", Role.FOLLOWER, true, 9, 1);
    replica("c", Role.LEADER, true, 11, 1);
    assertEquals(Set.of("a", "c"), chosen(session(10), Set.of()).keySet());
    assertEquals(Set.of("a", "b", "c"), chosen(session(5), Set.of()).keySet());
    assertEquals(Set.of("c"), chosen(session(99), Set.of()).keySet());
    assertEquals(Set.of("a", "b"), chosen(session(99), Set.of("c")).keySet());
    table.lost("c");
    assertEquals(Set.of("a"), chosen(session(10), Set.of()).keySet());
  }

  @Test
  void aLinearizableReadAsksTheLeader() {
    var reading = Reading.of(Level.LINEARIZABLE, PositionToken.EMPTY, dataset);
    replica("a", Role.FOLLOWER, true, 10, 1);
    assertEquals(Set.of("c"), chosen(reading, Set.of()).keySet());
    assertEquals(Set.of("a", "b"), chosen(reading, Set.of("c")).keySet());
  }

  @Test
  void whoLedBeforeItWasKilledIsNotAskedFirstWhileItOpens() {
    replica("a", Role.FOLLOWER, true, 10, 1);
    replica("b", Role.FOLLOWER, true, 10, 1);
    replica("c", Role.LEADER, true, 11, 1);
    replica("c", Role.UNKNOWN, false, 0, 1);
    assertEquals(Set.of("a", "b"), chosen(session(99), Set.of()).keySet());
    var linearizable = Reading.of(Level.LINEARIZABLE, PositionToken.EMPTY, dataset);
    assertEquals(Set.of("a", "b"), chosen(linearizable, Set.of()).keySet());
    assertEquals(Set.of("c"), chosen(session(99), Set.of("a", "b")).keySet());
  }

  @Test
  void aSessionWithoutPositionsHereNeedsNothing() {
    assertEquals(Level.ANY, Reading.of(Level.SESSION, PositionToken.EMPTY, dataset).level());
  }
}
