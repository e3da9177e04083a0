package dev.heddle.leaf;

import io.grpc.Context;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Does something when a call's caller goes away, such as to interrupt the thread that works for it;
 * not at the call's deadline, which the work itself looks after. What has closed it is left alone.
 */
final class CallerWatch implements AutoCloseable, Context.CancellationListener {
  private final Context call = Context.current();
  private final Runnable gone;
  private final Runnable ended;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private boolean told;
  private boolean closed;

  private CallerWatch(Runnable gone, Runnable ended) {
    this.gone = gone;
    this.ended = ended;
  }

  /** Interrupts the calling thread when the caller of its call goes away. */
  static CallerWatch open() {
    var worker = Thread.currentThread();
    return watch(
        new CallerWatch(
            worker::interrupt,
            () -> {
              var _ = Thread.interrupted();
            }));
  }

  /** Does this, once, when the caller of the calling thread's call goes away, or has gone. */
  static CallerWatch open(Runnable gone) {
    return watch(new CallerWatch(gone, () -> {}));
  }

  private static CallerWatch watch(CallerWatch watch) {
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
        told = true;
        gone.run();
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
      if (told) {
        ended.run();
      }
    } finally {
      lock.unlock();
    }
  }
}
