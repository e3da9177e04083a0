package dev.heddle.gateway.connection;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.common.WebSocketSession;
import org.eclipse.jetty.websocket.core.CoreSession;
import org.eclipse.jetty.websocket.core.Frame;
import org.eclipse.jetty.websocket.core.OpCode;

/**
 * What waits to be read by one client, bounded in bytes and frames: one frame is Jetty's at a time,
 * the others wait here, where they can still be dropped. Thread-safe.
 */
final class Outgoing {
  private final Session session;
  private final CoreSession core;
  private final long mostBytes;
  private final int mostFrames;
  private final SlowConsumer policy;
  private final Runnable onSlow;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock, as all that follows. */
  private final ArrayDeque<Waiting> queue = new ArrayDeque<>();

  private boolean replaying = true;

  /** Of what counts. */
  private long bytes;

  /** Frames that count, and wait. */
  private int frames;

  /** Bytes of what does not. */
  private long uncounted;

  private boolean writing;
  private long dropped;

  /**
   * A frame.
   *
   * @param counts whether it came after the replay
   */
  private record Waiting(Payload frame, boolean counts) {
    long bytes() {
      return counts ? frame.bytes().length : 0;
    }

    long uncounted() {
      return counts ? 0 : frame.bytes().length;
    }
  }

  /**
   * Sends over a session. What is sent before {@link #replayed} does not count.
   *
   * @param onSlow told when the client does not keep up and the policy is to close
   */
  Outgoing(Session session, long mostBytes, int mostFrames, SlowConsumer policy, Runnable onSlow) {
    this.session = session;
    this.core = ((WebSocketSession) session).getCoreSession();
    this.mostBytes = mostBytes;
    this.mostFrames = mostFrames;
    this.policy = policy;
    this.onSlow = onSlow;
  }

  /** From now on the client has to keep up. */
  void replayed() {
    lock.lock();
    try {
      replaying = false;
    } finally {
      lock.unlock();
    }
  }

  /** Whether anything has not left yet. */
  boolean waiting() {
    lock.lock();
    try {
      return writing || !queue.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Bytes that wait, but do not count. */
  long uncounted() {
    lock.lock();
    try {
      return uncounted;
    } finally {
      lock.unlock();
    }
  }

  /** Bytes that may yet be sent. */
  long room() {
    lock.lock();
    try {
      return Math.max(0, mostBytes - bytes);
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
    return send(frame, true);
  }

  /**
   * As above.
   *
   * @param counts false: it waited for the client, and is bounded elsewhere
   */
  boolean send(Payload frame, boolean counts) {
    boolean slow = false;
    lock.lock();
    try {
      var next = new Waiting(frame, counts && !replaying);
      if (next.counts() && crowded(frame)) {
        slow = policy == SlowConsumer.CLOSE;
        if (!slow) {
          makeRoom(frame);
        }
      }
      if (!slow) {
        queue.addLast(next);
        bytes += next.bytes();
        frames += next.counts() ? 1 : 0;
        uncounted += next.uncounted();
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
    return bytes > 0 && (bytes + frame.bytes().length > mostBytes || frames >= mostFrames);
  }

  /** Frames that do not count stay: dropping them makes no room. */
  private void makeRoom(Payload frame) {
    Iterator<Waiting> oldest = queue.iterator();
    while (oldest.hasNext() && (policy == SlowConsumer.LATEST || crowded(frame))) {
      Waiting next = oldest.next();
      if (next.counts()) {
        oldest.remove();
        bytes -= next.bytes();
        frames--;
        dropped++;
      }
    }
  }

  private void write() {
    while (true) {
      Waiting next;
      lock.lock();
      try {
        if (writing || queue.isEmpty()) {
          return;
        }
        next = queue.removeFirst();
        frames -= next.counts() ? 1 : 0;
        writing = true;
      } finally {
        lock.unlock();
      }
      // Whoever comes second, Jetty's callback or the return from the send, goes on with the next.
      var second = new AtomicBoolean();
      Callback written = Callback.from(() -> written(next, second));
      Payload payload = next.frame();
      // As bytes, which may be those of a message to many: a text would be encoded for each.
      byte opcode = payload.binary() ? OpCode.BINARY : OpCode.TEXT;
      core.sendFrame(new Frame(opcode, true, ByteBuffer.wrap(payload.bytes())), written, false);
      if (second.compareAndSet(false, true)) {
        return;
      }
    }
  }

  private void written(Waiting frame, AtomicBoolean second) {
    lock.lock();
    try {
      bytes -= frame.bytes();
      uncounted -= frame.uncounted();
      writing = false;
    } finally {
      lock.unlock();
    }
    if (!second.compareAndSet(false, true)) {
      write();
    }
  }
}
