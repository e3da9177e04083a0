package dev.heddle.leaf;

import io.grpc.Context;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Interrupts the thread of a call that waits for what a function answers, once nobody waits for it
 * any more; until it is closed, by that thread.
 */
final class InterruptedWaiter implements Context.CancellationListener, AutoCloseable {
  private final Context call = Context.current();
  private final Thread waiter = Thread.currentThread();
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private boolean waiting = true;
  private boolean interrupted;

  private InterruptedWaiter() {}

  /** Of the current call, whose thread is this one. */
  static InterruptedWaiter ofThisCall() {
    var made = new InterruptedWaiter();
    made.call.addListener(made, Runnable::run);
    return made;
  }

  @Override
  public void cancelled(Context cancelled) {
    lock.lock();
    try {
      if (waiting) {
        interrupted = true;
        waiter.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends it, and takes back its interrupt: the thread goes on to other work. */
  @Override
  public void close() {
    call.removeListener(this);
    lock.lock();
    try {
      waiting = false;
      if (interrupted) {
        var _ = Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }
}
