package dev.heddle.engine;

import dev.heddle.function.StoppedException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Reaches the thread that runs a function's code while it does, and only then: a thread that has
 * come back is never found interrupted on this account. Safe for any thread.
 */
public final class Interruption {
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private @Nullable Thread runner;
  private boolean interrupted;

  /** Whether nothing ran when it was to be interrupted last, since something was entered. */
  private boolean missed;

  private boolean ended;

  /**
   * Marks the calling thread as the one that runs.
   *
   * @param abandoned whether it need not run any more; set before {@link #interrupt} is called on
   *     that account, so that one of both is heard in any case
   * @throws StoppedException if it is, or if nothing runs any more
   */
  public void enter(BooleanSupplier abandoned) {
    lock.lock();
    try {
      if (ended || abandoned.getAsBoolean()) {
        throw new StoppedException("stopped by the platform");
      }
      runner = Thread.currentThread();
      interrupted = false;
      missed = false;
    } finally {
      lock.unlock();
    }
  }

  /** The calling thread must not be reached for a moment: what was to reach it comes later. */
  void away() {
    lock.lock();
    try {
      runner = null;
      if (interrupted) {
        interrupted = false;
        missed = true;
        var _ = Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }

  /** It may be reached again: whatever was to end it meanwhile does so now. */
  void back() {
    lock.lock();
    try {
      runner = Thread.currentThread();
      if (missed || ended) {
        interrupted = true;
        runner.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The calling thread has come back. */
  public void leave() {
    lock.lock();
    try {
      runner = null;
      if (interrupted) {
        interrupted = false;
        var _ = Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Interrupts whatever runs. */
  public void interrupt() {
    lock.lock();
    try {
      missed = runner == null;
      if (runner != null) {
        interrupted = true;
        runner.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  /** As {@link #interrupt}, and nothing runs any more. */
  public void end() {
    lock.lock();
    try {
      ended = true;
      interrupt();
    } finally {
      lock.unlock();
    }
  }
}
