package dev.heddle.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
}
