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

import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.SimulatedCluster.Answered;
import dev.heddle.coordinator.SimulatedCluster.Size;
import dev.heddle.coordinator.TrimCorpus.Skew;
import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.function.Bound;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Queries whose calls are told what others found, against what they would find without that. */
@Timeout(300)
class BarSimulationTest {
  private static final Duration OFTEN = Duration.ofNanos(50_000);

  /** Few scores, so many ties; and nothing but ties. */
  private static final List<Query> QUERIES =
      List.of(new Query.Match("red green blue", List.of("text"), false), new Query.All());

  private static ScatterRequest request(Query query, long countUpTo) {
    return new ScatterRequest(
        query,
        K,
        List.of(),
        List.of(),
        Map.of(),
        Optional.of(List.of()),
        countUpTo,
        JsonObject.EMPTY);
  }

  private static SimulatedCluster cluster(
      long seed,
      TrimCorpus corpus,
      SimulatedCluster.HedgingPolicies hedging,
      boolean tree,
      Duration interval) {
    var size = new Size(8, SHARDS, 3, tree ? 4 : 0, tree ? 3 : 0);
    var cluster = new SimulatedCluster(seed, size, new C3Policy(), hedging, interval);
    cluster.function = "search";
    cluster.request = corpus.request;
    cluster.finding = corpus;
    return cluster;
  }

  private static long heeding(List<Answered> answers) {
    return answers.stream()
        .flatMap(answer -> answer.calls().stream())
        .filter(call -> !call.heeds.equals(Bound.NONE))
        .count();
  }

  @Test
  void slowCallsAreToldWhatOthersFoundAndTheAnswerIsTheSame() {
    for (boolean tree : new boolean[] {false, true}) {
      var corpus = new TrimCorpus(new Random(5), Skew.SLOPE, request(QUERIES.getFirst(), 60));
      try (var cluster = cluster(71, corpus, NONE, tree, OFTEN)) {
        var random = cluster.random;
        cluster.service = (leaf, shard) -> 50_000 + exponential(random, 300_000);
        cluster.topKProbability = 1;
        var answers = load(cluster, 200, 5_000_000, Duration.ofSeconds(1));
        assertEquals(200, answers.size());
        for (var answer : answers) {
          corpus.check(answer, "tree " + tree);
          assertTrue(answer.coverage().complete());
          assertEquals(0, answer.calls().stream().filter(call -> call.kind == Kind.WHOLE).count());
        }
        assertTrue(cluster.heeding > 200, "tree " + tree + ": " + cluster.heeding);
        assertEquals(tree, cluster.toldParts > 0);
        assertEquals(tree, cluster.toldAbove > 0);
      }
    }
  }

  @Test
  void callsThatAnswerSoonAreToldNothing() {
    var corpus = new TrimCorpus(new Random(5), Skew.SLOPE, request(QUERIES.getFirst(), 60));
    try (var cluster = cluster(72, corpus, NONE, false, Duration.ofMillis(2))) {
      var answers = load(cluster, 200, 5_000_000, Duration.ofSeconds(1));
      answers.forEach(answer -> corpus.check(answer, ""));
      assertEquals(0, cluster.told);
      assertEquals(0, heeding(answers));
    }
  }

  /** The bar is no measure as long as the total has to be counted. */
  @Test
  void nothingIsToldBeforeEnoughIsCounted() {
    var corpus = new TrimCorpus(new Random(5), Skew.SLOPE, request(QUERIES.getFirst(), 1_000_000));
    try (var cluster = cluster(73, corpus, NONE, false, OFTEN)) {
      var random = cluster.random;
      cluster.service = (leaf, shard) -> 50_000 + exponential(random, 300_000);
      var answers = load(cluster, 100, 5_000_000, Duration.ofSeconds(1));
      answers.forEach(answer -> corpus.check(answer, ""));
      assertEquals(0, cluster.told);
    }
  }

  /** However many others answer, and however long it runs. */
  @Test
  void aSlowCallIsToldEverMoreSeldom() {
    var corpus = new TrimCorpus(new Random(5), Skew.SLOPE, request(QUERIES.getFirst(), 60));
    try (var cluster = cluster(74, corpus, NONE, false, OFTEN)) {
      var random = cluster.random;
      cluster.service = (leaf, shard) -> 50_000 + exponential(random, 300_000);
      cluster.stall = leaf -> leaf.record.node().equals("leaf-0") ? 500_000_000 : 0;
      var answers = load(cluster, 50, 1_000_000_000, Duration.ofSeconds(2));
      for (var answer : answers) {
        corpus.check(answer, "");
        for (var call : answer.calls()) {
          long doublings =
              64L - Long.numberOfLeadingZeros((call.endNanos - call.sentNanos) / 50_000);
          assertTrue(call.tellings <= doublings, call.name() + " " + call.tellings);
        }
      }
    }
  }

