package dev.heddle.engine;

import dev.heddle.function.StoppedException;
import java.util.concurrent.locks.ReentrantLock;
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
  private boolean ended;

  /**
   * Marks the calling thread as the one that runs.
   *
   * @throws StoppedException after the {@link #end}
   */
  public void enter() {
    lock.lock();
    try {
      if (ended) {
        throw new StoppedException("stopped by the platform");
      }
      runner = Thread.currentThread();
      interrupted = false;
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

  /** Interrupts whatever runs; without effect on what runs later. */
  public void interrupt() {
    lock.lock();
    try {
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
