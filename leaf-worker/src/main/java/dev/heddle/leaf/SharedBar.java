package dev.heddle.leaf;

import dev.heddle.function.Bound;

/**
 * What others have found while a call waits or runs here: its shards leave out what lies below. It
 * only ever rises. Safe for many threads.
 */
final class SharedBar {
  private volatile Bound bound;

  /**
   * @param bound at first
   */
  SharedBar(Bound bound) {
    this.bound = bound;
  }

  Bound now() {
    return bound;
  }

  /** Raises it, unless it is as high already. */
  synchronized void raise(Bound higher) {
    bound = bound.raised(higher);
  }
}
