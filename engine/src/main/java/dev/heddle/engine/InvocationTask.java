package dev.heddle.engine;

import dev.heddle.process.Carriers;
import dev.heddle.process.Deadline;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One event on its way through one handler: the caller waits in {@link #await} while a thread of
 * the pool runs it. At the deadline the caller interrupts the sandbox, gives it a moment to end, so
 * that the bill is whole, and leaves; whoever is last lets go of the version.
 */
final class InvocationTask implements Dispatcher.Task {
  private enum State {
    /** No thread has taken it. */
    WAITING,
    /** A thread runs the handler. */
    RUNNING,
    /** Result or failure is there. */
    DONE,
    /** The caller has left, or is about to; a thread may still be running. */
    ABANDONED
  }

  /** What a caller waits at most, beyond the deadline, for code that was told to end. */
  private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  /** Outcome of a second report, of what ran on after the first one. */
  private static final String RAN_ON = "ran-on";

  private final InvocationKit kit;
  private final LoadedVersions.Lease lease;
  private final FunctionRef ref;
  private final Invocation invocation;
  private final byte[] event;
  private final InvocationLog log;
  private final InvocationMeter meter;
  private final @Nullable Carriers carriers = Carriers.current();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition left = lock.newCondition();

  /** Nobody waits for the answer. Written with the lock held, before anything is interrupted. */
  private volatile boolean abandoned;

  /** Set before the task is run. */
  private SandboxPool.@Nullable Room room;

  // Guarded by the lock.
  private State state = State.WAITING;
  private @Nullable InvocationScope scope;
  private @Nullable Thread runner;
  private @Nullable Sandbox inside;
  private boolean ended;
  private byte @Nullable [] reply;
  private @Nullable HeddleException failure;

  /** To be made on the thread that will {@link #await} it. */
  InvocationTask(
      InvocationKit kit,
      LoadedVersions.Lease lease,
      FunctionRef ref,
      Invocation invocation,
      byte[] event,
      InvocationLog log,
      InvocationMeter meter) {
    this.kit = kit;
    this.lease = lease;
    this.ref = ref;
    this.invocation = invocation;
    this.event = event;
    this.log = log;
    this.meter = meter;
  }

  @Override
  public LoadedVersion version() {
    return lease.version();
  }

  @Override
  public int depth() {
    return invocation.depth();
  }

  @Override
  public void room(SandboxPool.Room found) {
    room = found;
  }

  @Override
  public boolean brief() {
    // To make a sandbox, or to wake one up, takes longer.
    return room().ready() && lease.version().brevity().likely();
  }

  @Override
  public @Nullable Carriers carriers() {
    return carriers;
  }

  private SandboxPool.Room room() {
    if (room == null) {
      throw new IllegalStateException("run without room");
    }
    return room;
  }

  @Override
  public void run() {
    var scope = begin();
    if (scope == null) {
      kit.dispatcher().leave(this, room(), true, 0);
      lease.release();
      return;
    }
    byte[] answer = null;
    HeddleException problem = null;
    try {
      answer = execute(scope);
    } catch (HeddleException e) {
      problem = e;
    } catch (Throwable thrown) {
      problem = kit.failures(ref, scope.deadline()).of("handle", thrown);
    }
    complete(answer, problem);
  }

  /** The function's own timeout begins; null if nobody waits for the answer any more. */
  private @Nullable InvocationScope begin() {
    lock.lock();
    try {
      if (state != State.WAITING) {
        return null;
      }
      meter.dispatched();
      var own = Deadline.after(lease.version().version().timeout(), kit.ticker());
      scope = new InvocationScope(ref, invocation, invocation.deadline().earlier(own));
      state = State.RUNNING;
      runner = Thread.currentThread();
      return scope;
    } finally {
      lock.unlock();
    }
  }

  private byte[] execute(InvocationScope scope) {
    var code = lease.version().code();
    var thread = Thread.currentThread();
    var before = thread.getContextClassLoader();
    var loader = code.classLoader();
    if (loader != null) {
      thread.setContextClassLoader(loader);
    }
    try {
      return metered(sandbox(), code, scope);
    } finally {
      if (loader != null) {
        thread.setContextClassLoader(before);
      }
    }
  }

  private byte[] metered(Sandbox sandbox, LoadedCode code, InvocationScope scope) {
    meter.entered(sandbox);
    try {
      // Before it counts as inside: an interrupt of the sandbox would do nothing here.
      if (!code.readsJson()) {
        JsonValues.check(event);
      }
      if (!enter(sandbox)) {
        throw new HeddleException(ErrorCode.CANCELLED, "function " + ref.label() + ": too late");
      }
      try {
        return answer(sandbox, code, scope);
      } finally {
        exit();
      }
    } finally {
      meter.left(sandbox);
    }
  }

  private Sandbox sandbox() {
    var room = room();
    var warm = room.sandbox();
    if (warm != null) {
      room.wake();
      return warm;
    }
    long start = kit.ticker().nanoTime();
    try {
      var made = lease.version().code().newSandbox(lease.version().limits());
      long nanos = kit.ticker().nanoTime() - start;
      room.made(made, nanos);
      kit.metrics().made(nanos);
      return made;
    } finally {
      meter.made(kit.ticker().nanoTime() - start);
    }
  }

  /** Whether the sandbox may still be entered: whoever gives up from now on interrupts it. */
  private boolean enter(Sandbox sandbox) {
    lock.lock();
    try {
      if (state != State.RUNNING) {
        return false;
      }
      inside = sandbox;
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void exit() {
    lock.lock();
    try {
      inside = null;
    } finally {
      lock.unlock();
    }
  }

  private byte[] answer(Sandbox sandbox, LoadedCode code, InvocationScope scope) {
    var version = lease.version().version();
    var door =
        new PlatformDoor(
            kit.platform(),
            scope,
            new Parked(Thread.currentThread()),
            kit.ticker(),
            kit.config().maxPlatformCalls());
    var call =
        new Call(
            new InvocationContext(version, door, kit.ticker(), log),
            new JsonPlatformCalls(
                version, door, kit.ticker(), log, kit.config().maxPlatformMessage()),
            scope.deadline(),
            () -> abandoned);
    try {
      var answer = sandbox.invoke(event, call);
      if (!code.readsJson()) {
        check(answer, kit.failures(ref, scope.deadline()));
      }
      meter.sent(answer.length);
      return answer;
    } finally {
      door.close();
    }
  }

  private void check(byte[] answer, Failures failures) {
    if (answer.length > kit.config().maxResult().bytes()) {
      throw failures.resultTooLarge("result", kit.config().maxResult());
    }
    try {
      JsonValues.check(answer);
    } catch (HeddleException e) {
      throw failures.failed(
          ErrorCode.FUNCTION_RESULT_INVALID, Failures.RESULT, String.valueOf(e.getMessage()), e);
    }
  }

  /** Lends the invocation's room while its own thread waits; other threads of it have none. */
  private final class Parked implements PlatformDoor.Parking {
    private final Thread owner;

    Parked(Thread owner) {
      this.owner = owner;
    }

    @Override
    public void park() {
      if (Thread.currentThread().equals(owner)) {
        meter.parked();
        kit.dispatcher().park(room());
      }
    }

    @Override
    public void unpark() {
      if (Thread.currentThread().equals(owner)) {
        kit.dispatcher().unpark(room());
        meter.unparked();
      }
    }
  }

  private void complete(byte @Nullable [] answer, @Nullable HeddleException problem) {
    var sandbox = room().sandbox();
    boolean reuse = sandbox != null && sandbox.reusable() && !abandoned;
    var stuck = lease.version().stuck();
    // First of all, so that whoever has the answer finds nothing of it at work any more.
    kit.dispatcher().leave(this, room(), reuse, meter.ranNanos());
    lease.version().brevity().ran(meter.ranNanos());
    lease.release();
    Carriers.last(() -> end(answer, problem, stuck));
  }

  private void end(
      byte @Nullable [] answer, @Nullable HeddleException problem, AtomicInteger stuck) {
    boolean late;
    lock.lock();
    try {
      runner = null;
      ended = true;
      late = state == State.ABANDONED;
      if (late) {
        stuck.decrementAndGet();
      } else {
        reply = answer;
        failure = problem;
        state = State.DONE;
      }
      left.signalAll();
    } finally {
      lock.unlock();
    }
    if (late) {
      reportRest();
      kit.dispatcher().stuck(-1);
    }
  }

  /** The caller left with the bill: what the code took after that is told when it ends. */
  private void reportRest() {
    if (meter.open()) {
      long memory = lease.version().version().memory().bytes();
      var rest = meter.rest(memory);
      kit.metrics().ranOn(rest.activeNanos());
      log.report(ReportLine.of(ref, invocation, memory, rest, Bill.NONE, RAN_ON));
    }
  }

  @Override
  public void refuse(HeddleException why) {
    if (room != null) {
      kit.dispatcher().leave(this, room, true, 0);
    }
    lease.release();
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
  }

  /**
   * Waits for the answer until the deadline.
   *
   * @throws HeddleException what it failed with
   */
  byte[] await() {
    HeddleException why;
    boolean waited;
    lock.lock();
    try {
      why = awaitDone();
      if (why == null) {
        return done();
      }
      waited = state == State.WAITING;
      abandon();
    } finally {
      lock.unlock();
    }
    if (waited) {
      if (kit.dispatcher().withdraw(this)) {
        lease.release();
      }
    } else {
      kit.dispatcher().stuck(1);
      awaitEnd();
    }
    throw why;
  }

  /** Call with the lock held. */
  private byte[] done() {
    if (failure != null) {
      boolean stopped =
          failure.code() == ErrorCode.CANCELLED || failure.code() == ErrorCode.DEADLINE_EXCEEDED;
      throw stopped && late() ? timedOut() : failure;
    }
    if (reply == null) {
      throw new IllegalStateException("an invocation ended with neither reply nor failure");
    }
    return reply;
  }

  private Deadline deadline() {
    return scope == null ? invocation.deadline() : scope.deadline();
  }

  private boolean late() {
    return deadline().expired(kit.ticker());
  }

  /** Null once it is done, else why the caller leaves. Call with the lock held. */
  private @Nullable HeddleException awaitDone() {
    // Its own timeout begins with its run, of which nobody tells us: it cannot end before this.
    long timeout = lease.version().version().timeout().toNanos();
    try {
      while (state != State.DONE) {
        long nanos = deadline().remainingNanos(kit.ticker());
        if (nanos <= 0) {
          return state == State.WAITING ? waitedTooLong() : timedOut();
        }
        awaitChange(scope == null ? Math.min(nanos, timeout) : nanos);
      }
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new HeddleException(
          ErrorCode.CANCELLED, "function " + ref.label() + ": its caller was interrupted", e);
    }
  }

  /**
   * Returns after a change, after some time, or for no reason. A virtual thread that waits for a
   * time wakes the JVM's timer when it begins and when it ends; the engine's sleeps on. Call with
   * the lock held.
   */
  @SuppressWarnings("WaitNotInLoop") // The caller's is the loop.
  private void awaitChange(long nanos) throws InterruptedException {
    var alarm = kit.timer().after(nanos, this::wake);
    if (alarm == null) {
      var _ = left.awaitNanos(nanos);
      return;
    }
    try {
      left.await();
    } finally {
      alarm.cancel();
    }
  }

  private void wake() {
    lock.lock();
    try {
      left.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private HeddleException waitedTooLong() {
    return new HeddleException(
        ErrorCode.DEADLINE_EXCEEDED,
        "function "
            + ref.label()
            + ": still waited for a thread at the deadline (expected: an answer by then)");
  }

  private HeddleException timedOut() {
    boolean own = !deadline().equals(invocation.deadline());
    return own
        ? new HeddleException(
            ErrorCode.FUNCTION_TIMED_OUT,
            "function %s: still ran after its timeout of %s (expected: an answer by then)"
                .formatted(ref.label(), DurationFormat.format(lease.version().version().timeout())))
        : new HeddleException(
            ErrorCode.DEADLINE_EXCEEDED,
            "function "
                + ref.label()
                + ": still ran at the deadline (expected: an answer by then)");
  }

  /** Call with the lock held: the runner cannot have gone on to another task. */
  private void abandon() {
    boolean running = state == State.RUNNING;
    state = State.ABANDONED;
    abandoned = true;
    if (running) {
      lease.version().stuck().incrementAndGet();
      if (inside != null) {
        inside.interrupt();
      } else if (runner != null) {
        runner.interrupt();
      }
    }
  }

  /** Gives code that was interrupted a moment to end, so that its bill is whole. */
  private void awaitEnd() {
    boolean interrupted = Thread.interrupted();
    lock.lock();
    try {
      long nanos = GRACE_NANOS;
      while (!ended && nanos > 0) {
        try {
          nanos = left.awaitNanos(nanos);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (!ended && inside != null) {
        // Once more: the first may have come before the code that it was to end.
        inside.interrupt();
      }
      if (!ended && runner != null) {
        meter.stillRuns(runner, invocation.id());
      }
    } finally {
      lock.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Whether any of the function's code ran. */
  boolean started() {
    lock.lock();
    try {
      return scope != null;
    } finally {
      lock.unlock();
    }
  }

  /** What it asked of others, or empty where it did not get so far. */
  @Nullable InvocationScope scope() {
    lock.lock();
    try {
      return scope;
    } finally {
      lock.unlock();
    }
  }
}
