package dev.heddle.process;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionHandler;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Named threads and bounded executors; whoever creates one closes it. */
public final class Threads {
  private static final Logger log = LoggerFactory.getLogger(Threads.class);

  private Threads() {}

  /** Platform threads {@code prefix-0}, {@code prefix-1}…; they do not keep the process alive. */
  public static ThreadFactory named(String prefix) {
    return Thread.ofPlatform()
        .daemon(true)
        .name(prefix + "-", 0)
        .uncaughtExceptionHandler(Threads::logged)
        .factory();
  }

  /** Virtual threads {@code prefix-0}, {@code prefix-1}…, for code that blocks. */
  public static ThreadFactory virtual(String prefix) {
    return Thread.ofVirtual()
        .name(prefix + "-", 0)
        .uncaughtExceptionHandler(Threads::logged)
        .factory();
  }

  /**
   * A pool of platform threads that refuses with QUEUE_FULL once {@code threads} are busy and
   * {@code queue} tasks wait, and with UNAVAILABLE after its shutdown.
   *
   * @param queue 0: nothing waits
   */
  public static ThreadPoolExecutor bounded(String name, int threads, int queue) {
    if (threads < 1) {
      throw new IllegalArgumentException(name + " threads: " + threads + " (expected: >= 1)");
    }
    if (queue < 0) {
      throw new IllegalArgumentException(name + " queue: " + queue + " (expected: >= 0)");
    }
    BlockingQueue<Runnable> waiting =
        queue == 0 ? new SynchronousQueue<>() : new LinkedBlockingQueue<>(queue);
    return new ThreadPoolExecutor(
        threads, threads, 0, TimeUnit.SECONDS, waiting, named(name), refusal(name, queue));
  }

  /** Something to close that ends {@code executor} as {@link #close} does. */
  public static AutoCloseable closing(ExecutorService executor, Duration grace) {
    return () -> close(executor, grace);
  }

  /**
   * Ends an executor: waits up to {@code grace} for what runs, then interrupts it and waits as long
   * again.
   */
  public static void close(ExecutorService executor, Duration grace) {
    executor.shutdown();
    try {
      if (!executor.awaitTermination(grace.toNanos(), TimeUnit.NANOSECONDS)) {
        executor.shutdownNow();
        if (!executor.awaitTermination(grace.toNanos(), TimeUnit.NANOSECONDS)) {
          log.warn("executor still runs after its close executor={}", executor);
        }
      }
    } catch (InterruptedException e) {
      executor.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  static void logged(Thread thread, Throwable failure) {
    log.error("thread failed thread={}", thread.getName(), failure);
  }

  private static RejectedExecutionHandler refusal(String name, int queue) {
    return (task, executor) -> {
      if (executor.isShutdown()) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, name + ": shutting down (expected: a running server)");
      }
      throw new HeddleException(
          ErrorCode.QUEUE_FULL, name + ": queue full (expected: at most " + queue + " waiting)");
    };
  }
}
