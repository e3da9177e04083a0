package dev.heddle.coordinator.scatter;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many shards may be asked of a further replica: a share of those asked of a first one, on the
 * whole, and no more than a burst at once. Every first execution earns a fraction; an extra one
 * spends a whole. Who is in no hurry leaves the last tenth to those who are. Nobody gets anything
 * while everything is slow, as then another replica would be no faster and have more to do. Safe
 * for many threads.
 */
public final class ExtraBudget {
  private static final long WHOLE = 1_000;

  /** Weight of the newest call in the share of late ones, as a power of two. */
  private static final int NEWEST_SHIFT = 5;

  private static final int ALL_LATE = 1 << 20;

  private final long earned;
  private final long most;
  private final int slow;
  private final AtomicLong purse;
  private final AtomicInteger late = new AtomicInteger();

  /**
   * Creates a purse.
   *
   * @param share of the first executions, 0..1
   * @param burst executions at once
   * @param slowShare 0..1: beyond this share of late calls, everything is slow
   * @param full whether there is a burst to begin with, besides the share
   */
  public ExtraBudget(double share, int burst, double slowShare, boolean full) {
    this.earned = Math.round(share * WHOLE);
    this.most = earned == 0 ? 0 : burst * WHOLE;
    this.slow = (int) (slowShare * ALL_LATE);
    this.purse = new AtomicLong(full ? most : 0);
  }

  /** So many shards were asked of a first replica. */
  public void earn(int shards) {
    earn(shards, 1);
  }

  /**
   * So many shards were asked of a first replica, or of a coordinator that asks for them. In a tree
   * they are asked for once on each level, and each of those coordinators may ask for them again:
   * together they earn what one would have.
   *
   * @param levels of calls in the query's tree
   */
  public void earn(int shards, int levels) {
    long now = purse.get();
    if (now < most) {
      purse.addAndGet(Math.min(shards * earned / levels, most - now));
    }
  }

  /**
   * Asks for extra executions. The last ones may be more than are left: what comes then has to wait
   * until that is earned.
   *
   * @param hurry whether this is about someone who was late before
   * @return whether they may be
   */
  public boolean spend(int shards, boolean hurry) {
    if (everythingSlow()) {
      return false;
    }
    long floor = hurry ? 0 : most / 10;
    while (true) {
      long now = purse.get();
      if (now <= floor) {
        return false;
      }
      if (purse.compareAndSet(now, now - shards * WHOLE)) {
        return true;
      }
    }
  }

  /**
   * Extra executions that are made whether there is room for them or not. Who asks next has to wait
   * until they are earned.
   */
  public void owe(int shards) {
    purse.addAndGet(-shards * WHOLE);
  }

  /** Whether there is anything to spend now. */
  public boolean left() {
    return purse.get() > 0;
  }

  /** A call ended in its time, or became late. */
  public void punctual(boolean inTime) {
    int target = inTime ? 0 : ALL_LATE;
    int now = late.get();
    late.compareAndSet(now, now + ((target - now) >> NEWEST_SHIFT));
  }

  /** Whether so many calls are late that it is nobody's fault. */
  public boolean everythingSlow() {
    return late.get() > slow;
  }
}
