package dev.heddle.engine.wasm;

/**
 * Makes sure that the platform's own code has stack to run on. A module that recurses to the end of
 * its stack and calls its host there would otherwise have the overflow happen inside the platform,
 * where it could leave a lock held or a class that never initializes again.
 */
final class StackReserve {
  /** At about 100 bytes each, compiled; several times that, interpreted. */
  private static final int FRAMES = 400;

  private StackReserve() {}

  /**
   * @throws GuestException if little stack is left
   */
  static void check() {
    try {
      var _ = reach(FRAMES, 1, 2, 3, 4, 5, 6, 7);
    } catch (StackOverflowError e) {
      throw new GuestException("call stack exhausted");
    }
  }

  /** Keeps its parameters alive over the call, so that no frame is optimized away. */
  private static long reach(int left, long a, long b, long c, long d, long e, long f, long g) {
    if (left == 0) {
      return a;
    }
    long deeper = reach(left - 1, b, c, d, e, f, g, a ^ left);
    return deeper + a + 3 * b + 5 * c + 7 * d + 11 * e + 13 * f + 17 * g;
  }
}
