package dev.heddle.cli.demo;

import java.util.concurrent.CompletableFuture;

/** A running process of the demo. */
interface Child {
  long pid();

  /** Completes when the process says that it serves; never, if it ends before. */
  CompletableFuture<Void> ready();

  /** Completes when the process says that it serves no more; it may still tidy up. */
  CompletableFuture<Void> closed();

  /** Completes with the exit code. */
  CompletableFuture<Integer> exited();

  /** Asks it to end in good order. */
  void terminate();

  /** Ends it at once. */
  void kill();
}
