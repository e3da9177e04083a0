package dev.heddle.leaf;

import io.grpc.Context;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Interrupts the thread that works for a call when its caller goes away; not at the call's
 * deadline, which the work itself looks after. A thread that has closed it is not interrupted any
 * more.
 */
final class CallerWatch implements AutoCloseable, Context.CancellationListener {
  private final Context call = Context.current();
  private final Thread worker = Thread.currentThread();
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private boolean interrupted;
  private boolean closed;

  private CallerWatch() {}

  /** Watches the calling thread's call. */
  static CallerWatch open() {
    var watch = new CallerWatch();
    watch.call.addListener(watch, Runnable::run);
    return watch;
  }

  @Override
  public void cancelled(Context context) {
    if (context.cancellationCause() instanceof TimeoutException) {
      return;
    }
    lock.lock();
    try {
      if (!closed) {
        interrupted = true;
        worker.interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    call.removeListener(this);
    lock.lock();
    try {
      closed = true;
      if (interrupted) {
        var _ = Thread.interrupted();
      }
    } finally {
      lock.unlock();
    }
  }
}
