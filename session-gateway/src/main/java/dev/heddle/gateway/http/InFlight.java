package dev.heddle.gateway.http;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** How many there are of something, and waiting until there is none. Thread-safe. */
public final class InFlight {
  private final AtomicInteger count = new AtomicInteger();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition none = lock.newCondition();

  /** One more; returns how many there are now. */
  public int enter() {
    return count.incrementAndGet();
  }

  /** One less. */
  public void leave() {
    if (count.decrementAndGet() == 0) {
      lock.lock();
      try {
        none.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  public int count() {
    return count.get();
  }

  /** Returns when there is none, or after this time; keeps an interrupt. */
  public void awaitNone(Duration most) {
    lock.lock();
    try {
      long left = most.toNanos();
      while (count.get() > 0 && left > 0) {
        left = none.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }
}
