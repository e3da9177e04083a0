package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.ShardPlacement;
import dev.heddle.coordinator.SimulatedCluster.Answered;
import dev.heddle.coordinator.SimulatedCluster.HedgingPolicies;
import dev.heddle.coordinator.SimulatedCluster.Size;
import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.coordinator.plan.ReplicaPolicy;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.NoHedging;
import dev.heddle.coordinator.scatter.PercentileHedging;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many queries in the time of a manual clock, with leaves that stall, die and lose shards. */
@Timeout(300)
class QuerySimulationTest {
  static final HedgingPolicies PERCENTILE =
      ticker ->
          new PercentileHedging(
              new HedgingPolicy.Settings(0.95, Duration.ofNanos(200_000)), ticker);
  static final HedgingPolicies NONE = ticker -> new NoHedging();

  /** Exponential service times, now and then a stall, queries at random moments. */
  static List<Answered> load(
      SimulatedCluster cluster, int queries, long gapNanos, Duration deadline) {
    List<Answered> answers = new ArrayList<>();
    long began = cluster.now();
    long at = 0;
    for (int i = 0; i < queries; i++) {
      at += exponential(cluster.random, gapNanos);
      cluster.after(at, () -> cluster.query(deadline, answers::add));
    }
    cluster.run(Duration.ofNanos(began + at).plus(deadline).plusSeconds(1));
    return answers;
  }

  static long exponential(Random random, long mean) {
    return (long) (-Math.log(1 - random.nextDouble()) * mean);
  }

  static long quantile(List<Answered> answers, double quantile) {
    long[] times = answers.stream().mapToLong(Answered::tookNanos).sorted().toArray();
    return times[(int) Math.min(times.length - 1, Math.floor(times.length * quantile))];
  }

  private static List<Answered> withStalls(SimulatedCluster cluster) {
    cluster.service = (leaf, shard) -> 50_000 + exponential(cluster.random, 50_000);
    cluster.stall = leaf -> cluster.random.nextInt(100) == 0 ? Duration.ofSeconds(1).toNanos() : 0;
    return load(cluster, 10_000, 1_000_000, Duration.ofSeconds(5));
  }

  @Test
  void hedgingCutsTheTailByTenWithinItsBudget() {
    long slow;
    try (var cluster = new SimulatedCluster(11, Size.flat(6, 16, 3), new C3Policy(), NONE)) {
      slow = quantile(withStalls(cluster), 0.999);
    }
    try (var cluster = new SimulatedCluster(11, Size.flat(6, 16, 3), new C3Policy(), PERCENTILE)) {
      var answers = withStalls(cluster);
      long fast = quantile(answers, 0.999);
      String seen =
          "p50 %d us, p99 %d us, p99.9 %d us with hedging, %d us without; extra %d of %d"
              .formatted(
                  quantile(answers, 0.5) / 1_000,
                  quantile(answers, 0.99) / 1_000,
                  fast / 1_000,
                  slow / 1_000,
                  cluster.extraExecutions,
                  cluster.firstExecutions);
      assertTrue(fast * 10 <= slow, seen);
      assertTrue(cluster.extraExecutions <= 0.05 * cluster.firstExecutions, seen);
      answers.forEach(answer -> assertNull(cluster.wrong(answer, 16)));
      assertTrue(answers.stream().allMatch(answer -> answer.coverage().complete()));
    }
  }

  @Test
  void nothingIsHedgedWhenEverythingIsSlow() {
    try (var cluster = new SimulatedCluster(12, Size.flat(6, 16, 3), new C3Policy(), PERCENTILE)) {
      cluster.service = (leaf, shard) -> 100_000;
      load(cluster, 1_000, 2_000_000, Duration.ofSeconds(5));
      int before = cluster.extraExecutions;
      int first = cluster.firstExecutions;
      cluster.service = (leaf, shard) -> 5_000_000;
      load(cluster, 200, 200_000_000, Duration.ofSeconds(5));
      int extra = cluster.extraExecutions - before;
      int all = cluster.firstExecutions - first;
      assertTrue(extra <= 0.06 * all, () -> "extra " + extra + " of " + all);
    }
  }

