package dev.heddle.engine.wasm;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all guests of a node may hold together, and the modules that are loaded for them: a heap
 * that is full ends the whole process, so that it must never come to that. Safe for any thread.
 */
final class MemoryBudget {
  private final long limit;
  private final AtomicLong taken = new AtomicLong();
  private final AtomicLong loaded = new AtomicLong();

  /**
   * @param limit in bytes
   */
  MemoryBudget(long limit) {
    this.limit = limit;
  }

  /**
   * @throws HeddleException OVERLOADED when the node has no more to give
   */
  void take(long bytes) {
    take(taken, bytes);
  }

  private void take(AtomicLong counter, long bytes) {
    counter.addAndGet(bytes);
    if (taken.get() + loaded.get() > limit) {
      counter.addAndGet(-bytes);
      throw new HeddleException(
          ErrorCode.OVERLOADED,
          "wasm memory: %d bytes more than the node's %d (expected: room for %d)"
              .formatted(Math.max(0, taken.get() + loaded.get() + bytes - limit), limit, bytes));
    }
  }

  void giveBack(long bytes) {
    taken.addAndGet(-bytes);
  }

  /**
   * As {@link #take}, for what a module that is loaded holds for all its instances.
   *
   * @throws HeddleException OVERLOADED when the node has no more to give
   */
  void load(long bytes) {
    take(loaded, bytes);
  }

  void unload(long bytes) {
    loaded.addAndGet(-bytes);
  }

  /** What instances hold. */
  long taken() {
    return taken.get();
  }
}
