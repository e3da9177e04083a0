package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.ShardPlacement;
import dev.heddle.shard.ShardNews.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;

class ShardNewsTest {
  @Test
  void aNodeThatHasBegunSaysSoOnce() {
    ShardPlacement begun = told(3, "a b +c", "b", Kind.BEGUN, "c");
    assertEquals(List.of("b", "c"), begun.begun());
    assertEquals(1, begun.generation());
    assertEquals(begun, ShardNews.next("b", 3, begun, Kind.BEGUN));
  }

  @Test
  void whoHasLostAReplicaLeavesToComeAgain() {
    assertLost("a c", List.of("a", "c"), 3, "a b c", "a", "b", "c");
    assertLost("a c +d", List.of("a", "c"), 3, "a b c +d -b", "a", "b", "c");
    assertLost("a c +d -c", List.of("a", "c", "d"), 3, "a b c +d -c", "a", "b", "c", "d");
    assertLost("a c", List.of("a", "c"), 3, "a c +b", "a", "b", "c");
    assertLost("a c", List.of("a", "c"), 2, "a c +b -c", "a", "b", "c");
  }

  @Test
  void inAGroupOfTwoItBeginsAnew() {
    assertLost("a b", List.of("a"), 2, "a b", "a", "b");
    // Two are left of three: what the third had is not known to be here.
    assertLost("a", List.of("a"), 3, "a b", "a", "b");
    // Whoever is on its way may be one of the group.
    assertLost("a b +c -a", List.of("a", "b"), 2, "a b +c -a", "a", "b");
  }

  @Test
  void theLastOneStays() {
    assertLost("b", List.of("b"), 1, "b", "b");
    assertLost("a b c", List.of("b"), 3, "a b c", "b");
    assertLost("b +c", List.of("b", "c"), 2, "b +c", "b", "c");
  }

  @Test
  void whoNeverHadItHasNotLostIt() {
    assertLost("a b c", List.of("a", "c"), 3, "a b c", "a", "c");
  }

  @Test
  void whomAShardCannotComeToIsNoMoreToTakeIt() {
    assertEquals("a c", PlacementText.of(told(3, "a c +b", "b", Kind.REFUSED)));
    assertEquals("a b +c", PlacementText.of(told(3, "a b +c", "b", Kind.REFUSED)));
  }

  private static void assertLost(
      String expected, List<String> left, int replicas, String before, String... begun) {
    ShardPlacement next = told(replicas, before, "b", Kind.LOST, begun);
    assertEquals(expected, PlacementText.of(next));
    assertEquals(left, next.begun());
  }

  private static ShardPlacement told(
      int replicas, String before, String node, Kind kind, String... begun) {
    ShardPlacement placement = PlacementText.parse(0, 1, before);
    for (String one : begun) {
      placement = placement.begun(one, true);
    }
    return ShardNews.next(node, replicas, placement, kind);
  }
}
