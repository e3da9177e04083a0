package dev.heddle.loadtest.chaos;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for conditions and for time to pass. */
public final class Pacing {
  private static final long STEP_NANOS = Duration.ofMillis(20).toNanos();
  private static final long AGAIN_NANOS = Duration.ofMillis(200).toNanos();

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

  /**
   * Makes a call again and again that may fail for the moment, as calls do on a machine that stands
   * still now and then.
   *
   * @param call changes nothing, or the same each time
   * @throws HeddleException the last one where time is over; at once one that says that the call is
   *     wrong
   */
  public static <T> T retried(Duration limit, Ticker ticker, Supplier<T> call)
      throws InterruptedException {
    long start = ticker.nanoTime();
    while (true) {
      try {
        return call.get();
      } catch (HeddleException e) {
        long left = limit.toNanos() - (ticker.nanoTime() - start);
        if (e.code().kind() == ErrorCode.Kind.USER || left <= 0) {
          throw e;
        }
        pause(Duration.ofNanos(Math.min(left, AGAIN_NANOS)), ticker, () -> false);
      }
    }
  }
}
