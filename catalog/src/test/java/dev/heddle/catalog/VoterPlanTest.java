package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.process.HostPort;
import dev.heddle.replication.Member;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class VoterPlanTest {
  private static Member member(String node) {
    return new Member(node, new HostPort("127.0.0.1", 1));
  }

  private static List<Member> members(String... names) {
    return Arrays.stream(names).map(VoterPlanTest::member).toList();
  }

  private static Map<String, Member> live(String... names) {
    Map<String, Member> live = new HashMap<>();
    members(names).forEach(member -> live.put(member.node(), member));
    return live;
  }

  private static Optional<List<Member>> next(VoterPlan plan) {
    return plan.next(plan.spares());
  }

  private static VoterPlan plan(List<Member> voters, Map<String, Member> live, String... lost) {
    return new VoterPlan(voters, live, Set.of(lost), 5);
  }

  @Test
  void growsFromOneToThreeToFiveOnly() {
    assertEquals(Optional.empty(), next(plan(members("a"), live("a"))));
    assertEquals(Optional.empty(), next(plan(members("a"), live("a", "b"))));
    assertEquals(
        Optional.of(members("a", "b", "c")), next(plan(members("a"), live("a", "c", "b"))));
    assertEquals(
        Optional.of(members("a", "b", "c")),
        next(plan(members("a"), live("a", "b", "c", "d", "e"))));
    List<Member> three = members("a", "b", "c");
    assertEquals(Optional.empty(), next(plan(three, live("a", "b", "c", "d"))));
    assertEquals(
        Optional.of(members("a", "b", "c", "d", "e")),
        next(plan(three, live("a", "b", "c", "d", "e", "f"))));
    assertEquals(
        Optional.empty(),
        next(plan(members("a", "b", "c", "d", "e"), live("a", "b", "c", "d", "e", "f", "g"))));
  }

  @Test
  void growsNoFurtherThanItIsAllowed() {
    Map<String, Member> many = live("a", "b", "c", "d", "e");
    assertEquals(Optional.empty(), next(new VoterPlan(members("a", "b", "c"), many, Set.of(), 3)));
    assertEquals(Optional.empty(), next(new VoterPlan(members("a"), many, Set.of(), 1)));
  }

  @Test
  void waitsUntilEnoughNewcomersAreReady() {
    VoterPlan plan = plan(members("a"), live("a", "b", "c"));
    assertEquals(2, plan.newcomers());
    assertEquals(Optional.empty(), plan.next(List.of()));
    assertEquals(Optional.empty(), plan.next(members("c")));
    assertEquals(Optional.of(members("a", "b", "c")), plan.next(members("b", "c")));
  }

  @Test
  void aLostVoterGivesItsPlaceToASpare() {
    List<Member> three = members("a", "b", "c");
    assertEquals(Optional.empty(), next(plan(three, live("a", "b"), "c")));
    assertEquals(Optional.empty(), next(plan(three, live("a", "b", "d"))), "within its grace");
    assertEquals(Optional.of(members("a", "b", "d")), next(plan(three, live("a", "b", "d"), "c")));
    assertEquals(
        Optional.of(members("a", "c", "d")),
        next(plan(three, live("a", "d", "e"), "b", "c")),
        "one at a time");
    assertEquals(Optional.empty(), next(plan(three, live("a", "b", "c", "d"), "c")), "it is back");
  }

  @Test
  void nothingGrowsWhileAVoterIsAway() {
    assertEquals(
        Optional.empty(), next(plan(members("a", "b", "c"), live("a", "b", "d", "e", "f", "g"))));
  }

  @Test
  void aVoterAtAnotherAddressIsTheSameVoter() {
    Map<String, Member> live = live("a", "b", "c");
    Member moved = new Member("b", new HostPort("127.0.0.1", 2));
    live.put("b", moved);
    assertEquals(
        Optional.of(List.of(member("a"), moved, member("c"))),
        next(plan(members("a", "b", "c"), live)));
  }
}
