package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.shard.PlacementMoves.Move;
import dev.heddle.shard.PlacementMoves.Refusal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PlacementMovesTest {
  private final List<DatasetRecord> datasets = new ArrayList<>();
  private Set<String> live = Set.of("a", "b", "c", "d");
  private Set<String> lost = Set.of();
  private Set<Refusal> refusals = Set.of();
  private int most = 4;

  @Test
  void whatRestsWhereItShouldStaysThere() {
    dataset(3, "a b c", "b c d");
    dataset(1, "a");
    assertMoves();
  }

  @Test
  void replicasOfALostNodeAreBuiltElsewhere() {
    dataset(3, "a b x", "x b c", "a b c");
    lost = Set.of("x");
    assertMoves("0/0 a b x +d -x", "0/1 x b c +d -x");
  }

  @Test
  void aNodeThatIsOnlyAwayKeepsItsReplicas() {
    dataset(3, "a b x");
    assertMoves();
  }

  @Test
  void withoutAMajorityNothingMoves() {
    dataset(3, "a x y");
    dataset(2, "a x");
    dataset(1, "x");
    dataset(3, "a z w");
    lost = Set.of("x", "y");
    assertMoves();
  }

  @Test
  void withoutARoomElsewhereNothingMoves() {
    live = Set.of("a", "b");
    dataset(3, "a b x");
    lost = Set.of("x");
    assertMoves();
  }

  @Test
  void theNodeWithTheFewestReplicasGetsThem() {
    dataset(1, "c", "c", "d");
    dataset(3, "a b x", "a b x", "a b x");
    lost = Set.of("x");
    // Those that are on their way count.
    assertMoves("1/0 a b x +d -x", "1/1 a b x +c -x", "1/2 a b x +d -x");
  }

  @Test
  void ofNodesWithAsManyTheFirstByName() {
    dataset(3, "a b x");
    live = Set.of("a", "b", "e", "d");
    lost = Set.of("x");
    assertMoves("0/0 a b x +d -x");
  }

  @Test
  void shardsWithTooFewReplicasGetMore() {
    dataset(3, "a b", "d");
    dataset(7, "a b c d");
    assertMoves("0/0 a b +c", "0/1 d +a");
  }

  @Test
  void shardsWithTooManyReplicasLoseTheOneOnTheFullestNode() {
    dataset(1, "b", "b", "b", "a");
    dataset(2, "a b c");
    assertMoves("1/0 a b c -b");
  }

  @Test
  void shardsWithTooManyReplicasLoseTheLostOneFirst() {
    dataset(1, "b", "b", "b", "a");
    dataset(2, "a b x");
    lost = Set.of("x");
    assertMoves("1/0 a b x -x");
  }

  @Test
  void tooManyStayWhereTooFewOfThemLive() {
    live = Set.of("a", "b");
    dataset(1, "b");
    dataset(1, "b");
    dataset(2, "a b y");
    assertMoves();
  }

  @Test
  void aJoiningNodeThatIsLostIsGivenUp() {
    dataset(3, "a b c +x -c", "a b c +y -c", "a b +x");
    lost = Set.of("x");
    assertMoves("0/0 a b c", "0/2 a b");
  }

  @Test
  void aNodeThatDidNotTakeAShardIsSparedFromThatOne() {
    dataset(3, "a b x", "a b x", "a b x");
    lost = Set.of("x");
    refusals = Set.of(new Refusal("d0", 0, "d"), new Refusal("d0", 2, "d"));
    assertMoves("0/0 a b x +c -x", "0/1 a b x +d -x", "0/2 a b x +c -x");
    live = Set.of("a", "b", "d");
    assertMoves("0/1 a b x +d -x");
  }

  @Test
  void noMoreThanSomeMoveAtOnceAndLossesComeFirst() {
    dataset(3, "a b");
    dataset(3, "a b c +d -c", "a b +d", "b c x", "a c x", "a b x");
    lost = Set.of("x");
    assertMoves("1/2 b c x +d -x", "1/3 a c x +d -x");
    most = 6;
    assertMoves("1/2 b c x +d -x", "1/3 a c x +d -x", "1/4 a b x +c -x", "0/0 a b +c");
    most = 2;
    assertMoves();
    most = 1;
    assertMoves();
  }

  @Test
  void aShardMovesOnceAtATime() {
    dataset(4, "a b x");
    lost = Set.of("x");
    assertMoves("0/0 a b x +c -x");
  }

  @Test
  void everyMoveIsTheNextGeneration() {
    dataset(3, "a b x");
    lost = Set.of("x");
    Move move = PlacementMoves.next(datasets, live, lost, refusals, most).getFirst();
    assertEquals(8, move.to().generation());
    assertEquals(7, move.from().generation());
    assertEquals(move.from().incarnation(), move.to().incarnation());
  }

  private void assertMoves(String... expected) {
    List<String> told =
        PlacementMoves.next(datasets, live, lost, refusals, most).stream()
            .map(move ->
                move.dataset().name().substring(1)
                    + "/"
                    + move.to().shard()
                    + " "
                    + PlacementText.of(move.to()))
            .toList();
    assertEquals(List.of(expected), told);
  }

  /** A shard is its nodes, +joining and -leaving. */
  private void dataset(int replicas, String... shards) {
    String name = "d" + datasets.size();
    List<ShardPlacement> placements = new ArrayList<>();
    for (String shard : shards) {
      placements.add(PlacementText.parse(placements.size(), 7, shard));
    }
    datasets.add(
        new DatasetRecord(
            "default", name, name, Things.SCHEMA, 1, replicas, placements, Instant.EPOCH));
  }
}