  @Test
  void everyQueryIsAnsweredByItsDeadlineAndCoversWhatItSays() {
    int shards = 16;
    int partial = 0;
    for (long seed = 100; seed < 120; seed++) {
      try (var cluster =
          new SimulatedCluster(seed, Size.flat(8, shards, 3), new C3Policy(), PERCENTILE)) {
        partial += troubled(cluster, seed, shards);
      }
    }
    int gaps = partial;
    assertTrue(gaps > 0 && gaps < 2_000, () -> "partial answers: " + gaps);
  }

  /**
   * 500 queries while leaves stall, die and come back, and shards move: each is answered by its
   * deadline and covers what it says.
   *
   * @return partial answers
   */
  static int troubled(SimulatedCluster cluster, long seed, int shards) {
    var random = cluster.random;
    cluster.service = (leaf, shard) -> 20_000 + exponential(random, 100_000);
    cluster.stall =
        leaf -> random.nextInt(40) == 0 ? exponential(random, Duration.ofMillis(300).toNanos()) : 0;
    cluster.function = seed % 4 == 3 ? "list" : "sum";
    cluster.newTerms = seed % 2 == 0 ? 0.2 : 0;
    trouble(cluster);
    var deadline = Duration.ofMillis(50);
    var answers = load(cluster, 500, 1_000_000, deadline);
    assertEquals(500, answers.size(), "seed " + seed);
    int partial = 0;
    for (var answer : answers) {
      assertTrue(answer.tookNanos() <= deadline.toNanos(), "seed " + seed + ": late");
      assertNull(cluster.wrong(answer, shards), "seed " + seed);
      partial += answer.coverage().complete() ? 0 : 1;
    }
    return partial;
  }

  /** Leaves die and come back, shards move, until nobody asks any more. */
  static void trouble(SimulatedCluster cluster) {
    var random = cluster.random;
    var names = List.copyOf(cluster.leaves.keySet());
    for (int i = 0; i < 12; i++) {
      var victim = cluster.leaf(names.get(random.nextInt(names.size())));
      long at = random.nextLong(Duration.ofMillis(500).toNanos());
      cluster.after(at, victim::kill);
      cluster.after(at + random.nextLong(Duration.ofMillis(100).toNanos()), victim::revive);
    }
    for (int i = 0; i < 4; i++) {
      var victim = cluster.leaf(names.get(random.nextInt(names.size())));
      long at = random.nextLong(Duration.ofMillis(500).toNanos());
      cluster.after(at, () -> victim.mute = true);
      cluster.after(
          at + random.nextLong(Duration.ofMillis(100).toNanos()), () -> victim.mute = false);
    }
    for (int i = 0; i < 30; i++) {
      cluster.after(random.nextLong(Duration.ofMillis(500).toNanos()), () -> move(cluster));
    }
  }

  private static void move(SimulatedCluster cluster) {
    var random = cluster.random;
    var placements = new ArrayList<>(cluster.dataset().shards());
    int shard = random.nextInt(placements.size());
    var old = placements.get(shard);
    var names = new ArrayList<>(cluster.leaves.keySet());
    names.removeAll(old.nodes());
    var nodes = new ArrayList<>(old.nodes());
    nodes.set(random.nextInt(nodes.size()), names.get(random.nextInt(names.size())));
    placements.set(
        shard, new ShardPlacement(shard, old.generation() + 1, old.incarnation(), nodes));
    cluster.place(placements);
  }

  /** Knows what each replica takes, and what waits where: whoever would be done first. */
  private static ReplicaPolicy foresight(AtomicReference<SimulatedCluster> cluster) {
    return (candidates, random) ->
        least(
            candidates,
            i -> {
              var leaf = cluster.get().leaf(candidates.node(i));
              double takes = cluster.get().service.nanos(leaf, candidates.shard());
              return leaf.backlog() + takes * (1 + candidates.assigned(i));
            });
  }

