package dev.heddle.engine;

import dev.heddle.process.Carriers;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The platform threads that run handlers. A task that will be short, and whose caller is a virtual
 * thread that waits for it, is run by that thread's carrier; any other goes to the idle thread that
 * worked last, whose caches are warm; else to a new thread. How many there may be is the {@link
 * Dispatcher}'s affair.
 *
 * <p>Safe for any thread.
 */
final class InvocationThreads implements AutoCloseable {
  private static final long KEEP_ALIVE_NANOS = TimeUnit.SECONDS.toNanos(30);

  /**
   * One thread. {@code handed} or {@code stopped} is set by whoever took it out of {@link #idle}.
   */
  private final class Worker implements Runnable {
    private final int generation;
    private @Nullable Runnable first;
    private volatile @Nullable Runnable handed;
    private volatile boolean stopped;
    private volatile @Nullable Thread thread;

    Worker(int generation, Runnable first) {
      this.generation = generation;
      this.first = first;
    }

    @Override
    public void run() {
      thread = Thread.currentThread();
      var task = first;
      first = null;
      try {
        while (task != null) {
          task.run();
          // Whatever interrupts were meant for the task must not reach the next one.
          Thread.interrupted();
          task = next(this);
        }
      } finally {
        ended(this);
      }
    }

    /** Waits to be handed a task; null once it should end. */
    private @Nullable Runnable await() {
      long start = System.nanoTime();
      while (true) {
        var task = handed;
        if (task != null) {
          handed = null;
          return task;
        }
        if (stopped) {
          return null;
        }
        long left = KEEP_ALIVE_NANOS - (System.nanoTime() - start);
        if (left <= 0 && retire(this)) {
          return null;
        }
        LockSupport.parkNanos(this, Math.max(left, 1_000));
        Thread.interrupted();
      }
    }

    private void hand(Runnable task) {
      handed = task;
      LockSupport.unpark(thread);
    }

    private void stop() {
      stopped = true;
      LockSupport.unpark(thread);
    }
  }

  /** A task on a carrier, which is its own again after it. */
  private final class Lent implements Runnable {
    private final Runnable task;
    private volatile @Nullable Thread thread;

    Lent(Runnable task) {
      this.task = task;
    }

    @Override
    public void run() {
      began(this);
      try {
        task.run();
      } finally {
        returned(this);
      }
    }
  }

  private final ThreadFactory factory;
  private final int mostLent;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();

  // Guarded by the lock.
  private final ArrayDeque<Worker> idle = new ArrayDeque<>();
  private final Set<Worker> workers = new HashSet<>();
  private final Set<Lent> lent = new HashSet<>();
  private int generation;
  private boolean closed;

  /**
   * @param mostLent tasks on carriers at a time
   */
  InvocationThreads(ThreadFactory factory, int mostLent) {
    this.factory = factory;
    this.mostLent = mostLent;
  }

  /**
   * Runs the task at once.
   *
   * @param brief whether it will be short, as far as can be known, and its caller is about to wait
   *     for it
   * @throws HeddleException UNAVAILABLE once it is closed, or if the process can have no more
   *     threads
   */
  void run(Runnable task, boolean brief) {
    if (brief && borrows(task)) {
      return;
    }
    Worker worker;
    lock.lock();
    try {
      checkOpen();
      worker = idle.pollLast();
      if (worker == null) {
        start(task);
        return;
      }
    } finally {
      lock.unlock();
    }
    worker.hand(task);
  }

  /**
   * Runs a task at once that will be short, as far as can be known, and that its caller waits for
   * already.
   *
   * @param carriers of the caller
   * @throws HeddleException as {@link #run(Runnable, boolean)}
   */
  void run(Runnable task, Carriers carriers) {
    var borrowed = lent(task);
    if (borrowed == null) {
      run(task, false);
    } else {
      carriers.run(borrowed);
    }
  }

