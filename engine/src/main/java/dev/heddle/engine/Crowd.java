package dev.heddle.engine;

import dev.heddle.process.Ticker;
import java.util.function.DoubleSupplier;
import java.util.function.IntSupplier;

/**
 * Whether so many handlers compute at once that one more would only slow down the others, and with
 * them the threads that serve everybody: the edge, the catalog, the searches. The operating system
 * gives each thread its turn, so a hundred handlers that compute keep a request waiting for a
 * hundred turns, at every change of threads on its way. Handlers that wait for something do not
 * count, whatever their number. While the processors have time to spare, what looks busy waits for
 * a socket, and more may begin: a few, and twice as many each time that the processors are still
 * idle then, as a moment's idleness must not let in everything that waits.
 *
 * <p>Guarded by the lock of the dispatcher that owns it.
 */
final class Crowd {
  /** Handlers that compute, per processor: one more than can, since they begin and end. */
  private static final int PER_PROCESSOR = 2;

  /** How old a count may be; in between those that begin count as computing. */
  private static final long COUNT_NANOS = 250_000;

  /** How often the processors' load is asked for. The system counts in steps of some 10 ms. */
  private static final long LOAD_NANOS = 50_000_000;

  private static final double BUSY = 0.9;

  /** Beyond any number of threads. */
  private static final int MOST_LET_IN = 1 << 20;

  private final int most;
  private final IntSupplier computing;
  private final DoubleSupplier load;
  private final Ticker ticker;
  private int count;
  private long countedAt;
  private long loadAt;

  /** How many were let in when the processors were last found idle; 0: they were busy. */
  private int letIn;

  /** How many of those have not begun. */
  private int left;

  /**
   * @param processors of this process
   * @param computing counts the handlers that compute at this moment
   * @param load of the machine's processors since it was last asked for, 0..1; negative: unknown
   */
  Crowd(int processors, IntSupplier computing, DoubleSupplier load, Ticker ticker) {
    this.most = PER_PROCESSOR * processors;
    this.computing = computing;
    this.load = load;
    this.ticker = ticker;
    this.countedAt = ticker.nanoTime() - COUNT_NANOS;
    this.loadAt = ticker.nanoTime() - 2 * LOAD_NANOS;
  }

  /**
   * Whether another one had better wait.
   *
   * @param stuck handlers that nobody waits for and nobody can end: they have no part in it
   */
  boolean full(int stuck) {
    if (count < most + stuck) {
      return false;
    }
    long now = ticker.nanoTime();
    if (now - countedAt >= COUNT_NANOS) {
      count = computing.getAsInt();
      countedAt = now;
    }
    if (count < most + stuck) {
      return false;
    }
    lookAtLoad(now);
    return left == 0;
  }

  /** What was found long ago says nothing: the processors may have become busy since. */
  private void lookAtLoad(long now) {
    long age = now - loadAt;
    if (age < LOAD_NANOS) {
      return;
    }
    double found = load.getAsDouble();
    boolean idle = age < 2 * LOAD_NANOS && found >= 0 && found < BUSY;
    letIn = idle ? Math.min(MOST_LET_IN, Math.max(most, 2 * letIn)) : 0;
    left = letIn;
    loadAt = now;
  }

  /** A handler begins, or goes on. */
  void began() {
    if (count >= most && left > 0) {
      left--;
    }
    count++;
  }

  /** One ends, or waits for others. */
  void ended() {
    count = Math.max(0, count - 1);
  }
}
