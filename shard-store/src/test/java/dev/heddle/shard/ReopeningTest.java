package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ReopeningTest {
  private static final Duration SHORTEST = Duration.ofNanos(10);

  @Test
  void theFirstFailureIsAnsweredAtOnceAndFurtherOnesAfterPausesThatDouble() {
    Reopening reopening = Reopening.now(-1_000);
    List<Long> pauses = new ArrayList<>();
    for (long now = 0; pauses.size() < 8; now += 1_000) {
      assertTrue(reopening.due(now));
      reopening = reopening.opened(now).failed(now + 1, SHORTEST);
      pauses.add(reopening.atNanos() - now - 1);
    }
    assertEquals(List.of(0L, 10L, 20L, 40L, 80L, 160L, 160L, 160L), pauses);
  }

  @Test
  void onceItWasSoundForLongTheNextFailureIsTheFirst() {
    Reopening failedTwice =
        Reopening.now(0).failed(0, SHORTEST).opened(0).failed(0, SHORTEST).opened(100);
    assertFalse(failedTwice.failed(419, SHORTEST).due(419));
    assertTrue(failedTwice.failed(420, SHORTEST).due(420));
    assertEquals(1, failedTwice.failed(420, SHORTEST).failures());
  }

  @Test
  void whatCannotBeOpenedIsTriedAgainAfterAPause() {
    Reopening refused = Reopening.now(0).refused(0, SHORTEST);
    assertFalse(refused.due(9));
    assertTrue(refused.due(10));
    assertEquals(10, refused.refused(0, SHORTEST).atNanos());
    // Nor does it count among its failures.
    assertTrue(refused.opened(10).failed(11, SHORTEST).due(11));
  }
}
