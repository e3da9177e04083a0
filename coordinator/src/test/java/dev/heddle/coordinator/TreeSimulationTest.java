package dev.heddle.coordinator;

import static dev.heddle.coordinator.QuerySimulationTest.NONE;
import static dev.heddle.coordinator.QuerySimulationTest.PERCENTILE;
import static dev.heddle.coordinator.QuerySimulationTest.exponential;
import static dev.heddle.coordinator.QuerySimulationTest.load;
import static dev.heddle.coordinator.QuerySimulationTest.quantile;
import static dev.heddle.coordinator.QuerySimulationTest.troubled;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.SimulatedCluster.Answered;
import dev.heddle.coordinator.SimulatedCluster.HedgingPolicies;
import dev.heddle.coordinator.SimulatedCluster.Size;
import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.engine.Bill;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Queries over trees of coordinators, some of which stall and die, on a manual clock. */
@Timeout(180)
class TreeSimulationTest {
  private static final int SHARDS = 24;
  private static final int LARGE = 400;

  /** Twelve leaves with three replicas of each shard, and five coordinators besides the root. */
  private static SimulatedCluster tree(long seed, int fanIn, HedgingPolicies hedging) {
    return new SimulatedCluster(seed, new Size(12, SHARDS, 3, 5, fanIn), new C3Policy(), hedging);
  }

  private static String sorted(Answered answer) {
    return Arrays.stream(answer.result().split("\\+"))
        .sorted(Comparator.comparingInt(part -> Integer.parseInt(part.substring(1))))
        .collect(Collectors.joining("+"));
  }

  @Test
  void aTreeAnswersAsAFlatPlanDoesAndNobodyMakesMoreCallsThanTheFanIn() {
    for (var function : List.of("sum", "list")) {
      for (int fanIn : List.of(0, 3, 4, 5)) {
        try (var cluster = tree(51, fanIn, NONE)) {
          cluster.function = function;
          cluster.newTerms = 0.3;
          var answers = load(cluster, 100, 1_000_000, Duration.ofSeconds(1));
          assertEquals(100, answers.size());
          for (var answer : answers) {
            String what = function + " fan-in " + fanIn + ": " + answer;
            assertNull(cluster.wrong(answer, SHARDS), what);
            assertTrue(answer.coverage().complete(), what);
            assertEquals(SHARDS * 100, answer.coverage().target(), what);
            assertEquals(SHARDS, answer.bill().shardOperations(), what);
            assertTrue(sorted(answer).startsWith("s0+s1+s2+"), what);
          }
          int asked = cluster.coordinators.values().stream().mapToInt(one -> one.asked).sum();
          assertEquals(fanIn > 0, asked > 0);
          if (fanIn > 0) {
            assertTrue(cluster.mostCalls <= fanIn, "calls " + cluster.mostCalls);
          }
        }
      }
    }
  }

  /** Stalls of leaves and coordinators, and both of their deaths. */
  @Test
  void everyQueryIsAnsweredByItsDeadlineAndCoversWhatItSays() {
    int partial = 0;
    for (long seed = 200; seed < 220; seed++) {
      try (var cluster = tree(seed, seed % 5 == 4 ? 3 : 5, PERCENTILE)) {
        var random = cluster.random;
        cluster.partStall =
            coordinator ->
                random.nextInt(100) == 0
                    ? exponential(random, Duration.ofMillis(300).toNanos())
                    : 0;
        troubleAbove(cluster);
        partial += troubled(cluster, seed, SHARDS);
        cluster.coordinators.values().forEach(one -> assertEquals(0, one.outstanding()));
      }
    }
    int gaps = partial;
    assertTrue(gaps > 0 && gaps < 4_000, () -> "partial answers: " + gaps);
  }

  private static void troubleAbove(SimulatedCluster cluster) {
    var random = cluster.random;
    for (var victim : cluster.coordinators.values().stream().limit(3).toList()) {
      long at = random.nextLong(Duration.ofMillis(450).toNanos());
      cluster.after(at, victim::kill);
      cluster.after(
          at + random.nextLong(Duration.ofMillis(60).toNanos()), () -> victim.alive = true);
      long mute = random.nextLong(Duration.ofMillis(450).toNanos());
      cluster.after(mute, () -> victim.mute = true);
      cluster.after(
          mute + random.nextLong(Duration.ofMillis(30).toNanos()), () -> victim.mute = false);
    }
  }

