package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.gather.MergeFailedException;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.ReplicaState;
import dev.heddle.coordinator.plan.ReplicaState.Role;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.Engine;
import dev.heddle.function.Bound;
import dev.heddle.function.Coverage;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualTicker;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class GatherTest {
  private final Engine engine = Fixtures.engine();
  private final ReplicaTable table = new ReplicaTable(new ManualTicker());
  private final KnownShards known = new KnownShards(table);

  @AfterEach
  void closeEngine() {
    engine.close();
  }

  private static Plan plan(int shards) {
    var dataset = Fixtures.dataset(shards);
    List<LeafAssignment> leaves = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      leaves.add(
          new LeafAssignment("node-" + shard, "127.0.0.1:1", List.of(new ShardRef(shard, 7))));
    }
    return new Plan(dataset, leaves, List.of());
  }

  /** A partial, and what its leaf told of the shards. */
  private record Arrived(Atom atom, List<ShardReport> reports) {}

  private static Arrived answer(String names, long generation, int... shards) {
    List<ShardRef> covers = new ArrayList<>();
    List<ShardReport> reports = new ArrayList<>();
    for (int shard : shards) {
      covers.add(new ShardRef(shard, generation));
      reports.add(
          new ShardReport(
              shard,
              100,
              1,
              1,
              0,
              0,
              1,
              new Position(shard, "i", 40 + shard),
              Optional.empty(),
              false,
              "n"));
    }
    return new Arrived(new Atom(covers, SumFunction.encoded(names)), reports);
  }

  private static boolean accept(Gather gather, Arrived arrived) {
    return gather.accept(arrived.atom(), arrived.reports());
  }

  private static Object finish(dev.heddle.engine.ScatterRun run, Gather gather) {
    var result = run.finish(gather.merged(), gather.coverage("deadline"));
    Assertions.assertNotNull(result);
    return result;
  }

  @Test
  void mergesDisjointPartialsAsTheyArrive() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(3), known);
      assertTrue(accept(gather, answer("c", 7, 2)));
      assertTrue(accept(gather, answer("ab", 7, 0, 1)));
      assertEquals("c+ab", finish(run, gather));
      assertTrue(gather.coverage("deadline").complete());
      assertEquals(300, gather.coverage("deadline").seen());
    }
  }

  @Test
  void shardsThatALeafDidNotSearchCountAsSkippedAndSeen() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(3), known);
      var all = answer("abc", 7, 0, 1, 2);
      var reports = new ArrayList<>(all.reports());
      reports.set(1, passed(reports.get(1)));
      assertTrue(gather.accept(all.atom(), reports));
      var coverage = gather.coverage("deadline");
      assertEquals(300, coverage.seen());
      assertEquals(2, coverage.answered());
      assertEquals(1, coverage.skipped());
      assertEquals(1, coverage.ratio());
    }
  }

  private static ShardReport passed(ShardReport report) {
    return new ShardReport(
        report.shard(),
        report.documents(),
        0,
        0,
        0,
        0,
        report.view(),
        report.position(),
        report.replica(),
        true,
        report.node());
  }

  @Test
  void whatIsPutAsideIsTakenAgainUnlessAllOfItWasReplaced() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(5), known);
      gather.keepAtoms();
      var replaced = answer("a", 7, 0);
      var half = answer("bc", 7, 1, 2);
      var lost = answer("d", 7, 3);
      for (var trimmed : List.of(replaced, half, lost)) {
        assertTrue(gather.accept(trimmed.atom(), trimmed.reports(), 5));
      }
      assertTrue(accept(gather, answer("e", 7, 4)));
      assertEquals(List.of(replaced.atom(), half.atom(), lost.atom()), gather.lacking());
      gather.putAside(gather.lacking());
      assertEquals("e", finish(run, gather));
      assertFalse(gather.cut());
      assertEquals(List.of(new Position(4, "i", 44)), gather.positions());
      assertEquals(1, gather.coverage("deadline").answered());
      assertTrue(accept(gather, answer("A", 7, 0)));
      assertTrue(accept(gather, answer("B", 7, 1)));
      gather.fail(new ShardRef(3, 7), ErrorCode.UNAVAILABLE, "unreachable", "gone");
      gather.restore();
      // As much as there was, and it ends where any of it does.
      assertTrue(gather.coverage("deadline").complete());
      assertTrue(gather.cut());
      assertEquals("e+A+bc+d/bc/d", finish(run, gather));
      assertEquals(5, gather.positions().size());
      assertEquals(List.of(half.atom(), lost.atom()), gather.lacking());
      assertTrue(gather.atoms().getFirst().cut());
    }
  }

  @Test
  void aTrimmedPartialThatComesWhileMoreIsAskedForCountsIfNothingElseDoes() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(4), known);
      gather.keepAtoms();
      var early = answer("ab", 7, 0, 1);
      gather.shelve(early.atom(), early.reports(), 5);
      var stale = answer("c", 6, 2);
      gather.shelve(stale.atom(), stale.reports(), 5);
      var outrun = answer("d", 7, 3);
      gather.shelve(outrun.atom(), outrun.reports(), 5);
      assertTrue(accept(gather, answer("D", 7, 3)));
      assertEquals("D", finish(run, gather));
      gather.restore();
      assertEquals("D+ab/ab", finish(run, gather));
      assertEquals(3, gather.coverage("deadline").answered());
    }
  }

  @Test
  void whatIsPutAsideIsOpenToThoseWhoAskFurther() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(3), known);
      gather.keepAtoms();
      var trimmed = answer("ab", 7, 0, 1);
      assertTrue(gather.accept(trimmed.atom(), trimmed.reports(), 5));
      gather.putAside(List.of(trimmed.atom()));
      for (int shard = 1; shard < 3; shard++) {
        gather.fail(new ShardRef(shard, 7), ErrorCode.UNAVAILABLE, "unreachable", "gone");
      }
      gather.reopenAside();
      assertEquals(List.of(new ShardRef(0, 7), new ShardRef(1, 7)), gather.open());
      assertEquals(1, gather.gaps().size());
      assertEquals(new ShardRef(2, 7), gather.gaps().getFirst().shard());
    }
  }

  @Test
  void whatIsNoPartialIsNotShelved() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(1), known);
      gather.keepAtoms();
      var garbage = new Atom(List.of(new ShardRef(0, 7)), new byte[] {-1});
      assertThrows(HeddleException.class, () -> gather.shelve(garbage, List.of(), 5));
      gather.restore();
      assertTrue(gather.empty());
    }
  }

  @Test
  void shardByShardReplacesWhatCoveredThemTogether() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(2), known);
      gather.keepAtoms();
      var both = answer("ab", 7, 0, 1);
      assertTrue(gather.accept(both.atom(), both.reports(), 5));
      gather.putAside(List.of(both.atom()));
      assertTrue(accept(gather, answer("A", 7, 0)));
      assertTrue(accept(gather, answer("B", 7, 1)));
      gather.restore();
      assertEquals("A+B", finish(run, gather));
      assertFalse(gather.cut());
    }
  }

  /** Of a coordinator that had no time, to one whose own calls are not asked for fewer. */
  @Test
  void whatWasCutElsewhereEndsTheAnswer() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(2), known);
      var below = answer("a", 7, 0);
      var cut = new Atom(below.atom().covers(), below.atom().partial(), true, Bound.NONE);
      assertTrue(gather.accept(cut, below.reports()));
      assertTrue(accept(gather, answer("b", 7, 1)));
      assertTrue(gather.cut());
      assertEquals("a+b/a", finish(run, gather));
    }
  }

  @Test
  void dropsAPartialThatCoversAShardAlreadyCovered() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(3), known);
      assertTrue(accept(gather, answer("a", 7, 0)));
      assertFalse(accept(gather, answer("ab", 7, 0, 1)));
      assertEquals("a", finish(run, gather));
      assertEquals(1, gather.dropped());
      assertEquals(List.of(new Position(0, "i", 40)), gather.positions());
      assertEquals(1, gather.coverage("deadline").answered());
    }
  }

  @Test
  void dropsAPartialOfAnotherGenerationOrOfAShardThatWasNotAskedFor() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(2), known);
      assertFalse(accept(gather, answer("old", 6, 0)));
      assertFalse(accept(gather, answer("stray", 7, 5)));
      assertFalse(accept(gather, answer("twice", 7, 1, 1)));
      assertEquals("nothing", finish(run, gather));
    }
  }

  @Test
  void keepsTheOrderOfShardsForFunctionsThatDoNotCommute() {
    try (var run = Fixtures.run(engine, "list")) {
      var gather = new Gather(run, plan(3), known);
      assertTrue(accept(gather, answer("c", 7, 2)));
      assertTrue(accept(gather, answer("a", 7, 0)));
      assertEquals("a+c", finish(run, gather));
      assertTrue(accept(gather, answer("b", 7, 1)));
      assertEquals("a+b+c", finish(run, gather));
    }
  }

  @Test
  void handsOnOnePartialWhereOrderDoesNotMatter() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(4), known);
      assertEquals(List.of(), gather.atoms());
      assertTrue(accept(gather, answer("d", 7, 3)));
      assertTrue(accept(gather, answer("ab", 7, 1, 0)));
      gather.fail(new ShardRef(2, 7), ErrorCode.UNAVAILABLE, "unreachable", "node-2: gone");
      var atom = gather.atoms().getFirst();
      assertEquals(1, gather.atoms().size());
      assertEquals(
          List.of(new ShardRef(0, 7), new ShardRef(1, 7), new ShardRef(3, 7)), atom.covers());
      var other = new Gather(run, plan(4), known);
      assertTrue(other.accept(atom, List.copyOf(gather.reports())));
      assertEquals("d+ab", finish(run, other));
      assertEquals(300, other.coverage("deadline").seen());
      assertEquals(List.of(), gather.open());
      var gap = gather.gaps().getFirst();
      assertEquals(new ShardRef(2, 7), gap.shard());
      assertEquals(ErrorCode.UNAVAILABLE, gap.code());
      assertEquals("unreachable", gap.reason());
    }
  }

  /** What is missing between runs may come from elsewhere, and has its place then. */
  @Test
  void handsOnRunsOfShardsWhereOrderMatters() {
    try (var run = Fixtures.run(engine, "list")) {
      var gather = new Gather(run, plan(6), known);
      for (int shard : new int[] {5, 0, 3, 1}) {
        assertTrue(accept(gather, answer("s" + shard, 7, shard)));
      }
      var atoms = gather.atoms();
      assertEquals(
          List.of(List.of(0, 1), List.of(3), List.of(5)),
          atoms.stream()
              .map(atom -> atom.covers().stream().map(ShardRef::shard).toList())
              .toList());
      assertEquals(List.of(new ShardRef(2, 7), new ShardRef(4, 7)), gather.open());
      var other = new Gather(run, plan(6), known);
      assertTrue(accept(other, answer("s4", 7, 4)));
      for (var atom : atoms.reversed()) {
        assertTrue(other.accept(atom, List.of()));
      }
      assertTrue(accept(other, answer("s2", 7, 2)));
      assertEquals("s0+s1+s2+s3+s4+s5", finish(run, other));
      assertEquals(1, other.atoms().size());
    }
  }

  @Test
  void coverageSaysWhyShardsAreMissingAndCountsWhatWasLastKnownOfThem() {
    var plan = plan(4);
    known.observe(plan.dataset().id(), 1, 50, new Position(1, "", 0));
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan, known);
      assertTrue(accept(gather, answer("a", 7, 0)));
      gather.fail(new ShardRef(1, 7), ErrorCode.UNAVAILABLE, "unreachable", "node-1: gone");
      gather.fail(new ShardRef(2, 7), ErrorCode.FUNCTION_FAILED, "failed", "sum@1: leaf failed");
      gather.fail(new ShardRef(0, 7), ErrorCode.INTERNAL, "failed", "too late to matter");
      var coverage = gather.coverage("deadline");
      assertEquals(100, coverage.seen());
      assertEquals(100 + 50 + 50 + 50, coverage.target());
      assertEquals(100 + 50 + 50, coverage.active());
      assertEquals(
          List.of("unreachable", "failed", "deadline"),
          coverage.missing().stream().map(Coverage.Missing::reason).toList());
      assertEquals(0.4, coverage.ratio(), 1e-9);
    }
  }

  /** What a replica of shard 0 tells unasked. */
  private void told(
      Plan plan, String node, String incarnation, boolean available, long visible, int documents) {
    table.heard(
        plan.dataset().id(),
        0,
        new ReplicaState(
            node,
            incarnation,
            Role.FOLLOWER,
            available,
            "",
            "",
            1,
            visible,
            visible,
            0,
            documents,
            1,
            0,
            OptionalDouble.empty(),
            0));
  }

  private long target(Plan plan) {
    try (var run = Fixtures.run(engine, "sum")) {
      return new Gather(run, plan, known).coverage("deadline").target();
    }
  }

  @Test
  void whatNobodyAnsweredYetCountsAsReplicasTell() {
    var plan = plan(1);
    assertEquals(0, target(plan));
    told(plan, "a", "i0", true, 9, 70);
    told(plan, "b", "i0", true, 10, 75);
    told(plan, "opening", "i0", false, 0, 0);
    assertEquals(75, target(plan));
  }

  @Test
  void whatWasShownLastOfAShardCounts() {
    var plan = plan(1);
    told(plan, "a", "i0", true, 9, 70);
    known.observe(plan.dataset().id(), 0, 80, new Position(0, "i0", 11));
    assertEquals(80, target(plan));
    known.observe(plan.dataset().id(), 0, 75, new Position(0, "i0", 10));
    assertEquals(80, target(plan), "a replica that lags behind");
    told(plan, "b", "i0", true, 12, 85);
    assertEquals(85, target(plan));
    told(plan, "a", "i1", true, 1, 3);
    assertEquals(3, target(plan), "another history");
  }

  @Test
  void aMergeThatThrowsCoversNothingAndFailsTheQuery() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(2), known);
      assertTrue(accept(gather, answer("a", 7, 0)));
      var failure =
          Assertions.assertThrows(
              MergeFailedException.class, () -> accept(gather, answer("poison", 7, 1)));
      assertEquals(ErrorCode.FUNCTION_MERGE_FAILED, failure.failure().code());
      assertEquals(1, gather.coverage("deadline").answered());
    }
  }

  @Test
  void aPartialThatIsNoPartialFailsAndCoversNothing() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(1), known);
      var garbage = new Atom(List.of(new ShardRef(0, 7)), new byte[] {127, 1});
      var failure =
          Assertions.assertThrows(HeddleException.class, () -> gather.accept(garbage, List.of()));
      assertEquals(ErrorCode.FUNCTION_FAILED, failure.code());
      assertTrue(gather.empty());
    }
  }

  /** What one replica was about to open, another has, and there the function fails. */
  @Test
  void whatWasAskedOfAnotherFailsAsThatOneSays() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(1), known);
      var shard = new ShardRef(0, 7);
      gather.fail(shard, ErrorCode.UNAVAILABLE, "unreachable", "opening");
      gather.reopen(shard);
      assertEquals(Set.of(), gather.failures());
      gather.fail(shard, ErrorCode.FUNCTION_FAILED, "failed", "broken");
      assertEquals(Set.of(ErrorCode.FUNCTION_FAILED), gather.failures());
    }
  }
}
