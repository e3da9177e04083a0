package dev.heddle.process;

import java.lang.reflect.Constructor;
import java.lang.reflect.InaccessibleObjectException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Platform threads that carry virtual ones, and also run short tasks that need a platform thread of
 * their own: a virtual thread hands such a task over and waits for it, and its carrier, which has
 * nothing else to do then, takes it. So neither of the two ways costs a switch of threads, which is
 * half of what a short invocation takes.
 *
 * <p>As many carriers work as there are processors. One that does not come back, because its
 * virtual thread is pinned to a system call or because its task is long after all, is replaced
 * after a few milliseconds, as Go's scheduler does it with threads in system calls.
 *
 * <p>Built on the JDK's constructor for virtual threads with a scheduler of one's own, which is not
 * public: it needs {@code --add-opens java.base/java.lang=ALL-UNNAMED}. Without it virtual threads
 * are as the JVM makes them.
 */
public final class Carriers {
  private static final Logger log = LoggerFactory.getLogger(Carriers.class);
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(30);

  /** Beyond any number of calls that could hold a carrier at the same time. */
  private static final int MOST_SPARE = 256;

  /** Whose virtual thread this is. */
  private static final ScopedValue<Carriers> MINE = ScopedValue.newInstance();

  /** Whose carrier the calling platform thread is. */
  private static final ThreadLocal<Carriers> CARRYING = new ThreadLocal<>();

  /** The same, while the last thing of a task is done. */
  private static final ThreadLocal<Carriers> ENDING = new ThreadLocal<>();

  private static final Optional<Carriers> SHARED = make();

  private final String name;
  private final int atOnce;
  private final long keepAliveNanos;
  private final Constructor<?> builders;
  private final ThreadFactory threads;
  private final ConcurrentLinkedDeque<Runnable> waiting = new ConcurrentLinkedDeque<>();
  private final ConcurrentLinkedDeque<Carrier> idle = new ConcurrentLinkedDeque<>();
  private final ConcurrentLinkedDeque<Carrier> all = new ConcurrentLinkedDeque<>();

  /** Carriers that are not idle. */
  private final AtomicInteger working = new AtomicInteger();

  /** Whether one was woken and has not looked yet what waits. */
  private final AtomicBoolean waking = new AtomicBoolean();

  /** How many work in place of those that do not come back. */
  private volatile int spare;

  /** Carriers of an earlier one end after what they do. */
  private final AtomicInteger generation = new AtomicInteger();

  private final AtomicBoolean watched = new AtomicBoolean();
  private final Thread watch;

  /**
   * @param atOnce how many work at a time, but for those that do not come back
   * @param keepAlive for which a carrier waits for work before it ends
   * @throws InaccessibleObjectException where the JVM does not allow it
   */
  Carriers(String name, int atOnce, Duration keepAlive) throws ReflectiveOperationException {
    this(name, atOnce, keepAlive, platform(name));
  }

  Carriers(String name, int atOnce, Duration keepAlive, ThreadFactory threads)
      throws ReflectiveOperationException {
    this.name = name;
    this.atOnce = atOnce;
    this.keepAliveNanos = keepAlive.toNanos();
    this.builders =
        Class.forName("java.lang.ThreadBuilders$VirtualThreadBuilder")
            .getDeclaredConstructor(Executor.class);
    builders.setAccessible(true);
    this.threads = threads;
    this.watch = Threads.named(name + "-watch").newThread(this::watch);
    watch.start();
  }

  /** A carrier may be made on the thread of a handler, of which it must keep nothing. */
  private static ThreadFactory platform(String name) {
    return Thread.ofPlatform()
        .daemon(true)
        .name(name + "-", 0)
        .inheritInheritableThreadLocals(false)
        .uncaughtExceptionHandler(Threads::logged)
        .factory();
  }

  private static Optional<Carriers> make() {
    try {
      int processors = Runtime.getRuntime().availableProcessors();
      return Optional.of(new Carriers("heddle-carrier", processors, KEEP_ALIVE));
    } catch (ReflectiveOperationException | InaccessibleObjectException e) {
      log.warn(
          "virtual threads are the JVM's own: short invocations cost more"
              + " (expected: --add-opens java.base/java.lang=ALL-UNNAMED) error={}",
          e.toString());
      return Optional.empty();
    }
  }

  /**
   * Virtual threads {@code prefix-0}, {@code prefix-1}… on the process' carriers; on the JVM's own
   * where it does not allow others.
   */
  public static ThreadFactory virtual(String prefix) {
    return SHARED
        .map(carriers -> carriers.factory(prefix))
        .orElseGet(() -> Threads.virtual(prefix));
  }

  /** The carriers of the calling thread; null: it is no virtual thread of theirs. */
  public static @Nullable Carriers current() {
    return MINE.isBound() ? MINE.get() : null;
  }

  /**
   * Replaces the process' carriers, busy ones after what they do: what unloaded code left in their
   * thread-locals would keep its classes in memory.
   */
  public static void renew() {
    SHARED.ifPresent(Carriers::replace);
  }

  void replace() {
    generation.incrementAndGet();
    for (Carrier carrier; (carrier = idle.pollFirst()) != null; ) {
      working.incrementAndGet();
      carrier.go();
    }
  }

  /** How many there are, idle ones too. */
  int threads() {
    return all.size();
  }

