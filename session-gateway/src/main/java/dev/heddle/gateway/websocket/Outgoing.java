package dev.heddle.gateway.websocket;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * What waits to be read by one client, bounded in bytes and frames: some frames are being written,
 * together, the others wait here, where they can still be dropped. Pings, pongs and the goodbye
 * come besides. Thread-safe; its own monitor is the lock, as there is one for each connection.
 */
final class Outgoing implements Callback {
  /** Frames and bytes that are written at once; a single frame may be larger. */
  private static final int BATCH_FRAMES = 64;

  private static final int BATCH_BYTES = 64 << 10;

  /** Pings and pongs that wait; of more the oldest goes, as RFC 6455 5.5.3 allows. */
  private static final int CONTROLS = 16;

  private final EndPoint endPoint;
  private final Owner owner;
  private final SocketBounds bounds;

  /** Guarded by the monitor, as all that follows; null: nothing waits, as at most times. */
  private @Nullable ArrayDeque<Waiting> queue;

  private @Nullable ArrayDeque<ByteBuffer> controls;
  private @Nullable ByteBuffer goodbye;

  /** Of what counts, and has not left. */
  private long bytes;

  /** Bytes of what does not. */
  private long uncounted;

  /** Of either, what is being written. */
  private long bytesLeaving;

  private long uncountedLeaving;

  /** Frames that count, and wait. */
  private int frames;

  private boolean replaying = true;
  private boolean writing;

  /** Whether the goodbye is among what is being written. */
  private boolean leaves;

  /** Nothing is taken any more. */
  private boolean closed;

  private volatile boolean left;

  /** How often something has left. Guarded by the monitor, as what follows. */
  private long departures;

  /** What the end point writes when it can; null: nothing. */
  private ByteBuffer @Nullable [] pending;

  /** Whether the end point is about to write, and whether that has completed by then. */
  private boolean handing;

  private boolean handed;

  /** Who is told of what becomes of it. Must not wait. */
  interface Owner {
    /** The client does not keep up, and the policy is to close. */
    void slow();

    /** The goodbye has left. */
    void saidGoodbye();

    /** Nothing can be written any more. */
    void unwritable(Throwable cause);
  }

  /**
   * A frame.
   *
   * @param counts whether it came after the replay
   */
  private record Waiting(WireFrame frame, boolean counts) {}

  /** Writes to an end point. What is sent before {@link #replayed} does not count. */
  Outgoing(EndPoint endPoint, Owner owner, SocketBounds bounds) {
    this.endPoint = endPoint;
    this.owner = owner;
    this.bounds = bounds;
  }

  /** From now on the client has to keep up. */
  synchronized void replayed() {
    replaying = false;
  }

  /** Whether anything has not left yet. */
  synchronized boolean waiting() {
    return writing || queue != null;
  }

  /** Bytes that wait, but do not count. */
  synchronized long uncounted() {
    return uncounted;
  }

  /** Bytes that may yet be sent. */
  synchronized long room() {
    return Math.max(0, bounds.outgoing() - bytes);
  }

  /** Whether the goodbye is written. */
  boolean left() {
    return left;
  }

  /** Another number after anything has left, also a part of what is being written. */
  synchronized long departures() {
    long left = 0;
    if (pending != null) {
      for (ByteBuffer each : pending) {
        left += each.remaining();
      }
    }
    return (departures << Integer.SIZE) - left;
  }

  /**
   * Sends a frame, or drops one; false: nothing is sent any more, or the client is too slow and its
   * socket is being closed.
   *
   * @param counted false: it waited for the client, and is bounded elsewhere
   */
  boolean send(WireFrame frame, boolean counted) {
    try {
      return sendOrQueue(frame, counted);
    } catch (RuntimeException | Error e) {
      failed(e);
      return false;
    }
  }

  private boolean sendOrQueue(WireFrame frame, boolean counted) {
    List<ByteBuffer> batch = null;
    boolean slow = false;
    synchronized (this) {
      if (closed) {
        return false;
      }
      boolean counts = counted && !replaying;
      if (counts && crowded(frame)) {
        slow = bounds.slow() == SlowConsumer.CLOSE;
        if (!slow) {
          makeRoom(frame);
        }
      }
      if (!slow) {
        if (counts) {
          bytes += frame.length();
        } else {
          uncounted += frame.length();
        }
        if (!writing && queue == null) {
          writing = true;
          batch = new ArrayList<>(2);
          leave(frame, counts, batch);
        } else {
          if (queue == null) {
            queue = new ArrayDeque<>();
          }
          queue.addLast(new Waiting(frame, counts));
          frames += counts ? 1 : 0;
        }
      }
    }
    if (slow) {
      owner.slow();
      return false;
    }
    if (batch != null) {
      write(batch);
    }
    return true;
  }

  /** One frame may be larger than the limit: it is the second one that shows who does not read. */
  private boolean crowded(WireFrame frame) {
    return frames >= bounds.outgoingFrames()
        || (bytes > 0 && bytes + frame.length() > bounds.outgoing());
  }

