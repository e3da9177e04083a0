package dev.heddle.engine;

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
 * The platform threads that run handlers. A task goes to the idle thread that worked last, whose
 * caches are warm; else to a new thread. How many there may be is the {@link Dispatcher}'s affair.
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

  private final ThreadFactory factory;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();

  // Guarded by the lock.
  private final ArrayDeque<Worker> idle = new ArrayDeque<>();
  private final Set<Worker> workers = new HashSet<>();
  private int generation;
  private boolean closed;

  InvocationThreads(ThreadFactory factory) {
    this.factory = factory;
  }

  /**
   * Runs the task at once.
   *
   * @throws HeddleException UNAVAILABLE once it is closed, or if the process can have no more
   *     threads
   */
  void run(Runnable task) {
    Worker worker;
    lock.lock();
    try {
      if (closed) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "invocations: shutting down (expected: a running node)");
      }
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
        var thread = worker.thread;
        if (thread == null || thread.getState() == Thread.State.RUNNABLE) {
          count++;
        }
      }
      return count;
    } finally {
      lock.unlock();
    }
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
      while (!workers.isEmpty() && left > 0) {
        left = ended.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      for (var worker : workers) {
        var thread = worker.thread;
        if (thread != null) {
          thread.interrupt();
        }
      }
      lock.unlock();
    }
  }
}