  /** Leaves the task to the caller's carrier; false where it has none, or none may be lent. */
  private boolean borrows(Runnable task) {
    var carriers = Carriers.current();
    if (carriers == null) {
      return false;
    }
    var borrowed = lent(task);
    if (borrowed == null) {
      return false;
    }
    carriers.next(borrowed);
    return true;
  }

  /** Call with the lock held. */
  private void checkOpen() {
    if (closed) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "invocations: shutting down (expected: a running node)");
    }
  }

  /**
   * A task for a carrier; null where so many have been lent that more could be missed, as one that
   * is short as a rule may hang for once.
   */
  private @Nullable Lent lent(Runnable task) {
    lock.lock();
    try {
      checkOpen();
      if (lent.size() >= mostLent) {
        return null;
      }
      var made = new Lent(task);
      lent.add(made);
      return made;
    } finally {
      lock.unlock();
    }
  }

  /** What begins after the end is interrupted as what ran then. */
  private void began(Lent task) {
    lock.lock();
    try {
      task.thread = Thread.currentThread();
      if (closed) {
        Thread.currentThread().interrupt();
      }
    } finally {
      lock.unlock();
    }
  }

  private void returned(Lent task) {
    lock.lock();
    try {
      lent.remove(task);
      if (closed) {
        ended.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Call with the lock held. */
  private void start(Runnable task) {
    var worker = new Worker(generation, task);
    workers.add(worker);
    boolean started = false;
    try {
      factory.newThread(worker).start();
      started = true;
    } catch (OutOfMemoryError e) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "invocations: no more threads (expected: one more)", e);
    } finally {
      if (!started) {
        workers.remove(worker);
      }
    }
  }

  /** How many compute at this moment, as the JVM sees it: a thread in a system call does, too. */
  int computing() {
    lock.lock();
    try {
      int count = 0;
      for (var worker : workers) {
        count += computes(worker.thread) ? 1 : 0;
      }
      for (var task : lent) {
        count += computes(task.thread) ? 1 : 0;
      }
      return count;
    } finally {
      lock.unlock();
    }
  }

  /** One that has not begun is about to. */
  private static boolean computes(@Nullable Thread thread) {
    return thread == null || thread.getState() == Thread.State.RUNNABLE;
  }

  private @Nullable Runnable next(Worker worker) {
    lock.lock();
    try {
      if (worker.generation != generation || closed) {
        return null;
      }
      idle.addLast(worker);
    } finally {
      lock.unlock();
    }
    return worker.await();
  }

  /** Forgets a worker whose thread ends. */
  private void ended(Worker worker) {
    lock.lock();
    try {
      workers.remove(worker);
      ended.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Ends an idle worker; false if it was just handed a task. */
  private boolean retire(Worker worker) {
    lock.lock();
    try {
      return idle.remove(worker);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Replaces all threads, busy ones after their task: what unloaded code left in their
   * thread-locals would keep its classes in memory.
   */
  void renew() {
    lock.lock();
    try {
      generation++;
      stopIdle();
    } finally {
      lock.unlock();
    }
    Carriers.renew();
  }

  /** Call with the lock held. */
  private void stopIdle() {
    for (Worker worker; (worker = idle.pollLast()) != null; ) {
      worker.stop();
    }
  }

  @Override
  public void close() {
    close(0);
  }

  /** Gives what runs so much time to end, and then interrupts it. */
  void close(long graceNanos) {
    lock.lock();
    try {
      closed = true;
      stopIdle();
      long left = graceNanos;
      while (!(workers.isEmpty() && lent.isEmpty()) && left > 0) {
        left = ended.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      // A task that is still on a carrier cannot give it back before we let go of the lock.
      workers.forEach(worker -> interrupt(worker.thread));
      lent.forEach(task -> interrupt(task.thread));
      lock.unlock();
    }
  }

  private static void interrupt(@Nullable Thread thread) {
    if (thread != null) {
      thread.interrupt();
    }
  }
}
