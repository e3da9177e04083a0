package dev.heddle.loadtest.chaos;

import dev.heddle.process.Ticker;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reads that sessions together still have to do: so many, of which those that fail do not count,
 * and more until one of them found its replica slow. Safe for any thread.
 */
final class ReadsLeft {
  private final AtomicLong left;
  private final long end;
  private final Ticker ticker;
  private volatile boolean slow;

  /**
   * @param reads at least
   * @param end by the ticker; no read replica was slow until then: so be it
   */
  ReadsLeft(long reads, long end, Ticker ticker) {
    this.left = new AtomicLong(reads);
    this.end = end;
    this.ticker = ticker;
  }

  boolean any() {
    return left.get() > 0 || (!slow && ticker.nanoTime() - end < 0);
  }

  /** Whether there is another read to do, which is the caller's then. */
  boolean take() {
    return left.getAndUpdate(reads -> Math.max(0, reads - 1)) > 0 || any();
  }

  /** A read that was taken has failed. */
  void failed() {
    left.incrementAndGet();
  }

  /** A replica was too slow, and another one was asked. */
  void elsewhere() {
    slow = true;
  }
}
