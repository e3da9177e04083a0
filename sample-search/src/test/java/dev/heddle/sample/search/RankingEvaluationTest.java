package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RankingEvaluationTest {
  private static final Map<String, Integer> GRADES = Map.of("a", 3, "b", 1);

  @Test
  void theBestOrderIsPerfect() {
    assertEquals(1, RankingEvaluation.ndcg(List.of("a", "b", "c"), GRADES), 1e-9);
    assertEquals(1, RankingEvaluation.reciprocalRank(List.of("b"), GRADES), 1e-9);
  }

  @Test
  void laterIsWorse() {
    double best = 7 + 1 / (Math.log(3) / Math.log(2));
    assertEquals(
        7 / (Math.log(3) / Math.log(2)) / best,
        RankingEvaluation.ndcg(List.of("c", "a"), GRADES),
        1e-9);
    assertEquals(0.5, RankingEvaluation.reciprocalRank(List.of("c", "a"), GRADES), 1e-9);
    assertEquals(0, RankingEvaluation.reciprocalRank(List.of("c"), GRADES), 1e-9);
  }

  @Test
  void everyJudgementHasThreeColumns() throws Exception {
    var lines = RankingTool.lines().stream().filter(line -> !line.startsWith("#")).toList();
    assertTrue(lines.size() >= 60, "queries: " + lines.size());
    lines.forEach(line -> assertEquals(3, line.split("\t", -1).length, line));
  }
}
