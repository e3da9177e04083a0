package dev.heddle.engine;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The platform threads that run handlers. A task goes to the idle thread that worked last, whose
 * caches are warm; else to a new thread; else it waits in a bounded queue. A thread that does not
 * stop at its deadline is counted as stuck, and up to a limit another one may take its place.
 *
 * <p>Safe for any thread. Tasks may call it while they hold a lock of theirs: it never calls a task
 * with its own lock held.
 */
final class InvocationThreads implements AutoCloseable {
  private static final long KEEP_ALIVE_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** What a thread runs. */
  interface Task {
    void run();

    /** It will never run: say why. */
    void refuse(HeddleException why);
  }

  /**
   * One thread. {@code handed} or {@code stopped} is set by whoever took it out of {@link #idle}.
   */
  private final class Worker implements Runnable {
    private final int generation;
    private @Nullable Task first;
    private volatile @Nullable Task handed;
    private volatile boolean stopped;
    private volatile @Nullable Thread thread;

    Worker(int generation, Task first) {
      this.generation = generation;
      this.first = first;
    }

    @Override
    public void run() {
      thread = Thread.currentThread();
      var task = first;
      first = null;
      boolean orderly = false;
      try {
        while (task != null) {
          task.run();
          // Whatever interrupts were meant for the task must not reach the next one.
          Thread.interrupted();
          task = next(this);
        }
        orderly = true;
      } finally {
        if (!orderly) {
          lost(this);
        }
      }
    }

    /** Waits to be handed a task; null once it should end. */
    private @Nullable Task await() {
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

    private void hand(Task task) {
      handed = task;
      LockSupport.unpark(thread);
    }

    private void stop() {
      stopped = true;
      LockSupport.unpark(thread);
    }
  }

  private final int maxThreads;
  private final int maxQueue;
  private final int maxStuck;
  private final ThreadFactory factory;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();

  // Guarded by the lock.
  private final ArrayDeque<Worker> idle = new ArrayDeque<>();
  private final ArrayDeque<Task> queue = new ArrayDeque<>();
  private final Set<Worker> workers = new HashSet<>();
  private int stuck;
  private int generation;
  private boolean closed;

  InvocationThreads(int maxThreads, int maxQueue, int maxStuck, ThreadFactory factory) {
    this.maxThreads = maxThreads;
    this.maxQueue = maxQueue;
    this.maxStuck = maxStuck;
    this.factory = factory;
  }

  /** Runs the task soon, or throws QUEUE_FULL or UNAVAILABLE. */
  void submit(Task task) {
    lock.lock();
    try {
      if (closed) {
        throw closing();
      }
      var worker = idle.pollLast();
      if (worker != null) {
        worker.hand(task);
      } else if (workers.size() < capacity()) {
        start(task);
      } else if (queue.size() < maxQueue) {
        queue.addLast(task);
      } else {
        throw Refusals.refuse(
            ErrorCode.QUEUE_FULL,
            "invocations",
            queue.size() + " waiting for " + workers.size() + " threads",
            "fewer than " + maxQueue + " waiting");
      }
    } finally {
      lock.unlock();
    }
  }

  private static HeddleException closing() {
    return new HeddleException(
        ErrorCode.UNAVAILABLE, "invocations: shutting down (expected: a running node)");
  }

  /** Call with the lock held. */
  private int capacity() {
    return maxThreads + Math.min(stuck, maxStuck);
  }

  /** Call with the lock held. */
  private void start(Task task) {
    var worker = new Worker(generation, task);
    workers.add(worker);
    boolean started = false;
    try {
      factory.newThread(worker).start();
      started = true;
    } finally {
      if (!started) {
        workers.remove(worker);
      }
    }
  }

  /** Starts a thread for what waits, if there may be one. Call with the lock held. */
  private void startWaiting() {
    var task = queue.peekFirst();
    if (task != null && workers.size() < capacity()) {
      // Where no thread can be had, the task stays in the queue.
      start(task);
      queue.removeFirst();
    }
  }

  /** Takes a waiting task out of the queue; whether it was there. */
  boolean withdraw(Task task) {
    lock.lock();
    try {
      return queue.remove(task);
    } finally {
      lock.unlock();
    }
  }

  private @Nullable Task next(Worker worker) {
    lock.lock();
    try {
      boolean surplus = workers.size() > capacity() || worker.generation != generation || closed;
      if (surplus) {
        end(worker);
        return null;
      }
      var task = queue.pollFirst();
      if (task != null) {
        return task;
      }
      idle.addLast(worker);
    } finally {
      lock.unlock();
    }
    return worker.await();
  }

  /** Call with the lock held. */
  private void end(Worker worker) {
    workers.remove(worker);
    ended.signalAll();
    startWaiting();
  }

  /** Forgets a worker whose thread dies of an error. */
  private void lost(Worker worker) {
    lock.lock();
    try {
      if (workers.contains(worker)) {
        end(worker);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends an idle worker; false if it was just handed a task. */
  private boolean retire(Worker worker) {
    lock.lock();
    try {
      if (!idle.remove(worker)) {
        return false;
      }
      end(worker);
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** Counts a thread that passed its deadline, or with -1 one that came back. */
  void stuck(int change) {
    lock.lock();
    try {
      stuck += change;
      startWaiting();
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
      workers.remove(worker);
      worker.stop();
    }
    ended.signalAll();
  }

  int threads() {
    return counted(() -> workers.size() - idle.size());
  }

  int waiting() {
    return counted(queue::size);
  }

  int stuck() {
    return counted(() -> stuck);
  }

  private int counted(IntSupplier what) {
    lock.lock();
    try {
      return what.getAsInt();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    close(0);
  }

  /** Refuses what waits, gives what runs so much time to end, and then interrupts it. */
  void close(long graceNanos) {
    List<Task> refused;
    lock.lock();
    try {
      closed = true;
      refused = List.copyOf(queue);
      queue.clear();
      stopIdle();
    } finally {
      lock.unlock();
    }
    refused.forEach(task -> task.refuse(closing()));
    awaitEnd(graceNanos);
  }

  private void awaitEnd(long graceNanos) {
    lock.lock();
    try {
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
