package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DataSize;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

final class InvocationMeterTest {
  private final ManualTicker ticker = new ManualTicker();
  private final InvocationMeter meter = new InvocationMeter(ticker, 7);
  private final Sandbox sandbox =
      new JavaSandbox((event, context) -> event, "f", DataSize.ofKiB(1));

  @Test
  void whoeverLeavesWhileItWaitsForOthersIsNotChargedForThat() {
    meter.dispatched();
    meter.entered(sandbox);
    ticker.advance(Duration.ofMillis(3));
    meter.parked();
    ticker.advance(Duration.ofMillis(10));
    meter.unparked();
    ticker.advance(Duration.ofMillis(4));
    meter.parked();
    ticker.advance(Duration.ofMillis(100));
    meter.stillRuns(Thread.currentThread(), "i-1");
    var bill = meter.bill(1 << 20);
    assertEquals(7_000_000, bill.activeNanos());
    assertEquals(110_000_000, bill.parkedNanos());
    assertEquals(7_000_000, bill.memoryMibNanos());
    assertEquals(List.of("i-1"), bill.open());
  }

  @Test
  void codeThatHasJustEndedIsNotOpen() {
    meter.dispatched();
    meter.entered(sandbox);
    ticker.advance(Duration.ofMillis(3));
    meter.left(sandbox);
    ticker.advance(Duration.ofMillis(5));
    meter.stillRuns(Thread.currentThread(), "i-1");
    var bill = meter.bill(1 << 20);
    assertEquals(3_000_000, bill.activeNanos());
    assertTrue(bill.complete());
    assertFalse(meter.open());
  }

  /** While its sandbox is made, which then fails. */
  @Test
  void whatWasNamedAsOpenIsClosedThoughItNeverBegan() {
    meter.dispatched();
    meter.stillRuns(Thread.currentThread(), "i-1");
    assertEquals(List.of("i-1"), meter.bill(1 << 20).open());
    assertTrue(meter.open());
    assertEquals(0, meter.rest(1 << 20).activeNanos());
  }
}
