package dev.heddle.loadtest.gateway;

import java.util.List;

/** Waits for threads that were told to end. */
final class Joining {
  private Joining() {}

  /** Returns when all have ended; an interrupt is kept for later. */
  static void all(List<Thread> threads) {
    boolean interrupted = false;
    for (var thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