  /** Frames that do not count stay: dropping them makes no room. */
  private void makeRoom(WireFrame frame) {
    if (queue == null) {
      return;
    }
    Iterator<Waiting> oldest = queue.iterator();
    while (oldest.hasNext() && (bounds.slow() == SlowConsumer.LATEST || crowded(frame))) {
      Waiting next = oldest.next();
      if (next.counts()) {
        oldest.remove();
        bytes -= next.frame().length();
        frames--;
      }
    }
    if (queue.isEmpty()) {
      queue = null;
    }
  }

  /** Sends a ping or a pong, before all messages that wait. */
  void control(ByteBuffer frame) {
    synchronized (this) {
      if (closed) {
        return;
      }
      if (controls == null) {
        controls = new ArrayDeque<>(2);
      } else if (controls.size() == CONTROLS) {
        controls.removeFirst();
      }
      controls.addLast(frame);
    }
    begin();
  }

  /**
   * Sends the goodbye after what waits; nothing is sent after it.
   *
   * @param drop whether what waits goes instead
   */
  void close(ByteBuffer frame, boolean drop) {
    synchronized (this) {
      if (drop) {
        queue = null;
        controls = null;
      }
      if (!closed) {
        closed = true;
        goodbye = frame;
      }
    }
    begin();
  }

  /** Nothing is written any more, and nothing is kept. */
  synchronized void end() {
    closed = true;
    queue = null;
    controls = null;
    goodbye = null;
    pending = null;
  }

  private void begin() {
    List<ByteBuffer> batch;
    try {
      synchronized (this) {
        if (writing) {
          return;
        }
        batch = next();
        writing = batch != null;
      }
    } catch (RuntimeException | Error e) {
      failed(e);
      return;
    }
    if (batch != null) {
      write(batch);
    }
  }

  private void leave(WireFrame frame, boolean counts, List<ByteBuffer> batch) {
    if (counts) {
      bytesLeaving += frame.length();
    } else {
      uncountedLeaving += frame.length();
    }
    frame.addTo(batch);
  }

  /** What is written next; null: nothing waits. Holds the monitor. */
  private @Nullable List<ByteBuffer> next() {
    if (queue == null && controls == null && goodbye == null) {
      return null;
    }
    var batch = new ArrayList<ByteBuffer>();
    if (controls != null) {
      batch.addAll(controls);
      controls = null;
    }
    if (queue != null) {
      for (int i = 0; i < BATCH_FRAMES && bytesLeaving + uncountedLeaving < BATCH_BYTES; i++) {
        Waiting each = queue.pollFirst();
        if (each == null) {
          break;
        }
        frames -= each.counts() ? 1 : 0;
        leave(each.frame(), each.counts(), batch);
      }
      if (queue.isEmpty()) {
        queue = null;
      }
    }
    if (queue == null && goodbye != null) {
      batch.add(goodbye);
      goodbye = null;
      leaves = true;
    }
    return batch;
  }

  /**
   * Writes this, and then what has come meanwhile. Called by who has begun the writing. Whatever is
   * thrown, also for want of memory, ends the socket: it would never write again.
   */
  private void write(List<ByteBuffer> first) {
    List<ByteBuffer> batch = first;
    try {
      while (batch != null) {
        ByteBuffer[] buffers = batch.toArray(ByteBuffer[]::new);
        // Nearly always all of it leaves at once, and the end point needs to remember nothing.
        if (!endPoint.flush(buffers) && !handOver(buffers)) {
          return;
        }
        batch = written();
      }
    } catch (IOException | RuntimeException | Error e) {
      failed(e);
    }
  }

  /** Lets the end point write the rest when it can; false: it goes on by itself, later. */
  private boolean handOver(ByteBuffer[] buffers) {
    synchronized (this) {
      handing = true;
      pending = buffers;
    }
    endPoint.write(this, buffers);
    synchronized (this) {
      handing = false;
      boolean already = handed;
      handed = false;
      return already;
    }
  }

  @Override
  public void succeeded() {
    synchronized (this) {
      if (handing) {
        // Whoever hands it over goes on.
        handed = true;
        return;
      }
    }
    List<ByteBuffer> next;
    try {
      next = written();
    } catch (RuntimeException | Error e) {
      failed(e);
      return;
    }
    if (next != null) {
      write(next);
    }
  }

  /** What was being written has left; what is next. */
  private @Nullable List<ByteBuffer> written() {
    List<ByteBuffer> next;
    boolean last;
    synchronized (this) {
      bytes -= bytesLeaving;
      uncounted -= uncountedLeaving;
      bytesLeaving = 0;
      uncountedLeaving = 0;
      departures++;
      pending = null;
      last = leaves;
      next = last ? null : next();
      writing = next != null;
    }
    if (last) {
      left = true;
      owner.saidGoodbye();
    }
    return next;
  }

  @Override
  public void failed(Throwable cause) {
    end();
    owner.unwritable(cause);
  }

  @Override
  public InvocationType getInvocationType() {
    return InvocationType.NON_BLOCKING;
  }
}
