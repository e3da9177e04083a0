package dev.heddle.loadtest.chaos;

import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for conditions and for time to pass. */
public final class Pacing {
  private static final long STEP_NANOS = Duration.ofMillis(20).toNanos();

  private Pacing() {}

  /** Waits for the time to pass, or for {@code stopped}. */
  public static void pause(Duration time, Ticker ticker, BooleanSupplier stopped)
      throws InterruptedException {
    await(time, ticker, stopped);
  }

  /** Returns whether the condition came to hold in time. */
  public static boolean await(Duration limit, Ticker ticker, BooleanSupplier condition)
      throws InterruptedException {
    long start = ticker.nanoTime();
    while (!condition.getAsBoolean()) {
      long left = limit.toNanos() - (ticker.nanoTime() - start);
      if (left <= 0) {
        return false;
      }
      LockSupport.parkNanos(Math.min(left, STEP_NANOS));
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
    return true;
  }
}
