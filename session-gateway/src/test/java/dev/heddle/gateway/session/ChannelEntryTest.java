package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChannelEntryTest {
  private static final long MOST = 10_000;

  private static long append(ChannelEntry entry, String owner, long id) {
    return keep(entry, owner, "e" + id, id, 10, MOST, 1_000);
  }

  private static long keep(
      ChannelEntry entry, String owner, String epoch, long id, int size, long most, int items) {
    return entry.append(owner, epoch, id, 0, new byte[size], most, items, Long.MAX_VALUE).offset();
  }

  private static boolean holds(ChannelEntry entry, String epoch, long offset) {
    return ChannelEntry.holds(entry.eras(), new ChannelPosition(epoch, offset));
  }

  @Test
  void countsFromOneOnAndKnowsWhatItAppendedBefore() {
    var entry = new ChannelEntry();
    assertEquals(1, append(entry, "a", 11));
    assertEquals(2, append(entry, "a", 12));
    assertEquals(1, append(entry, "a", 11));
    assertEquals(2, entry.last());
    assertEquals(List.of(11L, 12L), entry.after(0, MOST).stream().map(each -> each.id()).toList());
  }

  @Test
  void keepsTheNewestWithinItsBytesAndAtLeastOne() {
    var entry = new ChannelEntry();
    for (int i = 1; i <= 10; i++) {
      var _ = keep(entry, "a", "e", i, 100, 350, 1_000);
    }
    assertEquals(7, entry.base());
    assertEquals(10, entry.last());
    var _ = keep(entry, "a", "e", 11, 5_000, 350, 1_000);
    assertEquals(10, entry.base());
    for (int i = 12; i <= 20; i++) {
      var _ = keep(entry, "a", "e", i, 1, 350, 1);
    }
    assertEquals(19, entry.base(), "only the newest");
  }

  /** A state is replaced at once, but who appended it may yet ask again. */
  @Test
  void whatIsNotKeptAnyMoreIsKnownAllTheSame() {
    var entry = new ChannelEntry();
    for (int i = 1; i <= 5; i++) {
      assertEquals(i, keep(entry, "a", "e" + i, i, 10, MOST, 1));
    }
    assertEquals(2, keep(entry, "b", "other", 2, 10, MOST, 1));
    assertEquals(5, entry.last());
    assertEquals("e1", Objects.requireNonNull(entry.find(2)).epoch());
    for (int i = 6; i <= ChannelEntry.MOST_REPEATED + 2; i++) {
      var _ = keep(entry, "a", "e" + i, i, 10, MOST, 1);
    }
    assertNull(entry.find(2), "only so many are remembered");
    assertNotNull(entry.find(3));
  }

  @Test
  void weighsWhatItKeepsAndForgetsMessagesButNotItsPlace() {
    var entry = new ChannelEntry();
    var sealed = new byte[100];
    for (int i = 1; i <= 10; i++) {
      var _ =
          entry.append(
              "a",
              "e",
              i,
              7,
              sealed,
              MOST,
              1_000,
              ChannelEntry.OWN_WEIGHT + 3 * ChannelEntry.weight(sealed));
    }
    assertEquals(7, entry.base(), "no more than it may weigh");
    assertEquals(ChannelEntry.OWN_WEIGHT + 3 * ChannelEntry.weight(sealed), entry.weight());
    assertEquals(7, entry.newestMillis());
    entry.forget();
    assertEquals(ChannelEntry.OWN_WEIGHT, entry.weight());
    assertEquals(10, entry.last());
    assertTrue(holds(entry, "e", 10));
    assertEquals(0, entry.newestMillis());
    assertEquals(11, keep(entry, "a", "e", 11, 10, MOST, 1_000));
  }

  @Test
  void anotherOwnerGoesOnInAnEraOfItsOwn() {
    var entry = new ChannelEntry();
    append(entry, "a", 1);
    append(entry, "a", 2);
    assertEquals(3, append(entry, "b", 3));
    assertEquals("e3", entry.epoch());
    assertTrue(holds(entry, "e1", 1));
    assertTrue(holds(entry, "e1", 2));
    assertFalse(holds(entry, "e1", 3), "the first owner never appended a third");
    assertTrue(holds(entry, "e3", 3));
    assertFalse(holds(entry, "e3", 4));
    assertFalse(holds(entry, "e2", 1));
  }

  @Test
  void afterManyOwnersOldPlacesAreForgotten() {
    var entry = new ChannelEntry();
    for (int i = 1; i <= ChannelEntry.MOST_ERAS + 3; i++) {
      append(entry, "owner" + i, i);
    }
    assertFalse(holds(entry, "e3", 3));
    assertTrue(holds(entry, "e4", 4));
    assertEquals(ChannelEntry.MOST_ERAS, entry.eras().size());
  }

  /**
   * Owners come and go, some with copies that lack the last messages, and halves of a split grid go
   * on by themselves: no position that one line gives is held by another that has something else
   * there.
   */
  @Test
  void noPositionNamesTwoMessages() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    for (int run = 0; run < 300; run++) {
      var one = new ChannelEntry();
      var other = new ChannelEntry();
      long id = 1;
      int common = 1 + random.nextInt(5);
      for (int i = 0; i < common; i++, id++) {
        append(one, "a", id);
        append(other, "a", id);
      }
      int ahead = random.nextInt(4);
      for (int i = 0; i < ahead; i++, id++) {
        append(one, "a", id);
      }
      for (int i = random.nextInt(4); i > 0; i--, id++) {
        append(one, random.nextBoolean() ? "a" : "c", id);
      }
      for (int i = random.nextInt(4); i > 0; i--, id++) {
        append(other, random.nextInt(3) > 0 ? "b" : "d", id);
      }
      for (long offset = 1; offset <= other.last(); offset++) {
        var theirs = other.item(offset);
        var ours = one.item(offset);
        boolean same = ours != null && theirs != null && ours.id() == theirs.id();
        String epoch = theirs == null ? "" : theirs.epoch();
        assertEquals(same, holds(one, epoch, offset), "seed " + seed + " run " + run);
      }
      if (other.last() > common) {
        assertNotEquals(one.epoch(), other.epoch(), "seed " + seed);
      }
    }
  }
}
