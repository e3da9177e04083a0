package dev.heddle.engine.wasm;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Whether instances of one module work so much in their memory that a fresh one had better begin
 * with an array of its own than with shared pages. It goes by the last one that began with shared
 * pages; one of sixteen does whatever the habit is, to notice when it changes. Safe for any thread.
 */
final class LayoutHabit {
  private static final int TRIALS = 16;

  private volatile boolean flat;

  /** How the next instance begins. */
  boolean flat() {
    return flat && ThreadLocalRandom.current().nextInt(TRIALS) != 0;
  }

  /**
   * @param worked whether an instance that began with shared pages came to want an array
   */
  void learn(boolean worked) {
    if (flat != worked) {
      flat = worked;
    }
  }
}
