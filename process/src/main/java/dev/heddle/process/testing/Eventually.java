package dev.heddle.process.testing;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Polls for what another thread is about to do, up to a limit of real time. */
public final class Eventually {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private Eventually() {}

  /** Returns once {@code condition} holds; fails with {@code what} after a minute. */
  public static void eventually(String what, Callable<Boolean> condition) {
    within(LIMIT, what, condition);
  }

  /** Returns once {@code condition} holds; fails with {@code what} after {@code limit}. */
  public static void within(Duration limit, String what, Callable<Boolean> condition) {
    long start = System.nanoTime();
    while (!holds(what, condition)) {
      if (System.nanoTime() - start > limit.toNanos()) {
        throw new AssertionError("not within " + limit + ": " + what);
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new AssertionError("interrupted while waiting for: " + what);
      }
      LockSupport.parkNanos(STEP_NANOS);
    }
  }

  private static boolean holds(String what, Callable<Boolean> condition) {
    try {
      return condition.call();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted while waiting for: " + what, e);
    } catch (Exception e) {
      throw new AssertionError("failed while waiting for: " + what, e);
    }
  }
}