  @Test
  void shardsOfACoordinatorThatStallsAreAskedOfLeaves() {
    long slow;
    Duration deadline = Duration.ofSeconds(5);
    try (var cluster = tree(61, 4, NONE)) {
      slow = quantile(withStalls(cluster, deadline), 0.99);
    }
    try (var cluster = tree(61, 4, PERCENTILE)) {
      var answers = withStalls(cluster, deadline);
      long fast = quantile(answers, 0.99);
      String seen =
          "p99 %d us with hedging, %d us without; extra %d of %d"
              .formatted(
                  fast / 1_000, slow / 1_000, cluster.extraExecutions, cluster.firstExecutions);
      assertTrue(fast * 10 <= slow, seen);
      assertTrue(cluster.extraExecutions <= 0.05 * cluster.firstExecutions, seen);
      answers.forEach(answer -> assertNull(cluster.wrong(answer, SHARDS)));
      assertTrue(answers.stream().allMatch(answer -> answer.coverage().complete()), seen);
    }
  }

  /** One part in two hundred hangs for a second. */
  private static List<Answered> withStalls(SimulatedCluster cluster, Duration deadline) {
    cluster.service = (leaf, shard) -> 50_000 + exponential(cluster.random, 50_000);
    cluster.partStall =
        coordinator -> cluster.random.nextInt(200) == 0 ? Duration.ofSeconds(1).toNanos() : 0;
    return load(cluster, 4_000, 1_500_000, deadline);
  }

  @Test
  void aDeadCoordinatorCostsNoCoverageAndIsLeftOut() {
    try (var cluster = tree(71, 4, NONE)) {
      var victim = cluster.coordinators.firstEntry().getValue();
      cluster.after(Duration.ofMillis(100).toNanos(), victim::kill);
      var answers = load(cluster, 500, 1_000_000, Duration.ofSeconds(1));
      answers.forEach(answer -> assertNull(cluster.wrong(answer, SHARDS)));
      assertTrue(answers.stream().allMatch(answer -> answer.coverage().complete()));
      int asked = victim.asked;
      load(cluster, 100, 1_000_000, Duration.ofSeconds(1));
      assertTrue(victim.asked - asked < 5, () -> "asked " + (victim.asked - asked) + " times");
    }
  }

  /** With parts of more shards than the burst of any budget. */
  private static SimulatedCluster large(long seed) {
    var cluster = new SimulatedCluster(seed, new Size(12, LARGE, 3, 5, 4), new C3Policy(), NONE);
    cluster.service = (leaf, shard) -> 1_000;
    return cluster;
  }

  private static long incomplete(SimulatedCluster cluster, List<Answered> answers) {
    answers.forEach(answer -> assertNull(cluster.wrong(answer, LARGE)));
    return answers.stream().filter(answer -> !answer.coverage().complete()).count();
  }

  @Test
  void aDeadCoordinatorCostsNoCoverageHoweverLargeItsParts() {
    try (var cluster = large(72)) {
      var victim = cluster.coordinators.firstEntry().getValue();
      cluster.after(Duration.ofMillis(30).toNanos(), victim::kill);
      assertEquals(0, incomplete(cluster, load(cluster, 150, 1_000_000, Duration.ofSeconds(1))));
      int asked = victim.asked;
      assertEquals(0, incomplete(cluster, load(cluster, 50, 1_000_000, Duration.ofSeconds(1))));
      assertTrue(victim.asked - asked < 5, () -> "asked " + (victim.asked - asked) + " times");
    }
  }

  @Test
  void coordinatorsThatRefuseCostNoCoverageAndAreLeftOut() {
    try (var cluster = large(73)) {
      cluster.coordinators.values().forEach(one -> one.full = true);
      assertEquals(0, incomplete(cluster, load(cluster, 200, 1_000_000, Duration.ofSeconds(1))));
      int refused = cluster.coordinators.values().stream().mapToInt(one -> one.asked).sum();
      assertTrue(refused >= 10 && refused < 60, () -> "refused " + refused);
      cluster.coordinators.values().forEach(one -> one.full = false);
      assertEquals(0, incomplete(cluster, load(cluster, 200, 50_000_000, Duration.ofSeconds(1))));
      int asked = cluster.coordinators.values().stream().mapToInt(one -> one.asked).sum();
      assertTrue(asked - refused > 100, () -> "asked again " + (asked - refused));
    }
  }

