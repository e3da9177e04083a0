package dev.heddle.engine.wasm;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all guests of a node may hold together: a heap that is full ends the whole process, so that
 * it must never come to that. Safe for any thread.
 */
final class MemoryBudget {
  private final long limit;
  private final AtomicLong taken = new AtomicLong();

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
    if (taken.addAndGet(bytes) > limit) {
      taken.addAndGet(-bytes);
      throw new HeddleException(
          ErrorCode.OVERLOADED,
          "wasm memory: all of the node's "
              + limit
              + " bytes are taken (expected: room for one more page)");
    }
  }

  void giveBack(long bytes) {
    taken.addAndGet(-bytes);
  }

  long taken() {
    return taken.get();
  }
}
