package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.process.testing.ManualTicker;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TreeTest {
  private final ManualTicker ticker = new ManualTicker();
  private final Random random = new Random(3);

  private Tree tree(int fanIn) {
    return new Tree("self", fanIn, () -> random, ticker);
  }

  private static List<NodeRecord> coordinators(String... names) {
    return List.of(names).stream()
        .map(name -> new NodeRecord(name, "run-1", Set.of("coordinator"), name + ":1", "", "", ""))
        .toList();
  }

  /** A call for each shard, in no order. */
  private static Plan plan(int calls) {
    List<LeafAssignment> leaves = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      int shard = (i * 7 + 3) % calls;
      leaves.add(new LeafAssignment("n" + shard, "n:1", List.of(new ShardRef(shard, 7))));
    }
    return new Plan(Fixtures.dataset(calls), leaves, List.of());
  }

  private static int most(List<LeafAssignment> calls) {
    int most = calls.size();
    for (var call : calls) {
      most = Math.max(most, most(call.parts()));
    }
    return most;
  }

  @Test
  void aPlanWithinTheFanInStaysFlatAsDoesOneWithoutOthersToAsk() {
    var plan = plan(4);
    assertSame(plan, tree(4).grow(plan, coordinators("a", "b")));
    assertSame(plan, tree(0).grow(plan, coordinators("a", "b")));
    assertSame(plan, tree(2).grow(plan, List.of()));
    assertSame(plan, tree(2).grow(plan, coordinators("self")));
    // One other would have to do all of it.
    assertSame(plan, tree(2).grow(plan, coordinators("self", "a")));
  }

  /** As for a function whose partials merge in the order of shards. */
  @Test
  void manyCallsToFewLeavesStayFlat() {
    List<LeafAssignment> calls = new ArrayList<>();
    for (int shard = 0; shard < 64; shard++) {
      calls.add(new LeafAssignment("n" + shard % 5, "n:1", List.of(new ShardRef(shard, 7))));
    }
    var plan = new Plan(Fixtures.dataset(64), calls, List.of());
    assertSame(plan, tree(5).grow(plan, coordinators("a", "b")));
    assertEquals(3, tree(4).grow(plan, coordinators("a", "b")).levels());
  }

  @Test
  void nobodyMakesMoreCallsThanTheFanInAndEachShardHasItsLeaf() {
    for (int calls : List.of(6, 9, 17, 64, 100, 625)) {
      var grown = tree(5).grow(plan(calls), coordinators("a", "b", "self", "c"));
      assertTrue(most(grown.leaves()) <= 5, calls + " calls: " + most(grown.leaves()));
      assertEquals(calls <= 25 ? 2 : calls <= 125 ? 3 : 4, grown.levels());
      var leaves = grown.leaves().stream().flatMap(LeafAssignment::leaves).toList();
      // Groups are runs of shards.
      assertEquals(
          IntStream.range(0, calls).boxed().toList(),
          leaves.stream().map(leaf -> leaf.shards().getFirst().shard()).toList());
      leaves.forEach(leaf -> assertEquals("n" + leaf.shards().getFirst().shard(), leaf.node()));
      grown.leaves().forEach(call -> assertTrue(!call.node().equals("self")));
    }
  }

  @Test
  void thereAreFourLevelsAtMost() {
    assertEquals(4, tree(2).grow(plan(100), coordinators("a", "b")).levels());
  }

  @Test
  void partsAreSpreadAndTheBusyGetThemLess() {
    var tree = tree(2);
    tree.use("a").sent(1_000);
    int busy = 0;
    for (int i = 0; i < 100; i++) {
      var grown = tree.grow(plan(4), coordinators("a", "b", "c"));
      assertEquals(2, grown.leaves().size());
      var nodes = grown.leaves().stream().map(LeafAssignment::node).toList();
      assertEquals(2, Set.copyOf(nodes).size());
      busy += nodes.contains("a") ? 1 : 0;
    }
    assertTrue(busy < 50, "busy asked " + busy + " times");
  }

  @Test
  void whoFailedAgainAndAgainIsLeftOut() {
    var tree = tree(2);
    for (int i = 0; i < 3; i++) {
      tree.use("a").failed(ticker.nanoTime());
    }
    var grown = tree.grow(plan(4), coordinators("a", "b", "c"));
    assertEquals(
        Set.of("b", "c"), Set.copyOf(grown.leaves().stream().map(LeafAssignment::node).toList()));
    assertEquals(1, tree.grow(plan(4), coordinators("a", "b")).levels());
  }
}
