package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The watchers of one member. Updates are handed to them in revision order by the thread that
 * applies; a thread of its own tells them to poll. Safe for any thread.
 */
final class CatalogWatches implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CatalogWatches.class);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  private final CatalogConfig config;
  private final CopyOnWriteArrayList<CatalogWatch> watches = new CopyOnWriteArrayList<>();
  private final ReentrantLock adding = new ReentrantLock();
  private final AtomicBoolean due = new AtomicBoolean();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Threads.named("catalog-watches"));

  CatalogWatches(CatalogConfig config) {
    this.config = config;
  }

  /**
   * A new watch, to be polled whenever {@code signal} is run.
   *
   * @throws HeddleException LIMIT_REACHED
   */
  CatalogWatch add(Supplier<CatalogState> state, Runnable signal) {
    CatalogWatch watch = new CatalogWatch(state, config.watcherBuffer(), signal, watches::remove);
    adding.lock();
    try {
      if (watches.size() >= config.maxWatchers()) {
        throw new HeddleException(
            ErrorCode.LIMIT_REACHED,
            "watchers: " + watches.size() + " (expected: < " + config.maxWatchers() + ")");
      }
      watches.add(watch);
      return watch;
    } finally {
      adding.unlock();
    }
  }

  /** Called in revision order. */
  void offer(CatalogUpdate update) {
    watches.forEach(watch -> watch.offer(update));
    signal();
  }

  /** The state was replaced as a whole. */
  void restart() {
    watches.forEach(CatalogWatch::restart);
    signal();
  }

  /** Ends the watches of now. */
  void endAll() {
    for (CatalogWatch watch : watches) {
      watch.close();
      watch.signal();
    }
  }

  private void signal() {
    if (!watches.isEmpty() && due.compareAndSet(false, true)) {
      try {
        thread.execute(this::signalAll);
      } catch (RejectedExecutionException e) {
        log.debug("watchers not told: closed");
      }
    }
  }

  private void signalAll() {
    due.set(false);
    watches.forEach(CatalogWatch::signal);
  }

  @Override
  public void close() {
    endAll();
    Threads.close(thread, CLOSE_GRACE);
  }
}
