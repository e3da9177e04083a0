package dev.heddle.coordinator.admission;

import com.netflix.concurrency.limits.Limit;
import com.netflix.concurrency.limits.limit.VegasLimit;
import java.util.function.Consumer;

/**
 * Vegas (Brakmo and Peterson, 1994; as in Netflix' concurrency-limits) for requests of very
 * different sizes. What differs from the library's own, and why:
 *
 * <ul>
 *   <li>It measures anew, now and then, what requests take without a queue. Vegas by itself takes
 *       the next sample for that, which under lasting load has a queue in it, so the limit drifts
 *       upwards; here the limit is halved while it measures, so that the queue drains (as BBR's
 *       ProbeRTT: Cardwell et al., ACM Queue 14(5), 2016).
 *   <li>The queue that it allows grows with the limit: a constant one is less than the noise of the
 *       measurement where many requests are in work, and would hold the limit down.
 *   <li>It has no random state.
 * </ul>
 *
 * <p>Samples are of windows, whose times are smoothed. Guarded by its owner.
 */
final class ProbedVegas implements Limit {
  /** Windows between measurements: each takes two. */
  private static final int EVERY = 100;

  /** Requests that began before the limit was halved are in the first one. */
  private static final int DRAINING = 1;

  private static final double SMOOTHING = 0.3;

  /** Shares of the limit that may queue: with less it grows, with more it shrinks. */
  private static final double GROWS = 0.1;

  private static final double SHRINKS = 0.2;

  private final int least;
  private final int most;
  private Limit vegas;
  private int windows;
  private double smoothNanos;

  ProbedVegas(int least, int first, int most) {
    this.least = least;
    this.most = most;
    this.vegas = vegas(first);
  }

  private Limit vegas(int first) {
    return VegasLimit.newBuilder()
        .initialLimit(first)
        .maxConcurrency(most)
        .alphaFunction(limit -> Math.max(2, (int) (GROWS * limit)))
        .betaFunction(limit -> Math.max(4, (int) (SHRINKS * limit)))
        .probeMultiplier(Integer.MAX_VALUE)
        .build();
  }

  @Override
  public int getLimit() {
    int limit = vegas.getLimit();
    return Math.clamp(windows >= EVERY ? limit / 2 : limit, least, most);
  }

  @Override
  public void notifyOnChange(Consumer<Integer> consumer) {
    throw new UnsupportedOperationException("listeners: none (expected: callers ask)");
  }

  @Override
  public void onSample(long startTime, long rtt, int inflight, boolean didDrop) {
    windows++;
    if (windows <= EVERY) {
      smoothNanos = smoothNanos == 0 ? rtt : smoothNanos + (rtt - smoothNanos) * SMOOTHING;
      vegas.onSample(startTime, Math.max(1, (long) smoothNanos), inflight, didDrop);
    } else if (windows > EVERY + DRAINING) {
      vegas = vegas(Math.max(least, vegas.getLimit()));
      // The first sample is what requests take without a queue.
      vegas.onSample(startTime, rtt, inflight, false);
      smoothNanos = rtt;
      windows = 0;
    }
  }
}
