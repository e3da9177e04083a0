package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who is in a channel, where gateways speak of the same connections. */
class PresenceEntryTest {
  private static final int MOST = 1_000;
  private final PresenceEntry entry = new PresenceEntry();

  private void join(String member, int from, int to, long untilMillis) {
    Map<String, byte[]> who = new LinkedHashMap<>();
    for (int i = from; i < to; i++) {
      who.put("c" + i, new byte[] {(byte) i});
    }
    entry.join(member, who, untilMillis);
  }

  private static Set<String> named(PresenceEntry head) {
    return Objects.requireNonNull(head.leases().get("")).connections().keySet();
  }

  @Test
  void whoIsAtTwoGatewaysCountsOnce() {
    join("one", 0, 10, 100);
    join("two", 5, 20, 100);
    join("three", 0, 3, 100);
    PresenceEntry head = entry.head(Set.of("one", "two", "three"), 50, MOST);
    assertEquals(20, head.count());
    assertEquals(20, named(head).size());
    assertEquals(10, entry.head(Set.of("one"), 50, MOST).count());
    assertEquals(10, entry.head(Set.of("one", "three"), 50, MOST).count());
  }

  @Test
  void whoHasLeftOneOfTwoGatewaysIsThere() {
    join("one", 0, 1, 100);
    join("two", 0, 1, 100);
    entry.leave("one", Set.of("c0"));
    assertEquals(1, entry.head(Set.of("one", "two"), 50, MOST).count());
    entry.leave("two", Set.of("c0"));
    assertEquals(0, entry.head(Set.of("one", "two"), 50, MOST).count());
  }

  @Test
  void aLeaseThatIsOverCountsNobody() {
    join("one", 0, 4, 40);
    join("two", 2, 6, 100);
    assertEquals(4, entry.head(Set.of("one", "two"), 50, MOST).count());
    assertEquals(4, entry.head(Set.of("two"), 20, MOST).count());
  }

  @Test
  void nobodyIsNamedTwiceAndNoMoreThanAreAskedFor() {
    join("one", 0, 4, 100);
    join("two", 2, 8, 100);
    PresenceEntry head = entry.head(Set.of("one", "two"), 50, 7);
    assertEquals(8, head.count());
    assertEquals(7, named(head).size());
    assertEquals(6, named(entry.head(Set.of("one", "two"), 50, 6)).size());
  }
}
