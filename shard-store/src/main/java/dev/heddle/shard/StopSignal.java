package dev.heddle.shard;

import dev.heddle.function.StoppedException;

/** Asks now and then whether to go on, and tells how far it has come. For one thread. */
final class StopSignal {
  /** Documents between two questions; a power of two. */
  private static final int INTERVAL = 1_024;

  private final ReadScope scope;
  private int documents;

  StopSignal(ReadScope scope) {
    this.scope = scope;
  }

  /** Counts a document, and asks after every so many. */
  void document() {
    if ((++documents & (INTERVAL - 1)) == 0) {
      check();
    }
  }

  /** Asks now. */
  void check() {
    scope.meter().scanning(documents);
    if (scope.stopped().getAsBoolean()) {
      throw new StoppedException(
          "query: stopped after %d documents (expected: within its deadline and budget)"
              .formatted(documents));
    }
  }
}
