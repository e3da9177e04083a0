package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.process.Ticker;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class SchedulerFloorTest {
  @Test
  void recordsByHowMuchEachPauseWasLate() throws InterruptedException {
    var ticker = new ManualTicker();
    var late = new long[] {50_000, 0, 3_000_000};
    var step = new int[1];
    var floor =
        new SchedulerFloor(
            ticker, nanos -> ticker.advance(Duration.ofNanos(nanos + late[step[0]++])));

    for (int i = 0; i < late.length; i++) {
      floor.step();
    }

    var figures = floor.stop().percentiles();
    assertEquals(3, figures.count());
    assertEquals(0, figures.min());
    assertEquals(50, figures.p50(), 0.05);
    assertEquals(3_000, figures.max(), 3);
  }

  @Test
  void aPauseThatEndsTooEarlyIsNotLate() throws InterruptedException {
    var floor = new SchedulerFloor(new ManualTicker(), nanos -> {});
    floor.step();
    assertEquals(0, floor.stop().percentiles().max());
  }

  @Test
  @Timeout(300)
  void measuresOnItsOwnThreadUntilStopped() throws InterruptedException {
    var floor = SchedulerFloor.start(Ticker.system());
    var late = floor.stop();
    var before = late.percentiles().count();
    assertEquals(before, floor.stop().percentiles().count());
  }
}
