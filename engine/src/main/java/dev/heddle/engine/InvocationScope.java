package dev.heddle.engine;

import dev.heddle.catalog.PositionToken;
import dev.heddle.function.Session;
import dev.heddle.process.Deadline;
import dev.heddle.process.TraceContext;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * For whom and in what an invocation does things, and what they came to: shared by everything that
 * it asks of the platform. Safe for any thread.
 */
public final class InvocationScope {
  /** Calls of functions by functions, at most so deep. */
  public static final int MAX_DEPTH = 8;

  private final FunctionRef function;
  private final Invocation invocation;
  private final Deadline deadline;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private PositionToken positions;
  private Bill children = Bill.NONE;

  /**
   * @param deadline the earlier of the request's and the function's own
   */
  public InvocationScope(FunctionRef function, Invocation invocation, Deadline deadline) {
    this.function = function;
    this.invocation = invocation;
    this.deadline = deadline;
    this.positions = invocation.positions();
  }

  public FunctionRef function() {
    return function;
  }

  public String tenant() {
    return invocation.tenant();
  }

  public String invocationId() {
    return invocation.id();
  }

  public TraceContext trace() {
    return invocation.trace();
  }

  /** Calls above this one. */
  public int depth() {
    return invocation.depth();
  }

  public Deadline deadline() {
    return deadline;
  }

  public Optional<Session> session() {
    return invocation.session();
  }

  /** What the invocation has written and seen, besides what it was called with. */
  public PositionToken positions() {
    lock.lock();
    try {
      return positions;
    } finally {
      lock.unlock();
    }
  }

  /** Adds positions that the invocation has now seen. */
  public void saw(PositionToken more) {
    lock.lock();
    try {
      positions = positions.merge(more);
    } finally {
      lock.unlock();
    }
  }

  /** Adds what a query or a nested call spent. */
  public void spent(Bill bill) {
    lock.lock();
    try {
      children = children.plus(bill);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Notes that something was asked for of which nobody knows what it spent.
   *
   * @param what such as {@code invoke/name}
   */
  public void open(String what) {
    spent(Bill.open(List.of(what)));
  }

  /** What the invocation's queries and nested calls spent so far. */
  public Bill children() {
    lock.lock();
    try {
      return children;
    } finally {
      lock.unlock();
    }
  }
}
