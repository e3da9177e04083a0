package dev.heddle.gateway.connection;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A poll that waits for frames. Thread-safe. */
final class PollTransport implements Transport {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by the lock, as what follows. */
  private final List<Message> messages = new ArrayList<>();

  private @Nullable Goodbye goodbye;

  /** A frame and its offset. */
  record Message(long offset, Payload frame) {}

  /** Why the connection, or this stay of it, is over. */
  record Goodbye(int code, String reason) {}

  /**
   * What came.
   *
   * @param goodbye null: the connection goes on
   */
  record Polled(List<Message> messages, @Nullable Goodbye goodbye) {}

  /** Returns at the first frame, at the end, or after this time; then nothing is taken any more. */
  Polled await(Duration most) throws InterruptedException {
    lock.lock();
    try {
      long left = most.toNanos();
      while (messages.isEmpty() && goodbye == null && left > 0) {
        left = changed.awaitNanos(left);
      }
      Goodbye why = goodbye;
      if (why == null) {
        goodbye = new Goodbye(0, "answered");
      }
      return new Polled(List.copyOf(messages), why);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean send(long offset, Payload frame) {
    lock.lock();
    try {
      if (goodbye != null) {
        return false;
      }
      messages.add(new Message(offset, frame));
      changed.signal();
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void control(byte[] json) {
    // The answer itself says what a welcome does.
  }

  @Override
  public boolean lags() {
    lock.lock();
    try {
      return !messages.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close(int code, String reason) {
    lock.lock();
    try {
      if (goodbye == null) {
        goodbye = new Goodbye(code, reason);
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void abort() {
    close(CloseCodes.ABNORMAL, "cut off");
  }

  @Override
  public void tick() {
    // A poll is shorter than a ping interval may be.
  }

  @Override
  public void endIfOverdue() {
    // It has ended when its thread runs.
  }
}
