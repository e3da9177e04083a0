package dev.heddle.gateway.connection;

import java.util.function.LongSupplier;

/** Bytes for which room is kept until they are where they are counted. Thread-safe. */
final class Promised {
  private long bytes;

  /**
   * Keeps room, or none at all.
   *
   * @param counted what takes room by now, asked with the lock held; what is given back counts
   *     there before
   * @param most of both together
   */
  synchronized boolean take(long more, LongSupplier counted, long most) {
    // What is about to be given back counts here and there, never nowhere.
    if (bytes + counted.getAsLong() + more > most) {
      return false;
    }
    bytes += more;
    return true;
  }

  /** They are counted elsewhere, or do not come. */
  synchronized void give(long less) {
    bytes -= less;
  }
}
