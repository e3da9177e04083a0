package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.coordinator.plan.NodeUse;
import dev.heddle.coordinator.scatter.ExtraBudget;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.PercentileHedging;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What decides whether and where a query asks once more, and how much it may hold. */
class HedgingTest {
  private final ManualTicker ticker = new ManualTicker();
  private final PercentileHedging hedging =
      new PercentileHedging(new HedgingPolicy.Settings(0.95, Duration.ofMillis(1)), ticker);

  private static void answer(HedgingPolicy.Calls calls, int count, Duration took) {
    for (int i = 0; i < count; i++) {
      calls.answered("n", 1, took.toNanos());
    }
  }

  @Test
  void aCallIsLateBeyondTheQuantileOfLateCalls() {
    var calls = hedging.of("d", "search");
    answer(calls, 96, Duration.ofMillis(5));
    assertEquals(HedgingPolicy.NEVER, calls.delayNanos("n", 1));
    answer(calls, 96, Duration.ofMillis(5));
    answer(calls, 8, Duration.ofSeconds(1));
    answer(calls, 24, Duration.ofMillis(5));
    assertEquals(5e6, (double) calls.delayNanos("n", 1), 5e4);
    assertEquals(HedgingPolicy.NEVER, hedging.of("d", "other").delayNanos("n", 1));
    hedging.retain(Set.of());
    assertEquals(HedgingPolicy.NEVER, hedging.of("d", "search").delayNanos("n", 1));
  }

  @Test
  void noCallIsLateBeforeTheLeastTime() {
    var calls = hedging.of("d", "search");
    answer(calls, 128, Duration.ofNanos(80_000));
    assertEquals(1_000_000, calls.delayNanos("n", 1));
  }

  @Test
  void whatWasLongAgoIsForgotten() {
    var calls = hedging.of("d", "search");
    answer(calls, 320, Duration.ofMillis(50));
    assertEquals(50e6, (double) calls.delayNanos("n", 1), 5e5);
    for (int window = 0; window < 3; window++) {
      ticker.advance(Duration.ofSeconds(11));
      answer(calls, 320, Duration.ofMillis(2));
    }
    assertEquals(2e6, (double) calls.delayNanos("n", 1), 5e4);
  }

  @Test
  void extraExecutionsAreAShareOfAll() {
    var budget = new ExtraBudget(0.05, 100, 0.3, false);
    assertFalse(budget.spend(1, true));
    int extra = 0;
    for (int i = 0; i < 10_000; i++) {
      budget.earn(4);
      if (budget.spend(4, false)) {
        extra += 4;
      }
    }
    assertTrue(extra <= 2_000 && extra > 1_900, "extra " + extra);
  }

  @Test
  void theLastExtraExecutionsAreForThoseInAHurry() {
    var budget = new ExtraBudget(0.05, 100, 0.3, true);
    assertTrue(budget.spend(90, false));
    assertFalse(budget.spend(1, false));
    assertTrue(budget.spend(20, true));
    assertFalse(budget.spend(1, true));
    budget.earn(1_000);
    assertTrue(budget.spend(1, true));
  }

  @Test
  void nobodyGetsAnythingWhileEverythingIsSlow() {
    var budget = new ExtraBudget(0.05, 100, 0.3, true);
    for (int i = 0; i < 20; i++) {
      budget.punctual(false);
    }
    assertTrue(budget.everythingSlow());
    assertFalse(budget.spend(1, true));
    for (int i = 0; i < 100; i++) {
      budget.punctual(true);
    }
    assertTrue(budget.spend(1, true));
  }

  @Test
  void aNodeThatFailsThreeTimesIsEjectedAndProbedByOneCall() {
    var node = new NodeUse();
    long now = 0;
    node.failed(now);
    node.failed(now);
    assertFalse(node.ejected(now));
    node.failed(now);
    assertTrue(node.ejected(now));
    now += Duration.ofMillis(1_100).toNanos();
    assertFalse(node.ejected(now));
    node.chosen(now);
    assertTrue(node.ejected(now));
    node.failed(now);
    assertTrue(node.ejected(now + Duration.ofMillis(1_900).toNanos()));
    node.answered(0, now);
    assertFalse(node.ejected(now));
  }

  @Test
  void aQueryThatHoldsTooMuchIsRefused() {
    var bytes = new HeldBytes(DataSize.ofKiB(1), DataSize.ofKiB(2));
    try (var query = bytes.open()) {
      query.add(24);
      query.state(400);
      query.add(300);
      query.check();
      query.add(-300);
      query.state(1_000);
      query.check();
      assertEquals(1_024, bytes.bytes());
      query.add(1);
      var failure = assertThrows(HeddleException.class, query::check);
      assertEquals(ErrorCode.LIMIT_REACHED, failure.code());
    }
    assertEquals(0, bytes.bytes());
  }

  @Test
  void whereAllQueriesHoldTooMuchThoseWithLittleGoOn() {
    var bytes = new HeldBytes(DataSize.ofKiB(1), DataSize.ofKiB(2));
    var one = bytes.open();
    var two = bytes.open();
    var three = bytes.open();
    one.add(1_020);
    two.add(1_020);
    three.add(8);
    three.check();
    one.check();
    two.add(4);
    var failure = assertThrows(HeddleException.class, one::check);
    assertEquals(ErrorCode.OVERLOADED, failure.code());
    three.check();
    one.close();
    one.add(50_000);
    one.state(60_000);
    two.check();
    two.close();
    three.close();
    assertEquals(0, bytes.bytes());
  }
}
