package dev.heddle.coordinator;

import static dev.heddle.coordinator.QuerySimulationTest.NONE;
import static dev.heddle.coordinator.QuerySimulationTest.PERCENTILE;
import static dev.heddle.coordinator.QuerySimulationTest.exponential;
import static dev.heddle.coordinator.QuerySimulationTest.load;
import static dev.heddle.coordinator.QuerySimulationTest.trouble;
import static dev.heddle.coordinator.TrimCorpus.K;
import static dev.heddle.coordinator.TrimCorpus.SHARDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.aggregations.SearchResult;
import dev.heddle.coordinator.Attempt.End;
import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.SimulatedCluster.Answered;
import dev.heddle.coordinator.SimulatedCluster.Size;
import dev.heddle.coordinator.TrimCorpus.Skew;
import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Queries whose calls are asked for fewer hits, against what they would find without that. */
@Timeout(300)
class TrimSimulationTest {
  private static final List<ScatterRequest> REQUESTS =
      List.of(
          // Few scores, so many ties.
          request(new Query.Match("red green blue", List.of("text"), false), List.of()),
          // Nothing but ties.
          request(new Query.All(), List.of()),
          request(new Query.All(), List.of(new Sort("rank", true))),
          // Some have none.
          request(new Query.All(), List.of(new Sort("maybe", false), new Sort(Sort.SCORE, true))));

  private static ScatterRequest request(Query query, List<Sort> sort) {
    return new ScatterRequest(
        query, K, List.of(), sort, Map.of(), Optional.of(List.of()), 1_000_000, JsonObject.EMPTY);
  }

  private static SimulatedCluster cluster(
      long seed,
      TrimCorpus corpus,
      SimulatedCluster.HedgingPolicies hedging,
      int others,
      int fanIn) {
    return asking(
        new SimulatedCluster(seed, new Size(8, SHARDS, 3, others, fanIn), new C3Policy(), hedging),
        corpus);
  }

  private static SimulatedCluster asking(SimulatedCluster cluster, TrimCorpus corpus) {
    cluster.function = "search";
    cluster.request = corpus.request;
    cluster.finding = corpus;
    return cluster;
  }

  private static long calls(List<Answered> answers, Kind kind) {
    return answers.stream()
        .flatMap(answer -> answer.calls().stream())
        .filter(call -> call.kind == kind)
        .count();
  }

  /** Shards that were asked again for all hits, with what is said of them. */
  private static long repaired(SimulatedCluster cluster, List<Answered> answers) {
    long shards = 0;
    for (var answer : answers) {
      int mine =
          answer.calls().stream()
              .filter(call -> call.kind == Kind.WHOLE)
              .mapToInt(call -> call.leaf.shards().size())
              .sum();
      assertEquals(mine, answer.bill().hedges());
      shards += mine;
    }
    assertEquals((double) shards, cluster.shared.repairedShards().count());
    return shards;
  }

  @Test
  void callsAreAskedForFewerHitsAndTheAnswerIsThatOfAllHits() {
    for (var request : REQUESTS) {
      var corpus = new TrimCorpus(new Random(5), Skew.NONE, request);
      try (var cluster = cluster(61, corpus, NONE, 0, 0)) {
        var answers = load(cluster, 200, 1_000_000, Duration.ofSeconds(1));
        assertEquals(200, answers.size());
        for (var answer : answers) {
          corpus.check(answer, "" + request);
          assertTrue(answer.coverage().complete());
        }
        var later = answers.subList(20, 200);
        long trimmed =
            later.stream()
                .flatMap(answer -> answer.calls().stream())
                .filter(call -> call.hits > 0)
                .count();
        assertTrue(trimmed > 0.9 * calls(later, Kind.FIRST), () -> request + ": " + trimmed);
        // The corpus is one draw, asked again and again by other groups of shards.
        long repairs = calls(later, Kind.WHOLE);
        assertTrue(repairs < 20, () -> request + ": " + repairs);
      }
    }
  }

