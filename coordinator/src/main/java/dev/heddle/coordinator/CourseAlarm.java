package dev.heddle.coordinator;

import dev.heddle.process.Threads;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Tells the time to courses under way: one thread looks after all of them, once a millisecond, and
 * ends a while after the last. A timed wait of each query's own would wake a timer's thread for
 * each, to set an alarm that hardly ever goes off. Safe for many threads.
 */
final class CourseAlarm {
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /** Looks without anyone to look after, until the thread ends. */
  private static final int LINGERS = 200;

  private static final ThreadFactory THREADS = Threads.named("course-alarm");

  /** One that is looked after. */
  interface Sleeper {
    /** Wakes up if it is time; quick, and never throws. */
    void look();
  }

  private final Set<Sleeper> sleepers = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean running = new AtomicBoolean();

  /** Looks after it from now on, until it leaves. */
  void enter(Sleeper sleeper) {
    sleepers.add(sleeper);
    run();
  }

  void leave(Sleeper sleeper) {
    sleepers.remove(sleeper);
  }

  private void run() {
    if (running.get() || !running.compareAndSet(false, true)) {
      return;
    }
    boolean started = false;
    try {
      THREADS.newThread(this::watch).start();
      started = true;
    } finally {
      if (!started) {
        running.set(false);
      }
    }
  }

  private void watch() {
    int idle = 0;
    while (idle < LINGERS) {
      LockSupport.parkNanos(this, LOOK_NANOS);
      idle = sleepers.isEmpty() ? idle + 1 : 0;
      sleepers.forEach(Sleeper::look);
    }
    running.set(false);
    // Who came in between has left it to this thread.
    if (!sleepers.isEmpty()) {
      run();
    }
  }

  /** Those that it looks after. */
  int size() {
    return sleepers.size();
  }
}
