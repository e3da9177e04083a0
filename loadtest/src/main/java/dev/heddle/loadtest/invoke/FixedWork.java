package dev.heddle.loadtest.invoke;

/**
 * The same work wherever it runs. Not so much time of spinning, which would end however many
 * threads share a processor.
 */
final class FixedWork {
  private FixedWork() {}

  /** Some nanoseconds for each step; the result depends on all of them. */
  static long run(long steps) {
    long x = 88_172_645_463_325_252L;
    for (long i = 0; i < steps; i++) {
      x ^= x << 13;
      x ^= x >>> 7;
      x ^= x << 17;
    }
    return x;
  }
}
