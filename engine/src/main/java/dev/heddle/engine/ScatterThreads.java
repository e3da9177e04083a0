package dev.heddle.engine;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import io.grpc.Context;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where the steps of deployed scatter functions run for callers on virtual threads: on platform
 * threads, of which there are only so many. Code that never waits would keep the carrier of a
 * virtual thread to itself, and a few of it would stop all virtual threads of the process.
 *
 * <p>Safe for any thread.
 */
final class ScatterThreads {
  private final InvocationThreads threads;
  private final Semaphore places;
  private final Ticker ticker;

  ScatterThreads(InvocationThreads threads, int places, Ticker ticker) {
    this.threads = threads;
    this.places = new Semaphore(places, true);
    this.ticker = ticker;
  }

  /**
   * Runs a step and waits until it has ended. A caller that is interrupted interrupts the step; it
   * waits on, for what the step uses is the caller's to give back.
   *
   * @throws HeddleException DEADLINE_EXCEEDED or CANCELLED before there was a thread for it; what
   *     the step throws
   */
  <T extends @Nullable Object> T run(Failures failures, Supplier<T> body) {
    if (!Thread.currentThread().isVirtual()) {
      return body.get();
    }
    enter(failures);
    var step = new Step<T>(body);
    boolean started = false;
    try {
      threads.run(Context.current().wrap(step), false);
      started = true;
    } finally {
      if (!started) {
        places.release();
      }
    }
    return step.await();
  }

  private void enter(Failures failures) {
    var deadline = failures.deadline();
    try {
      if (deadline == null) {
        places.acquire();
      } else if (!places.tryAcquire(deadline.remainingNanos(ticker), TimeUnit.NANOSECONDS)) {
        throw new HeddleException(
            ErrorCode.DEADLINE_EXCEEDED,
            "function "
                + failures.label()
                + ": still waited for a thread at the deadline (expected: an answer by then)");
      }
    } catch (InterruptedException e) {
      throw failures.of("wait", e);
    }
  }

  /** A step on its way; it gives its place back when it has ended. */
  private final class Step<T extends @Nullable Object> implements Runnable {
    private final Supplier<T> body;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition end = lock.newCondition();

    // Guarded by the lock.
    private @Nullable Thread runner;
    private boolean interrupted;
    private boolean ended;
    private @Nullable T result;
    private @Nullable Throwable failure;

    Step(Supplier<T> body) {
      this.body = body;
    }

    @Override
    public void run() {
      begin();
      @Nullable T value = null;
      @Nullable Throwable thrown = null;
      try {
        value = body.get();
      } catch (Throwable e) {
        thrown = e;
      }
      places.release();
      end(value, thrown);
    }

    private void begin() {
      lock.lock();
      try {
        runner = Thread.currentThread();
        if (interrupted) {
          runner.interrupt();
        }
      } finally {
        lock.unlock();
      }
    }

    private void end(@Nullable T value, @Nullable Throwable thrown) {
      lock.lock();
      try {
        runner = null;
        result = value;
        failure = thrown;
        ended = true;
        end.signalAll();
      } finally {
        lock.unlock();
      }
    }

    /** The step's result, or what it threw. */
    @SuppressWarnings("NullAway") // Without a failure, the result is what the body returned.
    T await() {
      lock.lock();
      try {
        while (!ended) {
          try {
            end.await();
          } catch (InterruptedException e) {
            interrupt();
          }
        }
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
        switch (failure) {
          case null -> {
            return result;
          }
          case RuntimeException e -> throw e;
          case Error e -> throw e;
          case Throwable e -> throw new IllegalStateException("a step threw " + e, e);
        }
      } finally {
        lock.unlock();
      }
    }

    /** Call with the lock held. */
    private void interrupt() {
      interrupted = true;
      if (runner != null) {
        runner.interrupt();
      }
    }
  }
}
