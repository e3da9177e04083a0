package dev.heddle.engine;

import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One event on its way through one handler: the caller waits in {@link #await} while a thread of
 * the pool runs it. At the deadline the caller leaves and the thread is interrupted; whoever is
 * last lets go of the version.
 */
final class InvocationTask implements InvocationThreads.Task {
  private enum State {
    /** No thread has taken it. */
    WAITING,
    /** A thread runs the handler. */
    RUNNING,
    /** Result or failure is there. */
    DONE,
    /** The caller has left; a thread may still be running. */
    ABANDONED
  }

  private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

  private final InvocationThreads threads;
  private final LoadedVersions.Lease lease;
  private final InvocationContext context;
  private final Failures failures;
  private final Deadline deadline;
  private final Ticker ticker;
  private final byte[] event;
  private final DataSize maxResult;
  private final long submitted;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition left = lock.newCondition();

  // Guarded by the lock.
  private State state = State.WAITING;
  private @Nullable Thread runner;
  private @Nullable InvocationResult result;
  private @Nullable HeddleException failure;

  InvocationTask(
      InvocationThreads threads,
      LoadedVersions.Lease lease,
      InvocationContext context,
      Failures failures,
      Deadline deadline,
      byte[] event,
      DataSize maxResult) {
    this.threads = threads;
    this.lease = lease;
    this.context = context;
    this.failures = failures;
    this.deadline = deadline;
    this.ticker = failures.ticker();
    this.event = event;
    this.maxResult = maxResult;
    this.submitted = ticker.nanoTime();
  }

  @Override
  public void run() {
    lock.lock();
    try {
      if (state != State.WAITING) {
        lease.release();
        return;
      }
      state = State.RUNNING;
      runner = Thread.currentThread();
    } finally {
      lock.unlock();
    }
    InvocationResult answer = null;
    HeddleException problem = null;
    try {
      answer = execute();
    } catch (HeddleException e) {
      problem = e;
    } catch (Throwable thrown) {
      problem = failures.of("handle", thrown);
    }
    complete(answer, problem);
  }

  private InvocationResult execute() {
    long started = ticker.nanoTime();
    long cpuStarted = CPU.getCurrentThreadCpuTime();
    var version = lease.version();
    var thread = Thread.currentThread();
    var before = thread.getContextClassLoader();
    thread.setContextClassLoader(version.loader());
    byte[] json;
    try {
      var input = new Event(JsonValues.read(event));
      var handler = version.takeHandler(failures);
      json = encode(handle(handler, input));
      // Not reached after a failure: an instance that failed may be in any state.
      giveBack(handler);
    } finally {
      context.end();
      thread.setContextClassLoader(before);
    }
    return new InvocationResult(
        json,
        ticker.nanoTime() - started,
        CPU.getCurrentThreadCpuTime() - cpuStarted,
        started - submitted,
        version.version().memory().bytes());
  }

  private @Nullable Object handle(Handler handler, Event input) {
    try {
      return handler.handle(input, context);
    } catch (Throwable thrown) {
      var failure = failures.of("handle", thrown);
      if (failure.code() == ErrorCode.FUNCTION_REJECTED) {
        giveBack(handler);
      }
      throw failure;
    }
  }

  private byte[] encode(@Nullable Object reply) {
    try {
      return JsonValues.write(reply, maxResult);
    } catch (HeddleException e) {
      throw new HeddleException(
          e.code(), "function " + failures.label() + ": result: " + e.getMessage(), e);
    } catch (Throwable thrown) {
      throw failures.of("result", thrown);
    }
  }

  private void giveBack(Handler handler) {
    if (!abandoned()) {
      lease.version().giveBack(handler);
    }
  }

  private boolean abandoned() {
    lock.lock();
    try {
      return state == State.ABANDONED;
    } finally {
      lock.unlock();
    }
  }

  private void complete(@Nullable InvocationResult answer, @Nullable HeddleException problem) {
    boolean late;
    var stuck = lease.version().stuck();
    // First of all, so that whoever has the answer finds nothing of it at work any more.
    lease.release();
    lock.lock();
    try {
      late = state == State.ABANDONED;
      runner = null;
      if (!late) {
        result = answer;
        failure = problem;
        state = State.DONE;
        left.signalAll();
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      threads.stuck(-1);
      stuck.decrementAndGet();
    }
  }

  @Override
  public void refuse(HeddleException why) {
    lock.lock();
    try {
      if (state == State.WAITING) {
        failure = why;
        state = State.DONE;
        left.signalAll();
      }
    } finally {
      lock.unlock();
    }
    lease.release();
  }

  /** Waits for the answer until the deadline. */
  InvocationResult await() {
    boolean withdraw;
    HeddleException why;
    lock.lock();
    try {
      why = awaitDone();
      if (why == null) {
        if (failure != null) {
          throw failure;
        }
        if (result == null) {
          throw new IllegalStateException("an invocation ended with neither result nor failure");
        }
        return result;
      }
      withdraw = state == State.WAITING;
      abandon();
    } finally {
      lock.unlock();
    }
    if (withdraw && threads.withdraw(this)) {
      lease.release();
    }
    throw why;
  }

  /** Null once it is done, else why the caller leaves. Call with the lock held. */
  private @Nullable HeddleException awaitDone() {
    try {
      while (state != State.DONE) {
        long nanos = deadline.remainingNanos(ticker);
        if (nanos <= 0) {
          var what = state == State.WAITING ? "still waited for a thread" : "still ran";
          return new HeddleException(
              ErrorCode.DEADLINE_EXCEEDED,
              "function "
                  + failures.label()
                  + ": "
                  + what
                  + " at the deadline (expected: an answer by then)");
        }
        // Spurious or not, every way out is checked above.
        var _ = left.awaitNanos(nanos);
      }
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new HeddleException(
          ErrorCode.CANCELLED, "function " + failures.label() + ": its caller was interrupted", e);
    }
  }

  /** Call with the lock held: the runner cannot have gone on to another task. */
  private void abandon() {
    boolean running = state == State.RUNNING;
    state = State.ABANDONED;
    if (running) {
      threads.stuck(1);
      lease.version().stuck().incrementAndGet();
      if (runner != null) {
        runner.interrupt();
      }
    }
  }
}