  @Test
  void leavesThatKnowNothingOfBarsJustAnswer() {
    var corpus = new TrimCorpus(new Random(6), Skew.SLOPE, request(QUERIES.getFirst(), 60));
    try (var cluster = cluster(75, corpus, NONE, false, OFTEN)) {
      var random = cluster.random;
      cluster.service = (leaf, shard) -> 50_000 + exponential(random, 300_000);
      cluster.leaves.values().forEach(leaf -> leaf.old = leaf.record.node().hashCode() % 2 == 0);
      var answers = load(cluster, 200, 5_000_000, Duration.ofSeconds(1));
      answers.forEach(answer -> corpus.check(answer, ""));
      assertTrue(cluster.told > 0);
      assertTrue(heeding(answers) > 0);
    }
  }

  /** Stalls, deaths, moves, new terms, hedges, trims; flat and in trees; also at the deadline. */
  @Test
  void whateverHappensTheAnswerIsThatOfTheShardsThatItCovers() {
    long heeding = 0;
    int partial = 0;
    int queries = 0;
    int above = 0;
    for (long seed = 400; seed < 424; seed++) {
      var request = request(QUERIES.get((int) (seed % 2)), seed % 3 == 0 ? 0 : 100);
      var skew = TrimCorpus.SKEWS.get((int) (seed / 4 % 3));
      var corpus = new TrimCorpus(new Random(seed), skew, request);
      boolean tree = seed % 8 >= 4;
      try (var cluster = cluster(seed, corpus, PERCENTILE, tree, OFTEN)) {
        var random = cluster.random;
        cluster.service = (leaf, shard) -> 20_000 + exponential(random, 100_000);
        cluster.stall =
            leaf ->
                random.nextInt(25) == 0 ? exponential(random, Duration.ofMillis(300).toNanos()) : 0;
        cluster.newTerms = seed % 2 == 0 ? 0.2 : 0;
        cluster.topKProbability = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 0.5 : 0.9999;
        trouble(cluster);
        var deadline = Duration.ofMillis(seed % 5 == 0 ? 4 : 30);
        var answers = load(cluster, 250, 1_000_000, deadline);
        assertEquals(250, answers.size(), "seed " + seed);
        for (var answer : answers) {
          corpus.check(answer, "seed " + seed);
          assertTrue(answer.tookNanos() <= deadline.toNanos(), "seed " + seed + ": late");
          partial += answer.coverage().complete() ? 0 : 1;
        }
        heeding += heeding(answers);
        above += cluster.toldAbove;
        queries += answers.size();
      }
    }
    String seen = "%d queries, %d partial, %d calls heed".formatted(queries, partial, heeding);
    assertTrue(partial > 0 && partial < queries / 2, seen);
    assertTrue(heeding > 1_000, seen);
    assertTrue(above > 0, seen);
  }

  /** Thousands of queries of random shape; what they find is what they would find without bars. */
  private static void whateverBecomesOfBars(long seed, Consumer<SimulatedCluster> bars) {
    int queries = 0;
    long heeding = 0;
    int above = 0;
    var draws = new Random(seed);
    for (int round = 0; round < 16; round++) {
      var skew = TrimCorpus.SKEWS.get(draws.nextInt(TrimCorpus.SKEWS.size()));
      var request = request(QUERIES.get(draws.nextInt(8) == 0 ? 1 : 0), draws.nextInt(200));
      var corpus = new TrimCorpus(new Random(draws.nextLong()), skew, request);
      boolean tree = draws.nextBoolean();
      var hedging = draws.nextBoolean() ? PERCENTILE : NONE;
      try (var cluster = cluster(draws.nextLong(), corpus, hedging, tree, OFTEN)) {
        var random = cluster.random;
        cluster.service = (leaf, shard) -> 20_000 + exponential(random, 200_000);
        int hangs = 5 + draws.nextInt(50);
        cluster.stall =
            leaf ->
                random.nextInt(hangs) == 0
                    ? exponential(random, Duration.ofMillis(5).toNanos())
                    : 0;
        cluster.newTerms = draws.nextInt(3) == 0 ? 0.1 : 0;
        cluster.topKProbability = draws.nextInt(3) == 0 ? 0.9 : 1;
        bars.accept(cluster);
        var answers = load(cluster, 300, 3_000_000, Duration.ofSeconds(5));
        assertEquals(300, answers.size());
        for (var answer : answers) {
          var what = "seed " + seed + ", round " + round;
          assertTrue(answer.coverage().complete(), what);
          assertEquals(false, answer.cut(), what);
          corpus.check(answer, what);
        }
        queries += answers.size();
        heeding += cluster.heeding;
        above += cluster.toldAbove;
      }
    }
    assertTrue(heeding > queries / 10 && above > 0, heeding + " heed, " + above + " told above");
  }

  @Test
  void barsThatComeLateOrTwiceOrInAnotherOrderChangeNoHit() {
    whateverBecomesOfBars(1, cluster -> cluster.astray = true);
  }

  /** As if someone told what nobody has found: to leaves, to parts, and to those who ask. */
  @Test
  void barsThatNobodyFoundChangeNoHit() {
    whateverBecomesOfBars(
        3,
        cluster -> {
          cluster.astray = true;
          cluster.forged = 20;
        });
  }
}
