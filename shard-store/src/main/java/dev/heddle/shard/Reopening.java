package dev.heddle.shard;

import java.time.Duration;

/**
 * When a shard that failed is opened again: at once, the first time; where it fails again, after
 * pauses that double. Its disk may stay as it is, and a replica that is always the first to be back
 * would be elected each time, only to fail as the leader: meanwhile nobody could write. Immutable.
 *
 * @param failures in a row
 * @param atNanos when to open it; of an open one: when it was opened
 */
record Reopening(int failures, long atNanos) {
  /** The longest pause, in shortest ones. */
  private static final int LONGEST = 16;

  static Reopening now(long nanos) {
    return new Reopening(0, nanos);
  }

  boolean due(long nanos) {
    return nanos - atNanos >= 0;
  }

  Reopening opened(long nanos) {
    return new Reopening(failures, nanos);
  }

  /**
   * It was open, and failed.
   *
   * @param shortest pause after a failure that is not the first
   */
  Reopening failed(long nanos, Duration shortest) {
    boolean sound = nanos - atNanos >= 2 * LONGEST * shortest.toNanos();
    if (sound || failures == 0) {
      return new Reopening(1, nanos);
    }
    long pause = Math.min(LONGEST, 1L << Math.min(failures - 1, Integer.SIZE));
    return new Reopening(failures + 1, nanos + pause * shortest.toNanos());
  }

  /** It could not be opened, and is as it was. */
  Reopening refused(long nanos, Duration shortest) {
    return new Reopening(failures, nanos + shortest.toNanos());
  }
}
