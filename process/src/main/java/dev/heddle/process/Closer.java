package dev.heddle.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Owns what a role has started and ends it in reverse order, also after a start that failed half
 * way. One shot. Safe for any thread.
 */
public final class Closer implements AutoCloseable {
  private record Owned(String name, AutoCloseable resource) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Owned> owned = new ArrayDeque<>();
  private boolean closed;

  /**
   * Takes ownership of {@code resource}.
   *
   * @param name for error messages
   * @return the resource
   * @throws IllegalStateException if this is closed; the resource is closed then, too
   */
  public <C extends AutoCloseable> C register(String name, C resource) {
    lock.lock();
    try {
      if (!closed) {
        owned.push(new Owned(name, resource));
        return resource;
      }
    } finally {
      lock.unlock();
    }
    IllegalStateException late =
        new IllegalStateException(name + ": registered late (expected: before the close)");
    closeOne(new Owned(name, resource), late);
    throw late;
  }

  /**
   * Ends everything, the newest first, whatever fails on the way; the second call does nothing.
   *
   * @throws HeddleException INTERNAL with all failures as suppressed ones
   */
  @Override
  public void close() {
    HeddleException failures = new HeddleException(ErrorCode.INTERNAL, "close: failed");
    closeAll(failures);
    if (failures.getSuppressed().length > 0) {
      throw failures;
    }
  }

  /** Ends everything after {@code failure}, which collects what fails on the way. */
  public void closeAfter(Throwable failure) {
    closeAll(failure);
  }

  private void closeAll(Throwable failures) {
    Deque<Owned> closing;
    lock.lock();
    try {
      closed = true;
      closing = new ArrayDeque<>(owned);
      owned.clear();
    } finally {
      lock.unlock();
    }
    // Someone is being told to stop: the rest still has to end in order before that is obeyed.
    boolean interrupted = Thread.interrupted();
    while (!closing.isEmpty()) {
      closeOne(closing.pop(), failures);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void closeOne(Owned one, Throwable failures) {
    try {
      one.resource().close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failures.addSuppressed(failed(one, e));
    } catch (Exception | Error e) {
      failures.addSuppressed(failed(one, e));
    }
  }

  private static HeddleException failed(Owned one, Throwable cause) {
    return new HeddleException(ErrorCode.INTERNAL, "close of " + one.name() + ": " + cause, cause);
  }
}
