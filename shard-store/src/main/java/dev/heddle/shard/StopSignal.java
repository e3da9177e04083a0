package dev.heddle.shard;

import dev.heddle.function.StoppedException;
import java.util.function.BooleanSupplier;

/** Asks now and then whether to go on. For one thread. */
final class StopSignal {
  /** Documents between two questions; a power of two. */
  private static final int INTERVAL = 1_024;

  private final BooleanSupplier stopped;
  private int documents;

  StopSignal(BooleanSupplier stopped) {
    this.stopped = stopped;
  }

  /** Counts a document, and asks after every so many. */
  void document() {
    if ((++documents & (INTERVAL - 1)) == 0) {
      check();
    }
  }

  /** Asks now. */
  void check() {
    if (stopped.getAsBoolean()) {
      throw new StoppedException(
          "query: stopped after %d documents (expected: within its deadline)".formatted(documents));
    }
  }
}
