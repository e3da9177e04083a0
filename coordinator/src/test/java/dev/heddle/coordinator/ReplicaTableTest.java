package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogView;
import dev.heddle.coordinator.plan.ReplicaState;
import dev.heddle.coordinator.plan.ReplicaState.Role;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class ReplicaTableTest {
  private final ManualTicker ticker = new ManualTicker();
  private final ReplicaTable table = new ReplicaTable(ticker);

  static ReplicaState state(
      String node, String incarnation, Role role, String leader, long term, long visible) {
    return new ReplicaState(
        node,
        incarnation,
        role,
        true,
        "",
        leader,
        term,
        visible,
        visible,
        0,
        100,
        1,
        0,
        OptionalDouble.empty(),
        0);
  }

  private void heard(String node, Role role, String leader, long term) {
    table.heard("d", 0, state(node, "i", role, leader, term, 1));
  }

  @Test
  void believesTheLaterTermAboutTheLeader() {
    heard("a", Role.LEADER, "a", 3);
    assertEquals(Optional.of("a"), table.leader("d", 0));
    heard("b", Role.FOLLOWER, "c", 2);
    assertEquals(Optional.of("a"), table.leader("d", 0));
    heard("b", Role.CANDIDATE, "", 4);
    assertEquals(Optional.empty(), table.leader("d", 0));
    heard("b", Role.LEADER, "", 4);
    assertEquals(Optional.of("b"), table.leader("d", 0));
  }

  @Test
  void hintsHoldUntilSomebodyKnowsBetter() {
    table.leads("d", 0, "b");
    assertEquals(Optional.of("b"), table.leader("d", 0));
    table.leadsNot("d", 0, "a");
    assertEquals(Optional.of("b"), table.leader("d", 0));
    table.leadsNot("d", 0, "b");
    assertEquals(Optional.empty(), table.leader("d", 0));
    heard("c", Role.FOLLOWER, "a", 1);
    assertEquals(Optional.of("a"), table.leader("d", 0));
  }

  @Test
  void keepsTheLastWordOfEachReplica() {
    heard("a", Role.FOLLOWER, "b", 1);
    table.heard("d", 0, state("a", "i", Role.FOLLOWER, "b", 1, 9));
    heard("b", Role.LEADER, "b", 1);
    assertEquals(
        List.of("a 9", "b 1"),
        table.replicas("d", 0).stream().map(r -> r.node() + " " + r.visible()).toList());
    table.gone("d", 0, "b");
    assertEquals(1, table.size());
    assertEquals(Optional.empty(), table.leader("d", 0));
  }

  @Test
  void anotherIncarnationIsAnotherShard() {
    heard("a", Role.LEADER, "a", 9);
    table.heard("d", 0, state("b", "j", Role.LEADER, "b", 1, 1));
    assertEquals(1, table.size());
    assertEquals(Optional.of("b"), table.leader("d", 0));
  }

  @Test
  void aLostNodeIsDoubtfulUntilItIsHeardOf() {
    table.lost("a");
    assertTrue(table.doubtful("a"));
    heard("a", Role.FOLLOWER, "", 1);
    assertFalse(table.doubtful("a"));
  }

  @Test
  void whatTheCatalogDoesNotNameIsForgottenAfterAMinuteAndBounded() {
    heard("a", Role.LEADER, "a", 1);
    table.retain(CatalogView.empty());
    assertEquals(1, table.size());
    ticker.advance(Duration.ofSeconds(61));
    table.retain(CatalogView.empty());
    assertEquals(0, table.size());
    for (int i = 0; i < 3_000; i++) {
      table.heard("d" + i, 0, state("a", "i", Role.LEADER, "a", 1, 1));
    }
    assertEquals(1_000, table.size());
    for (int shard = -5; shard < 5_000; shard++) {
      table.heard("d0", shard, state("a", "i", Role.LEADER, "a", 1, 1));
    }
    for (int node = 0; node < 100; node++) {
      table.heard("d1", 0, state("n" + node, "i", Role.FOLLOWER, "a", 1, 1));
    }
    assertEquals(999 + 1_024 + 31, table.size());
  }
}
