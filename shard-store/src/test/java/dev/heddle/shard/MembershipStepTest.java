package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.ShardPlacement;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MembershipStepTest {
  private static final String NOTHING = "nothing";

  @Test
  void atRestMembersBecomeTheNodes() {
    assertStep(NOTHING, "a b c", "", "", "a b c", "a b c");
    assertStep(NOTHING, "c a b", "", "", "a b c", "a b c");
    assertStep("members a b c", "a b c", "", "", "a b", "a b c");
    assertStep("members a b c", "a b c", "", "", "a b c d", "a b c d");
    // One at a time, and nobody goes before the others are in.
    assertStep("members a b", "a b c", "", "", "a", "a b c");
    assertStep("members a b d c", "a b c", "", "", "a b d", "a b c d");
  }

  @Test
  void atRestAnAbsentNodeIsWaitedFor() {
    assertStep(NOTHING, "a b c", "", "", "a b", "a b");
    assertStep(NOTHING, "a b c", "", "", "a b d", "a b d");
    assertStep(NOTHING, "a b c", "", "", "a b c", "a b");
    // It came in, was lost, and the move was given up.
    assertStep("members a b c", "a b c", "", "", "a b c d", "a b c");
  }

  @Test
  void theJoiningNodeComesInAloneAndFirst() {
    assertStep("members a b c d", "a b c", "d", "c", "a b c", "a b c d");
    assertStep("members a b d", "a b c", "d", "", "a b", "a b c d");
    assertStep("members a b", "a", "b", "", "a", "a b");
    assertStep(NOTHING, "a b c", "d", "c", "a b c", "a b c");
  }

  @Test
  void thenTheLeavingOneGoes() {
    assertStep("members a b d", "a b c", "d", "c", "a b c d", "a b d");
    assertStep("members a b d", "a b c", "d", "c", "a b c d", "a b c d");
    assertStep("members a b c", "a b c d", "", "d", "a b c d", "a b c d");
  }

  @Test
  void thenTheCatalogIsTold() {
    assertStep("settle a b d", "a b c", "d", "c", "a b d", "a b c d");
    assertStep("settle a b d", "a b c", "d", "c", "d b a", "a b");
    assertStep("settle a b", "a", "b", "", "a b", "a b");
    assertStep("settle a b c", "a b c d", "", "d", "a b c", "a b c");
  }

  @Test
  void anotherOneThatIsLostMeanwhileDoesNotBlockAMove() {
    // b was never made a member, and is gone: the move ends, and b is the next one's business.
    assertStep("members a c d", "a b c", "d", "c", "a c", "a c d");
    assertStep("members a d", "a b c", "d", "c", "a c d", "a c d");
    assertStep("settle a b d", "a b c", "d", "c", "a d", "a d");
    // Once it is back, it comes in first.
    assertStep("members a d b", "a b c", "d", "c", "a d", "a b d");
  }

  @Test
  void aLeaderThatLeavesHandsOverFirst() {
    assertStep("hand over to b", "a b c", "d", "a", "a b c d", "a b c d");
    assertStep("hand over to c", "a b c", "d", "a", "a b c d", "a c d");
    assertStep(NOTHING, "a b c", "d", "a", "a b c d", "a d");
    assertStep("hand over to b", "a", "b", "a", "a b", "a b");
    assertStep("hand over to b", "a b c", "", "a", "a b c", "a b c");
    assertStep(NOTHING, "a b c", "", "a", "a b c", "a c");
    assertStep(NOTHING, "a b", "", "a", "a b", "a");
    // Whoever else is too many goes before.
    assertStep("members a b c", "b c", "", "", "a b c d", "a b c d");
  }

  @Test
  void nobodyGoesWhereTooFewOfTheOthersLive() {
    assertStep(NOTHING, "a b c", "", "c", "a b c", "a c");
    assertStep(NOTHING, "a b c d e", "", "e", "a b c d e", "a e d");
    assertStep("members a b c d", "a b c d e", "", "e", "a b c d e", "a b d e");
  }

  @Test
  void fromAnyMembersEveryPlacementIsReachedByOneMemberAtATime() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 2_000; round++) {
      String what = "seed " + seed + " round " + round;
      ShardPlacement placement = placement(random);
      List<String> members = new ArrayList<>(some(random, 1 + random.nextInt(4)));
      String leader = members.getFirst();
      int steps = 0;
      while (true) {
        MembershipStep step =
            MembershipStep.next(leader, placement, members, Set.of("a", "b", "c", "d", "e", "f"));
        if (step instanceof MembershipStep.Reconfigure(List<String> to)) {
          Set<String> changed = new HashSet<>(to);
          changed.addAll(members);
          Set<String> both = new HashSet<>(to);
          both.retainAll(members);
          assertEquals(1, changed.size() - both.size(), what);
          assertTrue(to.contains(leader), what);
          members = new ArrayList<>(to);
        } else if (step instanceof MembershipStep.HandOver(String to)) {
          leader = to;
        } else if (step instanceof MembershipStep.Settle(List<String> nodes)) {
          placement = placement.on(nodes);
        } else {
          break;
        }
        assertTrue(++steps < 20, what);
      }
      assertEquals(Set.copyOf(placement.nodes()), Set.copyOf(members), what);
      assertEquals(Optional.empty(), placement.joining(), what);
      assertEquals(Optional.empty(), placement.leaving(), what);
    }
  }

  private static ShardPlacement placement(Random random) {
    List<String> nodes = some(random, 2 + random.nextInt(3));
    ShardPlacement rest = new ShardPlacement(0, 1, "i", nodes);
    Optional<String> joining =
        random.nextBoolean() ? Optional.of(nodes.contains("f") ? "e" : "f") : Optional.empty();
    Optional<String> leaving =
        random.nextBoolean() ? Optional.of(nodes.getLast()) : Optional.empty();
    return joining.filter(nodes::contains).isPresent()
        ? rest.moving(Optional.empty(), leaving)
        : rest.moving(joining, leaving);
  }

  private static List<String> some(Random random, int count) {
    List<String> all = new ArrayList<>(List.of("a", "b", "c", "d", "e", "f"));
    Collections.shuffle(all, random);
    return List.copyOf(all.subList(0, count));
  }

  /** As seen by a, which leads. */
  private static void assertStep(
      String expected, String nodes, String joining, String leaving, String members, String live) {
    ShardPlacement placement =
        new ShardPlacement(0, 3, "i", names(nodes))
            .moving(names(joining).stream().findFirst(), names(leaving).stream().findFirst());
    MembershipStep step =
        MembershipStep.next("a", placement, names(members), Set.copyOf(names(live)));
    String told =
        switch (step) {
          case MembershipStep.Nothing() -> NOTHING;
          case MembershipStep.Reconfigure(List<String> to) -> "members " + String.join(" ", to);
          case MembershipStep.HandOver(String to) -> "hand over to " + to;
          case MembershipStep.Settle(List<String> on) -> "settle " + String.join(" ", on);
        };
    assertEquals(expected, told);
  }

  private static List<String> names(String text) {
    return text.isEmpty() ? List.of() : List.of(text.split(" "));
  }
}
