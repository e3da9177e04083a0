package dev.heddle.coordinator.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ConcurrencyLimitTest {
  private static final int MOST = 1_024;
  private static final long DEADLINE_NANOS = 50_000_000;

  private final AdmissionConfig config = AdmissionConfig.defaults();

  /**
   * The limit after two thousand requests, all places taken, each of which takes the same time.
   *
   * @param lateEvery one in so many of them is late; 0: none
   */
  private int places(int lateEvery) {
    var limit = ConcurrencyLimit.of(config, MOST);
    for (int i = 1; i <= 2_000; i++) {
      boolean late = lateEvery > 0 && i % lateEvery == 0;
      limit.sample(5_000_000L * i, DEADLINE_NANOS, limit.places(), late);
    }
    return limit.places();
  }

  /** Each takes as long as its deadline lets it, so their times tell of no queue. */
  @Test
  void whereAllAreCutOffByTheirDeadlinesTheLimitFalls() {
    assertEquals("vegas", config.limit());
    assertEquals(config.least(), places(1));
    assertEquals(config.least(), places(8));
  }

  @Test
  void aFewThatAskForTooMuchDoNotLowerIt() {
    assertTrue(places(0) > config.first(), () -> "none late: " + places(0));
    assertEquals(places(0), places(25));
  }
}
