package dev.heddle.loadtest.search.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.search.faults.AskedWire.Kind;
import dev.heddle.loadtest.search.faults.KnownDocuments.One;
import dev.heddle.v1.AggregationResult;
import dev.heddle.v1.AggregationResult.StatsResult;
import dev.heddle.v1.Coverage;
import dev.heddle.v1.Hit;
import dev.heddle.v1.MissingShard;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.Total;
import dev.heddle.v1.Value;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnswerCheckWireTest {
  private static final KnownDocuments KNOWN =
      new KnownDocuments(
          List.of(
              List.of(new One("a", 5, "g0"), new One("b", 1, "g1")),
              List.of(new One("c", 7, "g0")),
              List.of(new One("d", 6, "g0"), new One("e", 2, "g0"), new One("f", 3, "g1"))));

  private static final AnswerCheckWire CHECK = new AnswerCheckWire(KNOWN);
  private static final AskedWire COUNTS = new AskedWire(Kind.COUNTS, "g0", false, true);
  private static final AskedWire SUMS = new AskedWire(Kind.SUMS, "g0", false, true);
  private static final AskedWire BEST = new AskedWire(Kind.BEST, "g0", false, true);

  private static Coverage.Builder without(long seen, int answered, int... missing) {
    var coverage =
        Coverage.newBuilder()
            .setSeen(seen)
            .setTarget(6)
            .setShardsAnswered(answered)
            .setShardsTotal(3);
    for (int shard : missing) {
      coverage.addMissing(MissingShard.newBuilder().setShard(shard).setReason("deadline"));
    }
    return coverage;
  }

  private static QueryResponse counted(Coverage.Builder coverage, String json) {
    return QueryResponse.newBuilder()
        .setCoverage(coverage)
        .setResultJson(json)
        .setFinal(true)
        .build();
  }

  private static QueryResponse.Builder found(Coverage.Builder coverage, long total, String... ids) {
    var answer =
        QueryResponse.newBuilder()
            .setCoverage(coverage)
            .setTotal(Total.newBuilder().setValue(total))
            .setFinal(true);
    for (var id : ids) {
      answer.addHits(Hit.newBuilder().setId(id));
    }
    return answer;
  }

  private static AggregationResult sum(long count, long sum) {
    return AggregationResult.newBuilder()
        .setStats(
            StatsResult.newBuilder().setCount(count).setSum(Value.newBuilder().setLongValue(sum)))
        .build();
  }

  private static void assertWrong(String what, AnswerCheckWire.Verdict verdict) {
    assertTrue(verdict.wrong().stream().anyMatch(each -> each.contains(what)), "" + verdict);
  }

  @Test
  void whatHoldsIsRight() {
    for (var verdict :
        List.of(
            CHECK.of(COUNTS, counted(without(6, 3), "{\"0\":2,\"1\":1,\"2\":3}")),
            CHECK.of(COUNTS, counted(without(4, 2, 0), "{\"1\":1,\"2\":3}")),
            CHECK.of(
                SUMS,
                found(without(6, 3), 4, "c", "d", "a", "e")
                    .putAggs(AskedWire.SUM, sum(4, 20))
                    .build()),
            CHECK.of(BEST, found(without(3, 2, 2), 2, "c", "a").build()),
            CHECK.of(BEST, found(without(6, 3), 4, "c", "d").setCut(true).build()))) {
      assertEquals(new AnswerCheckWire.Verdict(List.of(), 0), verdict);
    }
  }

  @Test
  void aShardThatCountsTwiceIsSeen() {
    var counts = CHECK.of(COUNTS, counted(without(6, 3), "{\"0\":4,\"1\":1,\"2\":3}"));
    var total = CHECK.of(BEST, found(without(6, 3), 5, "c", "d", "a", "e").build());

    assertEquals(1, counts.doubled());
    assertWrong("documents by shard", counts);
    assertEquals(1, total.doubled());
    assertWrong("total: 5", total);
  }

  @Test
  void aShardThatIsMissingAndYetThereIsSeen() {
    var verdict = CHECK.of(COUNTS, counted(without(4, 2, 0), "{\"0\":2,\"1\":1,\"2\":3}"));

    assertEquals(1, verdict.doubled());
    assertWrong("documents by shard", verdict);
  }

  @Test
  void coverageThatDoesNotAddUpIsSeen() {
    var whole = "{\"0\":2,\"1\":1,\"2\":3}";

    assertWrong("documents seen: 5", CHECK.of(COUNTS, counted(without(5, 3), whole)));
    assertWrong("answered and skipped: 2", CHECK.of(COUNTS, counted(without(6, 2), whole)));
    assertWrong("missing shard 0: twice", CHECK.of(COUNTS, counted(without(4, 2, 0, 0), "{}")));
    assertWrong(
        "documents in all: 4", CHECK.of(COUNTS, counted(without(6, 3).setTarget(4), whole)));
  }

  @Test
  void aShardIsMissingForAReason() {
    var lacking =
        without(4, 2).addMissing(MissingShard.newBuilder().setShard(0).setReason("pending"));
    var answer = counted(lacking, "{\"1\":1,\"2\":3}");

    assertWrong("missing shard 0: pending", CHECK.of(COUNTS, answer));
    var streamed = new AskedWire(Kind.COUNTS, "g0", true, true);
    assertEquals(List.of(), CHECK.of(streamed, answer.toBuilder().setFinal(false).build()).wrong());
  }

  @Test
  void hitsThatAreNotTheBestAreSeen() {
    assertWrong("hits", CHECK.of(BEST, found(without(6, 3), 4, "c", "a", "d", "e").build()));
    assertWrong("hits", CHECK.of(BEST, found(without(6, 3), 4, "c", "d", "a").build()));
    assertWrong("hits", CHECK.of(BEST, found(without(6, 3), 4, "d").setCut(true).build()));
    assertWrong(
        "sum: 19",
        CHECK.of(
            SUMS,
            found(without(6, 3), 4, "c", "d", "a", "e")
                .putAggs(AskedWire.SUM, sum(4, 19))
                .build()));
  }

  @Test
  void onlyTheBestAloneMayBeCutAndHaveSome() {
    var cut = found(without(6, 3), 4, "c", "d").setCut(true);
    var streamed = new AskedWire(Kind.BEST, "g0", true, true);

    assertEquals(List.of(), CHECK.of(BEST, cut.build()).wrong());
    assertWrong("cut", CHECK.of(streamed, cut.build()));
    assertWrong("hits", CHECK.of(streamed, cut.build()));
    assertWrong("hits", CHECK.of(streamed, cut.setFinal(false).build()));
    var sums = cut.setFinal(true).putAggs(AskedWire.SUM, sum(4, 20)).build();
    assertWrong("cut", CHECK.of(SUMS, sums));
    assertWrong("hits", CHECK.of(SUMS, sums));
    assertWrong("hits", CHECK.of(BEST, found(without(6, 3), 4).setCut(true).build()));
    var counts = counted(without(6, 3), "{\"0\":2,\"1\":1,\"2\":3}");
    assertWrong("cut", CHECK.of(COUNTS, counts.toBuilder().setCut(true).build()));
  }

  @Test
  void theOnlyAnswerIsFinal() {
    var answer = found(without(3, 2, 2), 2, "c", "a").setFinal(false).build();

    assertWrong("not final", CHECK.of(BEST, answer));
  }

  @Test
  void sumsThatAreNotThereAreSeen() {
    var answer = found(without(6, 3), 4, "c", "d", "a", "e");
    var other = AggregationResult.getDefaultInstance();

    assertWrong("stats: none", CHECK.of(SUMS, answer.build()));
    assertWrong("stats: none", CHECK.of(SUMS, answer.putAggs(AskedWire.SUM, other).build()));
  }

  @Test
  void countsThatCannotBeReadAreSeen() {
    for (var text : List.of("", "{\"0\":2,", "[2,1,3]", "null", "7")) {
      assertWrong("expected: a JSON object", CHECK.of(COUNTS, counted(without(6, 3), text)));
    }
    for (var text :
        List.of(
            "{\"0\":2,\"1\":1,\"two\":3}",
            "{\"0\":2,\"1\":1,\"2\":3,\"9\":1}",
            "{\"0\":2,\"1\":1,\"2\":\"3\"}",
            "{\"0\":2,\"1\":1,\"2\":3.5}",
            "{\"0\":2,\"1\":1,\"2\":9223372036854775808}")) {
      assertWrong("documents by shard", CHECK.of(COUNTS, counted(without(6, 3), text)));
    }
  }
}
