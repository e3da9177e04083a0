package dev.heddle.coordinator.plan;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What this coordinator itself sees of a node: the shards that it waits for there, what calls take
 * beyond the work, and whether the node is ejected. A node that fails three times in a row, or is
 * outrun six times, is ejected for a while, twice as long each time; then one call goes there as a
 * probe, and what comes of it decides. Safe for many threads; figures may miss an update, never
 * more.
 */
public final class NodeUse {
  /** Points in a row until a node is ejected. */
  private static final int PATIENCE = 6;

  /** Points of a call that failed, and of one that others overtook. */
  private static final int FAILED = 2;

  private static final int OUTRUN = 1;

  private static final long FIRST_NANOS = Duration.ofSeconds(1).toNanos();
  private static final int MOST_DOUBLINGS = 5;

  /** Weight of the newest call in the mean. */
  private static final double NEWEST = 0.1;

  private final AtomicInteger outstanding = new AtomicInteger();
  private volatile double overheadNanos = Double.NaN;
  private volatile long heardNanos;

  /** In points. Guarded by this, as is what follows. */
  private int failures;

  private int ejections;
  private volatile boolean ejected;
  private long untilNanos;

  /** A call for so many shards left for the node. */
  public void sent(int shards) {
    outstanding.addAndGet(shards);
  }

  /** It ended, somehow. */
  public void ended(int shards) {
    outstanding.addAndGet(-shards);
  }

  /** Shards that are asked of the node and not answered yet. */
  public int outstanding() {
    return outstanding.get();
  }

  /**
   * A call was answered.
   *
   * @param beyondNanos time that it took beyond the work itself: the way and the queue
   */
  public void answered(long beyondNanos, long nowNanos) {
    double mean = overheadNanos;
    long beyond = Math.max(0, beyondNanos);
    overheadNanos = Double.isNaN(mean) ? beyond : mean * (1 - NEWEST) + beyond * NEWEST;
    heardNanos = nowNanos;
    if (ejected || failures > 0) {
      recovered();
    }
  }

  private synchronized void recovered() {
    failures = 0;
    ejections = Math.max(0, ejections - (ejected ? 1 : 0));
    ejected = false;
  }

  /** The node could not be reached. */
  public void failed(long nowNanos) {
    fault(FAILED, nowNanos);
  }

  /** Another node was asked later, and answered first. */
  public void outrun(long nowNanos) {
    fault(OUTRUN, nowNanos);
  }

  private synchronized void fault(int points, long nowNanos) {
    failures += points;
    if (failures >= PATIENCE || ejected) {
      long wait = FIRST_NANOS << Math.min(MOST_DOUBLINGS, ejections);
      ejections++;
      ejected = true;
      untilNanos = nowNanos + wait;
    }
  }

  /** Whether the node is ejected, and its time has not come. */
  public boolean ejected(long nowNanos) {
    return ejected && stillEjected(nowNanos);
  }

  private synchronized boolean stillEjected(long nowNanos) {
    return ejected && nowNanos - untilNanos < 0;
  }

  /** The node was chosen: if it had been ejected, this is the probe, and others wait for it. */
  public void chosen(long nowNanos) {
    if (ejected) {
      probe(nowNanos);
    }
  }

  private synchronized void probe(long nowNanos) {
    if (nowNanos - untilNanos >= 0) {
      untilNanos = nowNanos + FIRST_NANOS;
    }
  }

  /** Mean time that calls take beyond the work, in nanoseconds; NaN: not known, or of long ago. */
  double overheadNanos(long nowNanos, long oldNanos) {
    return nowNanos - heardNanos > oldNanos ? Double.NaN : overheadNanos;
  }
}