  @Test
  void whoHadMoreOfTheBestThanItWasAskedForIsAskedAgainAndNobodyElse() {
    for (var request : REQUESTS) {
      var corpus = new TrimCorpus(new Random(6), Skew.ONE, request);
      try (var cluster = cluster(62, corpus, NONE, 0, 0)) {
        List<Answered> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          // As if many had been before that needed none.
          cluster.shared.repairs().earn(100_000);
          answers.addAll(load(cluster, 10, 1_000_000, Duration.ofSeconds(1)));
        }
        assertEquals(200, answers.size());
        assertTrue(repaired(cluster, answers) > 0);
        int repaired = 0;
        for (var answer : answers) {
          corpus.check(answer, "" + request);
          assertTrue(answer.coverage().complete());
          var whole = answer.calls().stream().filter(call -> call.kind == Kind.WHOLE).toList();
          for (var call : whole) {
            assertTrue(call.asks(3), () -> request + ": " + call.leaf);
            assertEquals(0, call.hits);
          }
          assertTrue(whole.size() <= 1);
          repaired += whole.size();
        }
        int times = repaired;
        assertTrue(times > 150, () -> request + ": " + times);
      }
    }
  }

  /** Stalls, deaths, moves, new terms, hedges; flat and in trees; also at the deadline. */
  @Test
  void whateverHappensTheAnswerIsTheUntrimmedOneOfTheShardsThatItCovers() {
    int queries = 0;
    int partial = 0;
    long repairs = 0;
    int cut = 0;
    for (long seed = 300; seed < 324; seed++) {
      var request = REQUESTS.get((int) (seed % REQUESTS.size()));
      var skew = TrimCorpus.SKEWS.get((int) (seed / 4 % 3));
      var corpus = new TrimCorpus(new Random(seed), skew, request);
      boolean tree = seed % 8 >= 4;
      try (var cluster = cluster(seed, corpus, PERCENTILE, tree ? 4 : 0, tree ? 3 : 0)) {
        var random = cluster.random;
        cluster.service = (leaf, shard) -> 20_000 + exponential(random, 100_000);
        cluster.stall =
            leaf ->
                random.nextInt(25) == 0 ? exponential(random, Duration.ofMillis(300).toNanos()) : 0;
        cluster.newTerms = seed % 2 == 0 ? 0.2 : 0;
        // Also where the guess is bad.
        cluster.topKProbability = seed % 3 == 0 ? 0.5 : 0.9999;
        trouble(cluster);
        var deadline = Duration.ofMillis(seed % 5 == 0 ? 4 : 30);
        var answers = load(cluster, 250, 1_000_000, deadline);
        assertEquals(250, answers.size(), "seed " + seed);
        for (var answer : answers) {
          corpus.check(answer, "seed " + seed);
          assertTrue(answer.tookNanos() <= deadline.toNanos(), "seed " + seed + ": late");
          partial += answer.coverage().complete() ? 0 : 1;
          cut += answer.cut() ? 1 : 0;
        }
        repairs += calls(answers, Kind.WHOLE);
        queries += answers.size();
      }
    }
    String seen =
        "%d queries, %d partial, %d repairs, %d cut".formatted(queries, partial, repairs, cut);
    assertTrue(partial > 0 && partial < queries / 2, seen);
    assertTrue(repairs > 500, seen);
    assertTrue(cut > 0 && cut < queries / 4, seen);
  }

  private static final Duration SHORT = Duration.ofMillis(40);

  /** Three leaves; each shard is at one of them. */
  private static SimulatedCluster threeLeaves(TrimCorpus corpus) {
    var cluster =
        asking(new SimulatedCluster(64, Size.flat(3, SHARDS, 1), new C3Policy(), NONE), corpus);
    load(cluster, 20, 5_000_000, Duration.ofSeconds(1));
    return cluster;
  }

  private static Answered ask(SimulatedCluster cluster) {
    List<Answered> answers = new ArrayList<>();
    cluster.query(SHORT, answers::add);
    cluster.run(Duration.ofNanos(cluster.now()).plusSeconds(5));
    return answers.getFirst();
  }

  /** All but the last one never answer from now on. Their shards. */
  private static Set<Integer> mute(SimulatedCluster cluster) {
    Set<Integer> shards = new HashSet<>();
    for (var name : List.of("leaf-0", "leaf-1")) {
      cluster.leaf(name).mute = true;
      shards.addAll(cluster.leaf(name).holds);
    }
    return shards;
  }

  /** Who answered has no time, or no life, for a second answer. */
  @Test
  void whatWasThereBeforeARepairThatFailsIsShown() {
    for (boolean dies : new boolean[] {false, true}) {
      for (var request : REQUESTS) {
        var corpus = new TrimCorpus(new Random(8), Skew.NONE, request);
        try (var cluster = threeLeaves(corpus)) {
          var away = mute(cluster);
          cluster.after(
              SHORT.toNanos() / 4,
              () -> cluster.service = (leaf, shard) -> Duration.ofSeconds(1).toNanos());
          if (dies) {
            cluster.after(SHORT.toNanos() * 3 / 4, () -> cluster.leaf("leaf-2").kill());
          }
          var answer = ask(cluster);
          String what = "dies " + dies + ", " + request + ": " + answer;
          corpus.check(answer, what);
          assertEquals(1, calls(List.of(answer), Kind.WHOLE), what);
          assertEquals(
              away,
              Set.copyOf(
                  answer.coverage().missing().stream().map(Coverage.Missing::shard).toList()),
              what);
          assertTrue(answer.cut(), what);
          int most = answer.calls().stream().mapToInt(call -> call.hits).max().orElseThrow();
          assertTrue(
              ((SearchResult) Objects.requireNonNull(answer.found())).hits().size() >= most, what);
        }
      }
    }
  }

  @Test
  void whereTheGuessIsOftenWrongItIsMadeNoMore() {
    var corpus = new TrimCorpus(new Random(6), Skew.ONE, REQUESTS.getFirst());
    try (var cluster = cluster(65, corpus, NONE, 0, 0)) {
      var answers = load(cluster, 2_000, 1_000_000, Duration.ofSeconds(1));
      assertEquals(2_000, answers.size());
      for (var answer : answers) {
        corpus.check(answer, "often wrong");
        assertTrue(answer.coverage().complete() && !answer.cut());
      }
      var scatter = cluster.shared.config().scatter();
      long most =
          Math.round(scatter.extraBurst() + scatter.repairBudget() * cluster.firstExecutions);
      long repaired = repaired(cluster, answers);
      // One more may be owed by each query under way.
      assertTrue(repaired > most / 2 && repaired < most + 50, repaired + " of " + most);
      assertTrue(
          answers.stream().anyMatch(answer -> answer.calls().stream().allMatch(c -> c.hits == 0)));
    }
  }

  /** Whoever is there is not asked twice each time because someone else is not. */
  @Test
  void aLeafThatIsAwayCostsNoMoreThanTheBudget() {
    var corpus = new TrimCorpus(new Random(9), Skew.NONE, REQUESTS.getFirst());
    try (var cluster = threeLeaves(corpus)) {
      var away = mute(cluster);
      int before = cluster.firstExecutions;
      var answers = load(cluster, 300, 50_000_000, SHORT);
      assertEquals(300, answers.size());
      for (var answer : answers) {
        corpus.check(answer, "away");
        assertEquals(away.size(), answer.coverage().missing().size());
      }
      var scatter = cluster.shared.config().scatter();
      double most =
          scatter.extraBurst()
              + scatter.repairBudget() * (cluster.firstExecutions - before)
              + SHARDS;
      long repaired = repaired(cluster, answers);
      assertTrue(repaired > 0 && repaired <= most, repaired + " of " + most);
    }
  }

  private static SimulatedLeaf holder(SimulatedCluster cluster, int shard) {
    return cluster.leaves.values().stream()
        .filter(leaf -> leaf.holds.contains(shard))
        .findFirst()
        .orElseThrow();
  }

  /**
   * All of the best are at one leaf and the next best at another one, which lacks nothing as long
   * as the first one's hits are there. That is asked again, in vain.
   */
  @Test
  void aRepairThatFailsIsNoReasonToAskOthers() {
    var corpus = new TrimCorpus(new Random(12), Skew.SLOPE, REQUESTS.get(1));
    int tried = 0;
    for (int seed = 70; seed < 90; seed++) {
      try (var cluster =
          asking(
              new SimulatedCluster(seed, Size.flat(3, SHARDS, 1), new C3Policy(), NONE), corpus)) {
        load(cluster, 5, 5_000_000, Duration.ofSeconds(1));
        cluster.shared.repairs().earn(100_000);
        var best = holder(cluster, 0);
        cluster.finding =
            (shards, hits, bar) -> {
              if (shards.contains(0)) {
                cluster.after(0, best::kill);
              }
              return corpus.partial(shards, hits, bar);
            };
        var answer = ask(cluster);
        corpus.check(answer, "seed " + seed);
        assertTrue(answer.coverage().complete(), "seed " + seed);
        var firsts = answer.calls().stream().filter(call -> call.kind == Kind.FIRST).toList();
        int both =
            firsts.stream()
                .filter(call -> call.hits > 0 && (call.asks(0) || call.asks(1)))
                .mapToInt(call -> call.hits)
                .sum();
        if (best.holds.contains(1) || firsts.stream().anyMatch(c -> c.hits == 0) || both <= K) {
          // Placed otherwise.
          continue;
        }
        tried++;
        assertTrue(answer.cut(), "seed " + seed);
        var whole = answer.calls().stream().filter(call -> call.kind == Kind.WHOLE).toList();
        assertEquals(1, whole.size(), "seed " + seed);
        assertTrue(whole.getFirst().asks(0), "seed " + seed);
        assertEquals(End.FAILED, whole.getFirst().end);
        assertEquals(firsts.size() + 1, answer.attempts(), "seed " + seed);
      }
    }
    assertTrue(tried >= 3, "seeds: " + tried);
  }

  private static void slow(SimulatedCluster cluster) {
    for (int i = 0; i < 100; i++) {
      cluster.shared.hedges().punctual(false);
    }
  }

  @Test
  void whileEverythingIsSlowNobodyIsAskedAgainBeforeAllAreThere() {
    var corpus = new TrimCorpus(new Random(8), Skew.NONE, REQUESTS.getFirst());
    try (var cluster = threeLeaves(corpus)) {
      var _ = mute(cluster);
      cluster.after(100_000, () -> slow(cluster));
      var answer = ask(cluster);
      corpus.check(answer, "slow");
      assertTrue(answer.cut());
      assertEquals(0, calls(List.of(answer), Kind.WHOLE));
    }
  }

  @Test
  void whileEverythingIsSlowNobodyIsAskedForFewer() {
    var corpus = new TrimCorpus(new Random(10), Skew.ONE, REQUESTS.getFirst());
    try (var cluster = cluster(66, corpus, NONE, 0, 0)) {
      load(cluster, 20, 1_000_000, Duration.ofSeconds(1));
      double before = cluster.shared.repairedShards().count();
      assertTrue(before > 0);
      // It becomes so while the query is under way: it was asked for fewer hits.
      cluster.after(100_000, () -> slow(cluster));
      var answer = ask(cluster);
      corpus.check(answer, "slow");
      assertTrue(answer.calls().stream().anyMatch(call -> call.hits > 0));
      // All others have come, and there is time.
      assertTrue(!answer.cut() && answer.coverage().complete());
      double after = cluster.shared.repairedShards().count();
      assertTrue(after > before);
      // Those that come now are not.
      for (var later : load(cluster, 3, 1_000_000, Duration.ofSeconds(1))) {
        corpus.check(later, "slow");
        assertTrue(
            later.calls().stream().allMatch(call -> call.hits == 0 || call.kind != Kind.FIRST));
      }
      assertEquals(after, cluster.shared.repairedShards().count());
    }
  }

  /** On both levels of a tree the first guess is wrong: the second time nobody guesses. */
  @Test
  void inATreeTheOneShardIsAskedThreeTimesAtMost() {
    var corpus = new TrimCorpus(new Random(11), Skew.ONE, REQUESTS.get(1));
    try (var cluster = cluster(67, corpus, NONE, 4, 3)) {
      var asked = new AtomicInteger();
      cluster.finding =
          (shards, hits, bar) -> {
            if (shards.contains(3)) {
              asked.incrementAndGet();
            }
            return corpus.partial(shards, hits, bar);
          };
      load(cluster, 30, 1_000_000, Duration.ofSeconds(1));
      int most = 0;
      for (int i = 0; i < 30; i++) {
        for (var repairs : cluster.repairs()) {
          repairs.earn(100_000);
        }
        asked.set(0);
        var answer = ask(cluster);
        corpus.check(answer, "tree");
        assertTrue(answer.coverage().complete() && !answer.cut());
        most = Math.max(most, asked.get());
      }
      assertEquals(3, most);
    }
  }

  @Test
  void aLateLeafDoesNotKeepTheOthersFromTheirRepair() {
    var corpus = new TrimCorpus(new Random(7), Skew.ONE, REQUESTS.get(2));
    try (var cluster = cluster(63, corpus, NONE, 0, 0)) {
      load(cluster, 20, 1_000_000, Duration.ofSeconds(1));
      var holder =
          cluster.dataset().shards().stream()
              .filter(placement -> placement.shard() == 3)
              .findFirst()
              .orElseThrow();
      // Whoever has none of the best never answers.
      var mute =
          cluster.leaves.values().stream()
              .filter(leaf -> !holder.nodes().contains(leaf.record.node()))
              .findFirst()
              .orElseThrow();
      mute.mute = true;
      var deadline = Duration.ofMillis(40);
      List<Answered> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        cluster.after(i * 100_000_000L, () -> cluster.query(deadline, answers::add));
      }
      cluster.run(Duration.ofSeconds(60));
      assertEquals(20, answers.size());
      int cut = 0;
      for (var answer : answers) {
        corpus.check(answer, "mute");
        var late =
            answer.calls().stream()
                .filter(call -> call.leaf.node().equals(mute.record.node()))
                .flatMap(call -> call.leaf.shards().stream())
                .map(ShardRef::shard)
                .toList();
        assertEquals(
            late.stream().sorted().toList(),
            answer.coverage().missing().stream().map(Coverage.Missing::shard).sorted().toList());
        if (!late.isEmpty()) {
          cut++;
          assertEquals(1, calls(List.of(answer), Kind.WHOLE));
        }
      }
      assertTrue(cut > 0);
    }
  }
}
