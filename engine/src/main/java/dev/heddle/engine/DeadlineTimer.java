package dev.heddle.engine;

import dev.heddle.process.Deadline;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Does small things at a deadline, and some now and then, on one thread of its own. */
final class DeadlineTimer implements AutoCloseable {
  /** Takes what was to be done off the timer. */
  interface Alarm {
    void cancel();
  }

  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, Threads.named("heddle-engine-timer"));
  private final Ticker ticker;

  DeadlineTimer(Ticker ticker) {
    this.ticker = ticker;
    timer.setRemoveOnCancelPolicy(true);
    // What is unloaded after the end still asks for something to be done later.
    timer.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
  }

  Alarm at(Deadline deadline, Runnable task) {
    long nanos = Math.max(0, deadline.remainingNanos(ticker));
    var scheduled = timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
    return () -> scheduled.cancel(false);
  }

  /** Once, after so long; null where it was closed before, and will not come. */
  @Nullable Alarm after(long nanos, Runnable task) {
    var scheduled = timer.schedule(task, nanos, TimeUnit.NANOSECONDS);
    if (timer.isShutdown()) {
      scheduled.cancel(false);
      return null;
    }
    return () -> scheduled.cancel(false);
  }

  void every(long nanos, Runnable task) {
    var _ = timer.scheduleWithFixedDelay(task, nanos, nanos, TimeUnit.NANOSECONDS);
  }

  /** Takes no more; what was set still comes at its time. */
  @Override
  public void close() {
    timer.shutdown();
  }
}
