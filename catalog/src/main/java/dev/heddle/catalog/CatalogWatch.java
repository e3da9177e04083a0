package dev.heddle.catalog;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One watcher's place in the stream of updates. It gets a snapshot first, and again whenever it was
 * too slow for its buffer. Safe for any thread; one at a time polls.
 */
final class CatalogWatch implements AutoCloseable {
  private final Supplier<CatalogState> state;
  private final int capacity;
  private final Runnable signal;
  private final Consumer<CatalogWatch> onClose;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by {@link #lock}, as is what follows. */
  private final Deque<CatalogUpdate> waiting = new ArrayDeque<>();

  private boolean snapshotDue = true;
  private long sent;
  private boolean ended;

  CatalogWatch(
      Supplier<CatalogState> state, int capacity, Runnable signal, Consumer<CatalogWatch> onClose) {
    this.state = state;
    this.capacity = capacity;
    this.signal = signal;
    this.onClose = onClose;
  }

  /** The next update; empty: nothing new for now. */
  Optional<CatalogUpdate> poll() {
    lock.lock();
    try {
      if (ended) {
        return Optional.empty();
      }
      if (snapshotDue) {
        snapshotDue = false;
        CatalogUpdate snapshot = state.get().snapshot();
        sent = snapshot.revision();
        return Optional.of(snapshot);
      }
      CatalogUpdate next = waiting.poll();
      // The state is there before its update is offered: a snapshot may already hold it.
      while (next != null && next.revision() <= sent) {
        next = waiting.poll();
      }
      if (next != null) {
        sent = next.revision();
      }
      return Optional.ofNullable(next);
    } finally {
      lock.unlock();
    }
  }

  /** Whether nothing will come any more. */
  boolean ended() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  /** Called in revision order. */
  void offer(CatalogUpdate update) {
    lock.lock();
    try {
      if (ended || snapshotDue) {
        return;
      }
      if (waiting.size() >= capacity) {
        waiting.clear();
        snapshotDue = true;
      } else {
        waiting.add(update);
      }
    } finally {
      lock.unlock();
    }
  }

  /** The state was replaced as a whole: what follows is a snapshot of it. */
  void restart() {
    lock.lock();
    try {
      waiting.clear();
      snapshotDue = true;
    } finally {
      lock.unlock();
    }
  }

  /** Tells the watcher to poll; not on the thread that applies. */
  void signal() {
    signal.run();
  }

  @Override
  public void close() {
    lock.lock();
    try {
      ended = true;
      waiting.clear();
    } finally {
      lock.unlock();
    }
    onClose.accept(this);
  }
}
