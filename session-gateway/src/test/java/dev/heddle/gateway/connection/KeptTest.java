package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** How many resumable connections whom may have. */
class KeptTest {
  private final Kept kept = new Kept(1_000);

  private ConnectionKey key(String tenant) {
    return new ConnectionKey(tenant, "c" + kept.tally().all());
  }

  /** Opens connections until one is refused; returns how many there are of the tenant. */
  private int fill(String tenant, String app, OptionalInt limit) {
    try {
      while (true) {
        kept.requireRoom(tenant, app, limit);
        kept.tally().add(key(tenant), app);
      }
    } catch (HeddleException e) {
      assertEquals(ErrorCode.LIMIT_REACHED, e.code());
      return kept.tally().ofTenant(tenant);
    }
  }

  @Test
  void aTenantAloneGetsThreeQuartersAndTheNextOnesShareTheRest() {
    assertEquals(1_500, fill("a", "chat", OptionalInt.empty()));
    assertEquals(375, fill("b", "chat", OptionalInt.empty()));
    assertTrue(fill("c", "chat", OptionalInt.empty()) > 90);
    assertTrue(kept.tally().all() < 2_000);
    assertEquals(
        1_500, fill("a", "other", OptionalInt.empty()), "another app of the tenant is no way in");
  }

  @Test
  void anAppGetsTwiceWhatItAllowsItself() {
    assertEquals(20, fill("a", "chat", OptionalInt.of(10)));
    assertEquals(24, fill("a", "other", OptionalInt.of(2)));
    kept.tally().remove(new ConnectionKey("a", "c0"), "chat");
    assertEquals(24, fill("a", "chat", OptionalInt.of(10)));
  }

  @Test
  void whatHasGoneIsNotCounted() {
    for (int i = 0; i < 10; i++) {
      kept.tally().add(new ConnectionKey("a", "c" + i), "chat");
    }
    for (int i = 0; i < 10; i++) {
      kept.tally().remove(new ConnectionKey("a", "c" + i), "chat");
    }
    assertEquals(0, kept.tally().all());
    assertEquals(0, kept.tally().ofTenant("a"));
    assertEquals(0, kept.tally().ofApp("a", "chat"));
    assertThrows(HeddleException.class, () -> new Kept(1).requireRoom("a", "b", OptionalInt.of(0)));
  }
}