  /** Knows what each replica takes, and looks at nothing else. */
  private static ReplicaPolicy cheapest(AtomicReference<SimulatedCluster> cluster) {
    return (candidates, random) ->
        least(
            candidates,
            i ->
                cluster
                    .get()
                    .service
                    .nanos(cluster.get().leaf(candidates.node(i)), candidates.shard()));
  }

  /** As C3 would choose among all, if it knew what each replica takes. */
  private static ReplicaPolicy allKnowing(AtomicReference<SimulatedCluster> cluster) {
    return (candidates, random) ->
        least(
            candidates,
            i -> {
              var leaf = cluster.get().leaf(candidates.node(i));
              double before = 1.0 + candidates.outstanding(i) + candidates.assigned(i);
              return before
                  * before
                  * before
                  * cluster.get().service.nanos(leaf, candidates.shard());
            });
  }

  private static int least(ReplicaPolicy.Candidates candidates, IntToDoubleFunction cost) {
    int best = 0;
    for (int i = 1; i < candidates.size(); i++) {
      if (cost.applyAsDouble(i) < cost.applyAsDouble(best)) {
        best = i;
      }
    }
    return best;
  }

  private static int throughput(AtomicReference<SimulatedCluster> holder, ReplicaPolicy policy) {
    try (var cluster = new SimulatedCluster(21, Size.flat(6, 12, 3), policy, NONE)) {
      holder.set(cluster);
      boolean[][] dear = new boolean[12][6];
      for (var placement : cluster.dataset().shards()) {
        for (int i = 0; i < 3; i++) {
          int node = Integer.parseInt(placement.nodes().get(i).substring(5));
          dear[placement.shard()][node] = i > 0;
        }
      }
      cluster.service =
          (leaf, shard) ->
              dear[shard][Integer.parseInt(leaf.record.node().substring(5))] ? 900_000 : 200_000;
      int[] done = new int[1];
      for (int client = 0; client < 16; client++) {
        again(cluster, done);
      }
      cluster.run(Duration.ofSeconds(2));
      return done[0];
    }
  }

  private static void again(SimulatedCluster cluster, int[] done) {
    cluster.after(
        0,
        () ->
            cluster.query(
                Duration.ofSeconds(30),
                answer -> {
                  done[0]++;
                  again(cluster, done);
                }));
  }

  @Test
  void choosesReplicasAlmostAsWellAsOneWhoKnowsTheirReadAmplification() {
    var holder = new AtomicReference<SimulatedCluster>();
    int[] oracles = {
      throughput(holder, foresight(holder)),
      throughput(holder, cheapest(holder)),
      throughput(holder, allKnowing(holder))
    };
    int best = IntStream.of(oracles).max().orElseThrow();
    int ours = throughput(holder, new C3Policy());
    int random = throughput(holder, (candidates, dice) -> dice.nextInt(candidates.size()));
    String seen =
        "queries: %d, oracles %s, at random %d".formatted(ours, Arrays.toString(oracles), random);
    assertTrue(ours >= 0.88 * best, seen);
  }

  @Test
  void aDeadLeafIsLeftOutAndProbedBack() {
    try (var cluster = new SimulatedCluster(31, Size.flat(4, 8, 3), new C3Policy(), NONE)) {
      cluster.leaf("leaf-0").kill();
      var answers = load(cluster, 500, 1_000_000, Duration.ofSeconds(1));
      int asked = cluster.leaf("leaf-0").asked;
      assertTrue(asked < 10, () -> "asked " + asked + " times");
      assertTrue(answers.stream().allMatch(answer -> answer.coverage().complete()));
      cluster.leaf("leaf-0").revive();
      load(cluster, 3_000, 5_000_000, Duration.ofSeconds(1));
      assertTrue(cluster.leaf("leaf-0").asked > 100, () -> "" + cluster.leaf("leaf-0").asked);
    }
  }

  @Test
  void theSameSeedGivesTheSameRun() {
    var runs = new String[2];
    for (int i = 0; i < 2; i++) {
      try (var cluster =
          new SimulatedCluster(41, Size.flat(6, 16, 3), new C3Policy(), PERCENTILE)) {
        cluster.stall = leaf -> cluster.random.nextInt(50) == 0 ? 50_000_000 : 0;
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
