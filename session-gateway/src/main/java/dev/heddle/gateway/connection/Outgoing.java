package dev.heddle.gateway.connection;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;

/**
 * What waits to be read by one client, bounded in bytes and frames: one frame is Jetty's at a time,
 * the others wait here, where they can still be dropped. Thread-safe.
 */
final class Outgoing {
  private final Session session;
  private final long mostBytes;
  private final int mostFrames;
  private final SlowConsumer policy;
  private final Runnable onSlow;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock, as all that follows. */
  private final ArrayDeque<Payload> queue = new ArrayDeque<>();

  private long bytes;
  private boolean writing;
  private long dropped;

  /**
   * Sends over a session.
   *
   * @param onSlow told when the client does not keep up and the policy is to close
   */
  Outgoing(Session session, long mostBytes, int mostFrames, SlowConsumer policy, Runnable onSlow) {
    this.session = session;
    this.mostBytes = mostBytes;
    this.mostFrames = mostFrames;
    this.policy = policy;
    this.onSlow = onSlow;
  }

  /** Whether anything has not left yet. */
  boolean waiting() {
    lock.lock();
    try {
      return bytes > 0;
    } finally {
      lock.unlock();
    }
  }

  /** Frames that the policy dropped. */
  long dropped() {
    lock.lock();
    try {
      return dropped;
    } finally {
      lock.unlock();
    }
  }

  /** Sends a frame, or drops one; false: the client is too slow and its socket is being closed. */
  boolean send(Payload frame) {
    boolean slow = false;
    lock.lock();
    try {
      if (crowded(frame)) {
        slow = policy == SlowConsumer.CLOSE;
        if (!slow) {
          makeRoom(frame);
        }
      }
      if (!slow) {
        queue.addLast(frame);
        bytes += frame.bytes().length;
      }
    } finally {
      lock.unlock();
    }
    if (slow) {
      onSlow.run();
      return false;
    }
    write();
    return session.isOpen();
  }

  /** One frame may be larger than the limit: it is the second one that shows who does not read. */
  private boolean crowded(Payload frame) {
    return bytes > 0 && (bytes + frame.bytes().length > mostBytes || queue.size() >= mostFrames);
  }

  private void makeRoom(Payload frame) {
    while (!queue.isEmpty() && (policy == SlowConsumer.LATEST || crowded(frame))) {
      bytes -= queue.removeFirst().bytes().length;
      dropped++;
    }
  }

  private void write() {
    while (true) {
      Payload next;
      lock.lock();
      try {
        if (writing || queue.isEmpty()) {
          return;
        }
        next = queue.removeFirst();
        writing = true;
      } finally {
        lock.unlock();
      }
      // Whoever comes second, Jetty's callback or the return from the send, goes on with the next.
      var second = new AtomicBoolean();
      Callback written =
          Callback.from(() -> written(next, second), failure -> written(next, second));
      if (next.binary()) {
        session.sendBinary(ByteBuffer.wrap(next.bytes()), written);
      } else {
        session.sendText(new String(next.bytes(), StandardCharsets.UTF_8), written);
      }
      if (second.compareAndSet(false, true)) {
        return;
      }
    }
  }

  private void written(Payload frame, AtomicBoolean second) {
    lock.lock();
    try {
      bytes -= frame.bytes().length;
      writing = false;
    } finally {
      lock.unlock();
    }
    if (!second.compareAndSet(false, true)) {
      write();
    }
  }
}
