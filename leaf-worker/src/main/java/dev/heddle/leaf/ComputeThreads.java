package dev.heddle.leaf;

import dev.heddle.process.Carriers;
import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Where the leaf searches: so many calls at a time, so many more that wait, and no more. A call
 * whose caller is a virtual thread of this process that waits for it is run by that thread's
 * carrier, where a place is free; any other by a thread of the pool. So a query whose shards are
 * here never changes threads. Safe for any thread.
 */
final class ComputeThreads implements AutoCloseable {
  private static final Duration GRACE = Duration.ofSeconds(10);

  private final int threads;
  private final ThreadPoolExecutor pool;

  /** Held by whatever runs, on whichever thread. */
  private final Semaphore places;

  /**
   * @param threads calls at a time, at least 1
   * @param queue calls that wait; 0: none
   */
  ComputeThreads(int threads, int queue) {
    this(threads, Threads.bounded("leaf-compute", threads, queue));
  }

  ComputeThreads(int threads, ThreadPoolExecutor pool) {
    this.threads = threads;
    this.pool = pool;
    this.places = new Semaphore(threads, true);
  }

  /**
   * Runs the task, later.
   *
   * @param ends whether it surely ends when it is told to, so that it may have the thread of one
   *     who waits
   * @throws dev.heddle.process.HeddleException QUEUE_FULL, UNAVAILABLE
   */
  void execute(boolean ends, Runnable task) {
    var carriers = ends ? Carriers.current() : null;
    if (carriers != null && nobodyWaits() && places.tryAcquire()) {
      if (!pool.isShutdown()) {
        carriers.next(() -> held(task));
        return;
      }
      places.release();
    }
    pool.execute(() -> {
      places.acquireUninterruptibly();
      held(task);
    });
  }

  /** Those who came before have the places first. */
  private boolean nobodyWaits() {
    return pool.getQueue().isEmpty() && !places.hasQueuedThreads();
  }

  private void held(Runnable task) {
    try {
      task.run();
    } finally {
      places.release();
    }
  }

  /** Calls that wait for a place. */
  int waiting() {
    return pool.getQueue().size() + places.getQueueLength();
  }

  /** Takes no more calls, and waits for those that it has. */
  @Override
  public void close() {
    Threads.close(pool, GRACE);
    try {
      if (places.tryAcquire(threads, GRACE.toNanos(), TimeUnit.NANOSECONDS)) {
        places.release(threads);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
