package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class CrowdTest {
  private final ManualTicker ticker = new ManualTicker();
  private int computing;
  private int counted;
  private double load = 1;
  private final Crowd crowd =
      new Crowd(
          2,
          () -> {
            counted++;
            return computing;
          },
          () -> load,
          ticker);

  private void begin(int handlers) {
    for (int i = 0; i < handlers; i++) {
      assertFalse(crowd.full(0), "handler " + i);
      crowd.began();
    }
  }

  @Test
  void soManyAsKeepTheProcessorsBusyBeginAtOnce() {
    computing = 4;
    begin(4);
    assertTrue(crowd.full(0));
    assertFalse(crowd.full(1));
    crowd.ended();
    assertFalse(crowd.full(0));
  }

  @Test
  void thoseThatWaitForSomethingDoNotCount() {
    begin(4);
    ticker.advance(Duration.ofMillis(1));
    computing = 1;
    begin(3);
    computing = 4;
    ticker.advance(Duration.ofMillis(1));
    assertTrue(crowd.full(0));
  }

  @Test
  void countsOnlyWhereItMattersAndNotTooOften() {
    begin(4);
    assertEquals(0, counted);
    computing = 4;
    for (int i = 0; i < 10; i++) {
      assertTrue(crowd.full(0));
    }
    assertEquals(1, counted);
  }

  @Test
  void whileProcessorsHaveTimeToSpareWhatLooksBusyIsNot() {
    computing = 4;
    begin(4);
    load = 0.3;
    // What was asked for first is of times long gone.
    assertTrue(crowd.full(0));
    ticker.advance(Duration.ofMillis(55));
    assertFalse(crowd.full(0));
    load = 0.95;
    ticker.advance(Duration.ofMillis(55));
    assertTrue(crowd.full(0));
    load = -1;
    ticker.advance(Duration.ofMillis(55));
    assertTrue(crowd.full(0));
  }

  @Test
  void aMomentOfIdlenessLetsInAFewAndNotAllThatWait() {
    crowdedAndIdle();
    assertEquals(4, letIn());
    assertTrue(crowd.full(0));
    load = 1;
    assertEquals(0, letIn());
    load = 0.5;
    assertEquals(4, letIn());
  }

  @Test
  void theLongerProcessorsAreIdleTheMoreBegin() {
    crowdedAndIdle();
    assertEquals(4, letIn());
    assertEquals(8, letIn());
    assertEquals(16, letIn());
  }

  /** As many compute as may, and yet the processors have time to spare. */
  private void crowdedAndIdle() {
    computing = 4;
    begin(4);
    assertTrue(crowd.full(0));
    load = 0.5;
  }

  /** How many of very many may begin once the load was looked at again. */
  private int letIn() {
    ticker.advance(Duration.ofMillis(55));
    int begun = 0;
    while (begun < 1_000 && !crowd.full(0)) {
      crowd.began();
      begun++;
      computing++;
    }
    return begun;
  }
}
