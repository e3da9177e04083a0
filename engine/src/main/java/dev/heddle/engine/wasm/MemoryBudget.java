package dev.heddle.engine.wasm;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all guests of a node may hold together, and the modules that are loaded for them: a heap
 * that is full ends the whole process, so that it must never come to that. Safe for any thread.
 */
final class MemoryBudget {
  /** Of the limit, in quarters, up to which there is memory for what could be done without. */
  private static final int SPARE_QUARTERS = 3;

  private final long limit;
  private final HeapRegions regions;
  private final AtomicLong taken = new AtomicLong();
  private final AtomicLong loaded = new AtomicLong();

  /**
   * @param limit in bytes
   */
  MemoryBudget(long limit) {
    this(limit, HeapRegions.ofThisProcess());
  }

  /**
   * @param limit in bytes
   * @param regions that large arrays take whole ones of
   */
  MemoryBudget(long limit, HeapRegions regions) {
    this.limit = limit;
    this.regions = regions;
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

  /**
   * Lends what an array takes of the heap that a guest could do without. The last quarter is for
   * those that cannot.
   *
   * @return bytes to be given back; 0 when there is no memory for that
   */
  long takeArray(int length) {
    long bytes = regions.taken(length);
    long before;
    do {
      before = taken.get();
      if (before + bytes + loaded.get() > limit / 4 * SPARE_QUARTERS) {
        // Nobody else is to see it as taken for a moment.
        return 0;
      }
    } while (!taken.compareAndSet(before, before + bytes));
    return bytes;
  }

  long limit() {
    return limit;
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
