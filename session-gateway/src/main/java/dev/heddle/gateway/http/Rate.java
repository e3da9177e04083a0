package dev.heddle.gateway.http;

import java.util.concurrent.TimeUnit;

/**
 * So much a second, in bursts of a second's worth: the generic cell rate algorithm (ITU-T I.371).
 * What is larger than a burst passes alone. Owned by one thread at a time.
 */
public final class Rate {
  private static final long BURST = TimeUnit.SECONDS.toNanos(1);
  private static final double LONGEST = TimeUnit.DAYS.toNanos(365);

  private final long perSecond;
  private long dueNanos;

  /**
   * Full at first.
   *
   * @param perSecond at least 1
   */
  public Rate(long perSecond, long nowNanos) {
    this.perSecond = perSecond;
    this.dueNanos = nowNanos;
  }

  /** Takes so much and returns 0, or takes nothing and says in how many nanoseconds it would. */
  public long take(long amount, long nowNanos) {
    long ahead = Math.max(0, dueNanos - nowNanos);
    double cost = (double) amount * BURST / perSecond;
    long wait = ahead - (BURST - (long) Math.min(cost, (double) BURST));
    if (wait > 0) {
      return wait;
    }
    dueNanos = nowNanos + ahead + (long) Math.min(cost, LONGEST);
    return 0;
  }
}
