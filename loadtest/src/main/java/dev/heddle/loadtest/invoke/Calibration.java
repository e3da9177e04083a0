package dev.heddle.loadtest.invoke;

import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;

/** What fixed work costs on this machine on bare threads. Stateless. */
final class Calibration {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final long PROBE = 2_000_000;
  private static final int PROBES = 25;

  private Calibration() {}

  /** Steps that take a thread that has a processor to itself so long. */
  static long steps(Duration time) {
    double nanosEach = (double) cpuNanos(PROBE, PROBES) / PROBE;
    return Math.max(1, Math.round(time.toNanos() / nanosEach));
  }

  /** CPU time of so much work: the median of several times, the first ones left out. */
  static long cpuNanos(long steps, int times) {
    var each = LongStream.range(0, times + 5L).map(i -> once(steps)).skip(5).sorted().toArray();
    return each[each.length / 2];
  }

  private static long once(long steps) {
    long began = THREADS.getCurrentThreadCpuTime();
    long result = FixedWork.run(steps);
    long ended = THREADS.getCurrentThreadCpuTime();
    // Never so; but a result that nobody looks at needs not be computed.
    return result == 0 ? began : ended - began;
  }

  /**
   * Pieces of work per second that bare threads do, each one piece after the other.
   *
   * @param time after which none begins another piece
   */
  static double perSecond(long steps, int threads, Duration time, Ticker ticker)
      throws InterruptedException {
    var done = new AtomicLong();
    long began = ticker.nanoTime();
    List<Thread> running = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      running.add(
          Threads.named("bare")
              .newThread(() -> {
                while (ticker.nanoTime() - began < time.toNanos()) {
                  if (FixedWork.run(steps) != 0) {
                    done.incrementAndGet();
                  }
                }
              }));
    }
    running.forEach(Thread::start);
    for (var thread : running) {
      thread.join();
    }
    return done.get() / ((ticker.nanoTime() - began) / 1e9);
  }
}