  ThreadFactory factory(String prefix) {
    try {
      var builder = (Thread.Builder.OfVirtual) builders.newInstance((Executor) this::execute);
      ThreadFactory factory =
          builder.name(prefix + "-", 0).uncaughtExceptionHandler(Threads::logged).factory();
      return task -> factory.newThread(() -> ScopedValue.where(MINE, this).run(task));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("virtual threads on " + name + ": " + e, e);
    }
  }

  /**
   * Runs a task on a carrier before all else that waits, once the calling virtual thread waits for
   * something or ends.
   */
  public void next(Runnable task) {
    waiting.addFirst(task);
    // The caller's carrier comes to it: nobody need be woken, but looked after whether it does.
    watched();
  }

  /**
   * Does the last thing of a task that was handed over with {@link #next}, such as to tell its
   * caller that it has ended: virtual threads that this wakes are left to the carrier that does it,
   * which comes to them next, so that no other one is woken for them. On any other thread it is
   * just done.
   */
  public static void last(Runnable step) {
    Carriers carriers = Thread.currentThread().isVirtual() ? null : CARRYING.get();
    if (carriers == null) {
      step.run();
      return;
    }
    ENDING.set(carriers);
    try {
      step.run();
    } finally {
      ENDING.remove();
    }
  }

  /** Runs a task on a carrier, after all else that waits. Any thread may ask. */
  public void run(Runnable task) {
    execute(task);
  }

  private void execute(Runnable task) {
    waiting.addLast(task);
    if (!Thread.currentThread().isVirtual() && ENDING.get() == this) {
      // Should it not come to it soon after all, another one is woken.
      watched();
      return;
    }
    wake();
  }

  /** Sees to it that what waits is looked at: by one that works, or by one more. */
  private void wake() {
    if (working.get() >= atOnce + spare) {
      watched();
      return;
    }
    if (!waking.compareAndSet(false, true)) {
      return;
    }
    working.incrementAndGet();
    Carrier carrier = idle.pollFirst();
    if (carrier != null) {
      carrier.go();
    } else {
      start();
    }
  }

  /** One more; where there is no thread for it, the watch tries again. */
  private void start() {
    Carrier carrier = null;
    try {
      carrier = new Carrier();
      all.add(carrier);
      carrier.thread.start();
    } catch (Throwable failure) {
      if (carrier != null) {
        all.remove(carrier);
      }
      working.decrementAndGet();
      waking.set(false);
      // Whoever saw that one was being woken has left it to that one.
      watched();
      log.warn("no thread to carry with name={} error={}", name, failure.toString());
    }
  }

  private void watched() {
    if (!watched.get() && watched.compareAndSet(false, true)) {
      LockSupport.unpark(watch);
    }
  }

  /** While something waits or a carrier is away, looks now and then whether it comes back. */
  private void watch() {
    while (true) {
      while (!watched.get()) {
        LockSupport.park(this);
      }
      LockSupport.parkNanos(this, LOOK_NANOS);
      int away = 0;
      for (Carrier carrier : all) {
        away += carrier.away() ? 1 : 0;
      }
      spare = Math.min(away, MOST_SPARE);
      if (!waiting.isEmpty()) {
        wake();
      } else if (away == 0) {
        watched.set(false);
        if (!waiting.isEmpty()) {
          watched.set(true);
        }
      }
    }
  }

  /** One carrier. */
  private final class Carrier implements Runnable {
    private final Thread thread = threads.newThread(this);
    private final int made = generation.get();
    private volatile boolean going;

    Carrier() {
      thread.setContextClassLoader(Carriers.class.getClassLoader());
    }

    /** Counts what it took and what it ended: odd while it has something. Written by its thread. */
    private volatile long steps;

    /** What the watch saw last. */
    private long seen = -1;

    void go() {
      going = true;
      LockSupport.unpark(thread);
    }

    /** Whether it has had the same thing to do since the last time. Called by the watch only. */
    boolean away() {
      long now = steps;
      boolean same = now == seen && (now & 1) == 1;
      seen = now;
      return same;
    }

    @Override
    public void run() {
      waking.set(false);
      CARRYING.set(Carriers.this);
      try {
        while (true) {
          Runnable task = mayWork() ? waiting.pollFirst() : null;
          if (task != null) {
            carry(task);
          } else if (!rest()) {
            return;
          }
        }
      } finally {
        all.remove(this);
      }
    }

    private boolean mayWork() {
      return made == generation.get() && working.get() <= atOnce + spare;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread writes.
    private void carry(Runnable task) {
      if (!waiting.isEmpty()) {
        wake();
      }
      steps++;
      try {
        task.run();
      } catch (Throwable failure) {
        Threads.logged(thread, failure);
      }
      steps++;
      // Whatever interrupt was meant for the task must not reach the next one.
      Thread.interrupted();
    }

    /** Waits until it is woken; false: it should end. */
    private boolean rest() {
      working.decrementAndGet();
      boolean ends = made != generation.get();
      if (!ends) {
        idle.addFirst(this);
      }
      // What came before this was counted as idle was left to it.
      if (!waiting.isEmpty()) {
        wake();
      }
      // Renewed since it looked: whoever takes it out of the idle ones now sees to it.
      if (ends || (made != generation.get() && idle.remove(this))) {
        return false;
      }
      long start = System.nanoTime();
      while (!going) {
        long left = keepAliveNanos - (System.nanoTime() - start);
        if (left <= 0 && idle.remove(this)) {
          return false;
        }
        LockSupport.parkNanos(Carriers.this, Math.max(left, 1_000));
        Thread.interrupted();
      }
      going = false;
      waking.set(false);
      return true;
    }
  }
}
