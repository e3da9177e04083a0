package dev.heddle.gateway.connection;

import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** Bytes for which room is kept until they are where they are counted. Thread-safe. */
final class Promised {
  private final AtomicLong bytes = new AtomicLong();

  /**
   * Keeps room, or none at all.
   *
   * @param counted what takes room by now; what has been given back counts there before
   * @param most of both together
   */
  boolean take(long more, LongSupplier counted, long most) {
    while (true) {
      // Read first: what is given back meanwhile makes this a try in vain.
      long before = bytes.get();
      if (before + counted.getAsLong() + more > most) {
        return false;
      }
      if (bytes.compareAndSet(before, before + more)) {
        return true;
      }
    }
  }

  /** They are counted elsewhere, or do not come. */
  void give(long less) {
    var _ = bytes.addAndGet(-less);
  }
}
