package dev.heddle.shard;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.process.Closer;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings this node's shards in line with the catalog, on a thread of its own: opening a shard may
 * take long, and the catalog's thread must not wait. Owns the thread.
 */
final class CatalogFollowing implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CatalogFollowing.class);
  private static final long NEVER = -1;

  private final Placements placements;
  private final CatalogClient catalog;
  private final Ticker ticker;
  private final ScheduledExecutorService thread =
      new ScheduledThreadPoolExecutor(1, Threads.named("shard-follow"));
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition followed = lock.newCondition();

  /** Whether a look is on its way that has not begun. */
  private final AtomicBoolean woken = new AtomicBoolean();

  private long revision = NEVER;
  private final Duration retryEvery;
  private final Closer ends = new Closer();

  CatalogFollowing(
      Placements placements, CatalogClient catalog, Duration retryEvery, Ticker ticker) {
    this.placements = placements;
    this.catalog = catalog;
    this.ticker = ticker;
    this.retryEvery = retryEvery;
    ends.register("thread", () -> OrderlyEnd.await(thread));
  }

  /** Begins to follow. */
  void start() {
    ScheduledFuture<?> retries =
        thread.scheduleWithFixedDelay(
            this::followNewest, retryEvery.toNanos(), retryEvery.toNanos(), TimeUnit.NANOSECONDS);
    ends.register("retries", () -> retries.cancel(false));
    ends.register("subscription", catalog.onChange(view -> wake()));
  }

  /** Looks soon at the catalog, and whether something is to be opened again. Any thread. */
  void wake() {
    if (!woken.compareAndSet(false, true)) {
      return;
    }
    try {
      thread.execute(() -> {
        // What comes from here on needs a look of its own.
        woken.set(false);
        followNewest();
      });
    } catch (RejectedExecutionException e) {
      log.debug("not woken, closing", e);
    }
  }

  private void followNewest() {
    CatalogView view = catalog.view();
    boolean known = catalog.ready() && view.revision() >= 0;
    try {
      if (!known) {
        // What was here before may fail meanwhile, too.
        if (followedRevision() >= 0) {
          placements.reopenMade(followedRevision());
        }
        return;
      }
      if (view.revision() != followedRevision()) {
        placements.follow(view);
        note(view.revision());
      } else {
        placements.openClosed(view.revision());
      }
    } catch (RuntimeException e) {
      log.error("following the catalog failed revision={}", view.revision(), e);
    }
  }

  private long followedRevision() {
    lock.lock();
    try {
      return revision;
    } finally {
      lock.unlock();
    }
  }

  private void note(long newRevision) {
    lock.lock();
    try {
      revision = newRevision;
      followed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until this node's shards are as of the revision or later. */
  void await(long wanted, Deadline deadline) {
    lock.lock();
    try {
      while (revision < wanted) {
        long left = deadline.remainingNanos(ticker);
        if (left <= 0) {
          throw new HeddleException(
              ErrorCode.DEADLINE_EXCEEDED,
              "catalog revision: %d (expected: %d by the deadline)".formatted(revision, wanted));
        }
        // The deadline may be in another time than the condition's: look again now and then.
        followed.awaitNanos(Math.min(left, TimeUnit.MILLISECONDS.toNanos(50)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeddleException(
          ErrorCode.CANCELLED, "await of shards: interrupted (expected: none)", e);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until something holds; looked at now and then. */
  void awaitUntil(BooleanSupplier condition, Deadline deadline) {
    lock.lock();
    try {
      while (!condition.getAsBoolean()) {
        long left = deadline.remainingNanos(ticker);
        if (left <= 0) {
          throw new HeddleException(
              ErrorCode.DEADLINE_EXCEEDED,
              "shards: not all have a leader and their schema, and are known to the catalog"
                  + " (expected: by the deadline)");
        }
        long _ = followed.awaitNanos(Math.min(left, TimeUnit.MILLISECONDS.toNanos(10)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HeddleException(
          ErrorCode.CANCELLED, "await of shards: interrupted (expected: none)", e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    ends.close();
  }
}
