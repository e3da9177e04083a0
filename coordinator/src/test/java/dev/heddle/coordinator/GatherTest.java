package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.Engine;
import dev.heddle.function.Coverage;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;

class GatherTest {
  private final Engine engine = Fixtures.engine();
  private final KnownShards known = new KnownShards();

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
              0,
              0,
              1,
              new Position(shard, "i", 40 + shard),
              Optional.empty(),
              false));
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
        report.view(),
        report.position(),
        report.replica(),
        true);
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
  void coverageSaysWhyShardsAreMissingAndCountsWhatWasLastKnownOfThem() {
    var plan = plan(4);
    known.observe(plan.dataset().id(), 1, 50);
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

  @Test
  void aMergeThatThrowsCoversNothingAndFailsTheQuery() {
    try (var run = Fixtures.run(engine, "sum")) {
      var gather = new Gather(run, plan(2), known);
      assertTrue(accept(gather, answer("a", 7, 0)));
      var failure =
          Assertions.assertThrows(
              Gather.MergeFailedException.class, () -> accept(gather, answer("poison", 7, 1)));
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
}
