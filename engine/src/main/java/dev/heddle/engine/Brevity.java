package dev.heddle.engine;

/**
 * Whether the invocations of a version have been short lately, all of them. Safe for any thread.
 */
final class Brevity {
  /** Short ones, one after the other, after which the next is thought to be short, too. */
  private static final int KNOWN = 16;

  /** Nanoseconds: a switch of threads and back costs some ten thousand. */
  private static final long SHORT = 200_000;

  private volatile int seen;

  /**
   * One has ended.
   *
   * @param nanos that it held its place
   */
  void ran(long nanos) {
    // Two at once may count as one: then it takes one more.
    int before = seen;
    int after = nanos < SHORT ? Math.min(KNOWN, before + 1) : 0;
    if (after != before) {
      seen = after;
    }
  }

  /** Whether the next one is likely to be short. */
  boolean likely() {
    return seen >= KNOWN;
  }
}
