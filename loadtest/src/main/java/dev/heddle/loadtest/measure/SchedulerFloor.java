package dev.heddle.loadtest.measure;

import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How late this machine wakes a thread that asked for one millisecond, measured beside an
 * experiment: what lies below is not the server's doing. Idle Linux shows some 60 µs, a busy
 * machine milliseconds. Used by one thread; the loop has a thread of its own until {@link #stop}.
 */
public final class SchedulerFloor implements AutoCloseable {
  private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final Ticker ticker;
  private final Pause pause;
  private final LatencyRecorder late = new LatencyRecorder();
  private final Thread loop;
  private volatile boolean stopped;

  /** Gives up the processor for some time. */
  @FunctionalInterface
  interface Pause {
    void nanos(long nanos);
  }

  SchedulerFloor(Ticker ticker, Pause pause) {
    this.ticker = ticker;
    this.pause = pause;
    this.loop = Threads.named("scheduler-floor").newThread(this::measure);
  }

  /** Starts to measure. */
  public static SchedulerFloor start(Ticker ticker) {
    var floor = new SchedulerFloor(ticker, LockSupport::parkNanos);
    floor.loop.start();
    return floor;
  }

  private void measure() {
    while (!stopped && !Thread.currentThread().isInterrupted()) {
      step();
    }
  }

  void step() {
    long asked = ticker.nanoTime();
    pause.nanos(STEP_NANOS);
    // A pause may also end too early, which is not late at all.
    late.record(Math.max(0, ticker.nanoTime() - asked - STEP_NANOS));
  }

  /** Ends the loop and returns by how much each wake-up was late. */
  public LatencyRecorder stop() throws InterruptedException {
    close();
    loop.join();
    return late;
  }

  @Override
  public void close() {
    stopped = true;
    LockSupport.unpark(loop);
  }
}
