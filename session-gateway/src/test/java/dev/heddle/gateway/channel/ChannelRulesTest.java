package dev.heddle.gateway.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.channel.ChannelRules.Rule;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ChannelRulesTest {
  private static Rule rule(String pattern, boolean latest) {
    return new Rule(pattern, true, false, false, latest);
  }

  private static boolean fits(String pattern, String name, String user) {
    return new ChannelRules(List.of(rule(pattern, false)))
        .rule(name, Optional.of(user))
        .isPresent();
  }

  @Test
  void aStarIsOneWholeSegment() {
    assertTrue(fits("room.*", "room.1", "ann"));
    assertFalse(fits("room.*", "room.", "ann"));
    assertFalse(fits("room.*", "room.1.2", "ann"));
    assertFalse(fits("room.*", "room", "ann"));
    assertTrue(fits("*.log", "a.log", "ann"));
    assertFalse(fits("room", "roomx", "ann"));
    assertFalse(fits("a-b", "axb", "ann"), "only names, no regular expressions");
  }

  @Test
  void aUserIsItselfAndOneSegment() {
    assertTrue(fits("inbox.{user}", "inbox.ann", "ann"));
    assertFalse(fits("inbox.{user}", "inbox.bob", "ann"));
    assertTrue(fits("inbox-{user}.x", "inbox-ann.x", "ann"));
    // Who is called so would be heard where ann's own channels are.
    assertFalse(fits("inbox.{user}", "inbox.ann.private", "ann.private"));
    assertFalse(fits("inbox.{user}.*", "inbox.ann.b.c", "ann.b"));
    assertFalse(fits("inbox.{user}", "inbox.", ""));
    var rules = new ChannelRules(List.of(rule("inbox.{user}", false)));
    assertEquals(Optional.empty(), rules.rule("inbox.ann", Optional.empty()));
  }

  @Test
  void onlyTheNewestCountsForWhicheverUser() {
    var rules = new ChannelRules(List.of(rule("s.{user}-{user}", true), rule("t.*", false)));
    assertTrue(rules.latest("s.a-b"));
    assertFalse(rules.latest("s.-b"));
    assertFalse(rules.latest("s.a.b"));
    assertFalse(rules.latest("t.a"));
  }
}
