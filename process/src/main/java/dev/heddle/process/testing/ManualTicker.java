package dev.heddle.process.testing;

import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** A ticker that moves only when told to. Safe for any thread. */
public final class ManualTicker implements Ticker {
  /** Not zero, and close to the overflow: arithmetic on absolute values shows up as a failure. */
  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 1_000_000_000L);

  @Override
  public long nanoTime() {
    return now.get();
  }

  /** Moves on by {@code step}, which must not be negative. */
  public void advance(Duration step) {
    if (step.isNegative()) {
      throw new IllegalArgumentException("step: " + step + " (expected: >= 0)");
    }
    now.addAndGet(step.toNanos());
  }
}