  @Test
  void aCoordinatorThatHangsIsLeftOutAlsoWhereNothingIsHedged() {
    try (var cluster = large(74)) {
      var victim = cluster.coordinators.firstEntry().getValue();
      cluster.after(Duration.ofMillis(50).toNanos(), () -> victim.mute = true);
      var answers = load(cluster, 400, 1_000_000, Duration.ofMillis(20));
      long incomplete = incomplete(cluster, answers);
      assertTrue(incomplete > 0 && incomplete < 40, () -> "incomplete " + incomplete);
      assertEquals(0, incomplete(cluster, answers.subList(200, 400)));
    }
  }

  /** As one would that is of an older version. */
  @Test
  void aCoordinatorThatTellsOfNoShardsCostsNoCoverage() {
    try (var cluster = large(75)) {
      cluster.coordinators.firstEntry().getValue().ignorant = true;
      assertEquals(0, incomplete(cluster, load(cluster, 50, 1_000_000, Duration.ofSeconds(1))));
      assertTrue(cluster.coordinators.firstEntry().getValue().asked > 0);
    }
  }

  /** Whatever leaves did for a query is in its bill, or settled late: to the last unit. */
  @Test
  void billsAddUpThroughTheTree() {
    int late = 0;
    for (long seed = 300; seed < 306; seed++) {
      try (var cluster = tree(seed, seed % 2 == 0 ? 3 : 4, PERCENTILE)) {
        var random = cluster.random;
        cluster.service = (leaf, shard) -> 20_000 + exponential(random, 100_000);
        cluster.stall = leaf -> random.nextInt(60) == 0 ? exponential(random, 30_000_000) : 0;
        cluster.partStall =
            coordinator -> random.nextInt(60) == 0 ? exponential(random, 30_000_000) : 0;
        cluster.newTerms = 0.05;
        var answers = load(cluster, 400, 1_000_000, Duration.ofMillis(40));
        for (int i = 0; i < 12; i++) {
          cluster.settle();
        }
        for (var answer : answers) {
          var ledger = cluster.shared.ledger();
          var rest = ledger.late(answer.queryId()).orElse(Bill.NONE);
          late += rest.shardOperations() > 0 || rest.activeNanos() > 0 ? 1 : 0;
          var all = answer.bill().withoutOpen().plus(rest);
          var spent = cluster.spent.getOrDefault(answer.queryId(), Bill.NONE);
          String what = "seed " + seed + " " + answer;
          assertEquals(spent.activeNanos(), all.activeNanos(), what);
          assertEquals(spent.shardOperations(), all.shardOperations(), what);
          assertTrue(rest.complete(), what);
        }
        assertEquals(0, cluster.shared.ledger().queriesOpen(), "seed " + seed);
      }
    }
    int settled = late;
    assertTrue(settled > 100, () -> "settled late: " + settled);
  }

  /** At the deadline nobody works on the query any more, a few ways later. */
  @Test
  void givingUpReachesTheLeaves() {
    try (var cluster = tree(81, 3, NONE)) {
      cluster.service = (leaf, shard) -> Duration.ofMillis(20).toNanos();
      List<Answered> answers = new java.util.ArrayList<>();
      cluster.after(0, () -> cluster.query(Duration.ofMillis(10), answers::add));
      cluster.run(Duration.ofMillis(5));
      assertTrue(cluster.leaves.values().stream().anyMatch(leaf -> leaf.backlog() > 0));
      cluster.run(Duration.ofMillis(10).plus(SimulatedCluster.WAY.multipliedBy(4)));
      assertEquals(1, answers.size());
      assertEquals(SHARDS, answers.getFirst().coverage().missing().size());
      assertTrue(cluster.leaves.values().stream().allMatch(leaf -> leaf.backlog() == 0));
      cluster.coordinators.values().forEach(one -> assertEquals(0, one.outstanding()));
    }
  }

  @Test
  void theSameSeedGivesTheSameRun() {
    var runs = new String[2];
    for (int i = 0; i < 2; i++) {
      try (var cluster = tree(91, 4, PERCENTILE)) {
        cluster.partStall = one -> cluster.random.nextInt(50) == 0 ? 50_000_000 : 0;
        troubleAbove(cluster);
        runs[i] =
            Arrays.toString(
                load(cluster, 300, 1_000_000, Duration.ofMillis(100)).stream()
                    .mapToLong(Answered::tookNanos)
                    .toArray());
      }
    }
    assertEquals(runs[0], runs[1]);
  }
}
