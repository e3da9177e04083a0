package dev.heddle.catalog;

import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells listeners of new views, on a thread of its own: a slow one never holds up the view itself.
 * Safe for any thread.
 */
final class CatalogListeners implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CatalogListeners.class);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  private final Supplier<CatalogView> view;
  private final CopyOnWriteArrayList<Listener> listeners = new CopyOnWriteArrayList<>();
  private final AtomicBoolean due = new AtomicBoolean();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Threads.named("catalog-listeners"));

  CatalogListeners(Supplier<CatalogView> view) {
    this.view = view;
  }

  AutoCloseable add(Consumer<CatalogView> consumer) {
    Listener listener = new Listener(consumer);
    listener.deliver(view.get());
    listeners.add(listener);
    // Whatever came between the two lines above.
    changed();
    return () -> listeners.remove(listener);
  }

  /** There is a new view. */
  void changed() {
    if (due.compareAndSet(false, true)) {
      try {
        thread.execute(this::deliver);
      } catch (RejectedExecutionException e) {
        log.debug("view not delivered: closed");
      }
    }
  }

  @Override
  public void close() {
    listeners.clear();
    Threads.close(thread, CLOSE_GRACE);
  }

  private void deliver() {
    due.set(false);
    for (Listener listener : listeners) {
      try {
        listener.deliver(view.get());
      } catch (RuntimeException e) {
        log.error("catalog listener failed revision={}", view.get().revision(), e);
      }
    }
  }

  private static final class Listener {
    private final Consumer<CatalogView> consumer;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable CatalogView last;

    Listener(Consumer<CatalogView> consumer) {
      this.consumer = consumer;
    }

    @SuppressWarnings("ReferenceEquality") // A view is one value; its successor another.
    void deliver(CatalogView view) {
      lock.lock();
      try {
        if (last != view) {
          last = view;
          consumer.accept(view);
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
