package dev.heddle.engine.wasm;

/**
 * Makes sure that the platform's own code has stack to run on. A module that recurses to the end of
 * its stack and calls its host there would otherwise have the overflow happen inside the platform,
 * where it could leave a lock held or a class that never initializes again.
 */
final class StackReserve {
  /** What the platform's code gets. */
  private static final int RESERVE = 40 << 10;

  /**
   * What a frame of {@link #reach} takes at least: 72 bytes as C2 compiles it, three times as much
   * otherwise.
   */
  static final int FRAME_BYTES = 64;

  private StackReserve() {}

  /**
   * @throws GuestException if little stack is left
   */
  static void check() {
    check(0);
  }

  /**
   * @param more bytes that the module may take before the platform's code runs
   * @throws GuestException if little stack is left
   */
  static void check(int more) {
    try {
      var _ = reach((RESERVE + more) / FRAME_BYTES);
    } catch (StackOverflowError e) {
      throw new GuestException("call stack exhausted");
    }
  }

  /**
   * Goes so many frames deep.
   *
   * @throws StackOverflowError if there is not stack enough for them
   */
  static long reach(int frames) {
    return reach(frames, 1, 2, 3, 4, 5, 6, 7);
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
