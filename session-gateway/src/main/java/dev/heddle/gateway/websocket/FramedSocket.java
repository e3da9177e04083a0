package dev.heddle.gateway.websocket;

import dev.heddle.process.Threads;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EventListener;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.RetainableByteBuffer;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One WebSocket on a Jetty end point, from the HTTP upgrade on (RFC 6455). Messages are read only
 * when they are demanded, one at a time, so that a client which sends faster than it is served
 * meets TCP's back-pressure; always on a virtual thread. It keeps nothing of the HTTP request.
 *
 * <p>Its life: <em>open</em>; <em>closing</em> after our goodbye, until the client's has come;
 * <em>over</em> when the listener knows of the end: what is left to write leaves, what still comes
 * is thrown away, so that the client reads our goodbye and no reset, and the end point is closed
 * when the client hangs up, or soon by force.
 */
public final class FramedSocket
    implements Connection, Connection.UpgradeTo, Callback, Outgoing.Owner {
  /** For a client to hang up after both goodbyes, and bytes that are read from it meanwhile. */
  private static final long LINGER_SECONDS = 5;

  private static final int LINGER_BYTES = 1 << 20;

  /** Of the buffers that are borrowed while something is read. */
  private static final int BUFFER = 4 << 10;

  private static final String FAILED = "internal error";
  private static final Logger log = LoggerFactory.getLogger(FramedSocket.class);
  private static final ThreadFactory THREADS = Threads.virtual("heddle-socket");

  private final EndPoint endPoint;
  private final Connector connector;
  private final SocketBounds bounds;

  /** Null: no compression is agreed on. */
  private final @Nullable DeflateOffer deflate;

  private final SocketListener listener;
  private final Outgoing outgoing;

  /** Owned by the reading thread; null: nothing has come of the next message. */
  private @Nullable FrameParser parser;

  /** Likewise: bytes that are not parsed yet. */
  private @Nullable RetainableByteBuffer input;

  /** Bytes that came after the end. */
  private int discarded;

  /** Guarded by the monitor, as what follows: whether a message may be read. */
  private boolean demanded;

  /** Whether a thread reads, or the end point will tell of bytes that come. */
  private boolean reading;

  private boolean opening;
  private boolean gone;
  private @Nullable Ended ended;
  private Scheduler.@Nullable Task lingering;
  private volatile Phase phase = Phase.OPEN;

  private enum Phase {
    OPEN,
    CLOSING,
    OVER
  }

  private record Ended(int code, String reason) {}

  /**
   * A socket that is about to open.
   *
   * @param deflate what the client was answered; null: no compression
   */
  public FramedSocket(
      EndPoint endPoint,
      Connector connector,
      SocketBounds bounds,
      @Nullable DeflateOffer deflate,
      SocketListener listener) {
    this.endPoint = endPoint;
    this.connector = connector;
    this.bounds = bounds;
    this.deflate = deflate;
    this.listener = listener;
    this.outgoing = new Outgoing(endPoint, this, bounds);
  }

  // What the connection does with its socket.

  /** Asks for the next message; after our goodbye, for the client's. */
  public void demand() {
    synchronized (this) {
      demanded = true;
      if (reading || gone || opening) {
        return;
      }
      reading = true;
    }
    THREADS.newThread(this::read).start();
  }

  /**
   * Sends a message; never blocks.
   *
   * @param counts false: it waited for the client, and is bounded elsewhere
   * @return false: it is as good as closed
   */
  public boolean send(WireFrame message, boolean counts) {
    Deflates deflates = bounds.deflates();
    WireFrame frame =
        deflate == null || deflates == null
            ? message
            : message.compressed(deflates, bounds.compressAbove(), deflate.mostCompressed());
    return outgoing.send(frame, counts) && endPoint.isOpen();
  }

  /** What was sent so far waited for the client. From now on it has to keep up. */
  public void replayed() {
    outgoing.replayed();
  }

  /** Whether anything has not left yet. */
  public boolean waiting() {
    return outgoing.waiting();
  }

  /** Bytes that wait, but do not count. */
  public long uncounted() {
    return outgoing.uncounted();
  }

  /** Bytes that may yet be sent before the client is a slow one. */
  public long room() {
    return outgoing.room();
  }

  /** Another number after anything has left, also a part of what is being written. */
  public long departures() {
    return outgoing.departures();
  }

  /** Sends a ping. */
  public void ping() {
    outgoing.control(WireFrame.ping());
  }

  /**
   * Says goodbye after what waits, and goes on to read until the client does, too.
   *
   * @param drop whether what waits is dropped
   */
  public void close(int code, String reason, boolean drop) {
    synchronized (this) {
      if (phase == Phase.OPEN) {
        phase = Phase.CLOSING;
      }
    }
    outgoing.close(WireFrame.close(code, reason), drop);
  }

  /** Ends it at once. */
  public void abort() {
    endPoint.close();
  }

  // What the end point tells.

  @Override
  public void onUpgradeTo(ByteBuffer early) {
    input = RetainableByteBuffer.wrap(early);
  }

  @Override
  public void onOpen() {
    if (!endPoint.isOpen()) {
      // Where it was closed before it was ours, nobody else tells us.
      lost("the socket is closed");
      return;
    }
    synchronized (this) {
      if (gone) {
        return;
      }
      opening = true;
    }
    // The connection's pings keep it from idling, and it looks for writes that hang.
    endPoint.setIdleTimeout(0);
    tell(each -> each.onOpened(this));
    Ended already;
    boolean reads;
    try {
      listener.opened(this);
    } catch (RuntimeException e) {
      log.warn("socket closed as it opened", e);
      over(CloseCodes.SERVER_ERROR, FAILED, false);
    } finally {
      synchronized (this) {
        opening = false;
        already = ended;
        reads = (demanded || phase == Phase.OVER) && !gone;
        reading = reads;
      }
    }
    if (already != null) {
      listener.ended(already.code(), already.reason());
    }
    if (reads) {
      // Not here, where HTTP is still on the stack.
      THREADS.newThread(this::read).start();
    } else if (already != null) {
      releaseIfUnread();
    }
  }

  @Override
  public void onClose(@Nullable Throwable cause) {
    lost(cause == null ? "the socket is closed" : "the socket failed");
    tell(each -> each.onClosed(this));
  }

  private void lost(String reason) {
    Scheduler.Task task;
    synchronized (this) {
      gone = true;
      task = lingering;
      lingering = null;
    }
    if (task != null) {
      task.cancel();
    }
    outgoing.end();
    end(CloseCodes.ABNORMAL, reason);
    releaseIfUnread();
  }

  private interface Told {
    void by(Connection.Listener listener);
  }

  private void tell(Told told) {
    for (EventListener each : connector.getEventListeners()) {
      if (each instanceof Connection.Listener known) {
        told.by(known);
      }
    }
  }

  /** What is left to read never will be. */
  private void releaseIfUnread() {
    synchronized (this) {
      if (reading) {
        return;
      }
      reading = true;
    }
    release();
  }

  /** Bytes have come. */
  @Override
  public void succeeded() {
    if (Thread.currentThread().isVirtual()) {
      read();
    } else {
      THREADS.newThread(this::read).start();
    }
  }

  /** None will. */
  @Override
  public void failed(Throwable cause) {
    endPoint.close();
  }

  @Override
  public boolean onIdleExpired(TimeoutException timeout) {
    return true;
  }

  // Reading.

  private void read() {
    try {
      while (takeUp()) {
        int filled = fill();
        if (filled == 0) {
          FrameParser partial = parser;
          if (partial != null && partial.idle()) {
            parser = null;
          }
          release();
          endPoint.fillInterested(this);
          return;
        }
        if (filled < 0) {
          release();
          end(CloseCodes.ABNORMAL, "the client hung up");
          endPoint.close();
          return;
        }
      }
    } catch (IOException e) {
      release();
      unwritable(e);
    } catch (RuntimeException | Error e) {
      // Nobody would read on.
      release();
      unwritable(e);
    }
  }

  private int fill() throws IOException {
    RetainableByteBuffer buffer = input;
    if (buffer != null && buffer.capacity() < BUFFER) {
      // What had come with the upgrade.
      release();
      buffer = null;
    }
    if (buffer == null) {
      buffer = connector.getByteBufferPool().acquire(BUFFER, true);
      input = buffer;
    }
    BufferUtil.clear(buffer.getByteBuffer());
    return endPoint.fill(buffer.getByteBuffer());
  }

  private void release() {
    RetainableByteBuffer buffer = input;
    input = null;
    if (buffer != null) {
      buffer.release();
    }
  }

  /** Takes all that has been read as far as it is demanded; false: no more is. */
  private boolean takeUp() {
    while (true) {
      if (phase != Phase.OVER && !goesOn()) {
        return false;
      }
      RetainableByteBuffer buffer = input;
      if (buffer == null || !buffer.hasRemaining()) {
        return true;
      }
      if (phase == Phase.OVER) {
        discarded += buffer.remaining();
        BufferUtil.clear(buffer.getByteBuffer());
        if (discarded > LINGER_BYTES) {
          endPoint.close();
        }
        continue;
      }
      try {
        FrameParser reader = parser;
        if (reader == null) {
          reader = new FrameParser(bounds.message(), deflate == null ? null : bounds.deflates());
          parser = reader;
        }
        FrameParser.Event event = reader.next(buffer.getByteBuffer());
        int frames = reader.takeFrames();
        if (frames > 0) {
          listener.came(
              frames, event instanceof FrameParser.Event.Message whole ? whole.cost() : 0);
        }
        switch (event) {
          case null -> {
            // The loop sees whether there is more to read.
          }
          case FrameParser.Event.Message(byte[] payload, boolean binary, int _) -> {
            synchronized (this) {
              demanded = false;
            }
            listener.message(payload, binary);
          }
          case FrameParser.Event.Ping(byte[] payload) -> {
            outgoing.control(WireFrame.pong(payload));
            listener.control(payload.length);
          }
          case FrameParser.Event.Pong() -> listener.control(0);
          // Nobody reads any more what waits: browsers throw away what comes after their goodbye.
          case FrameParser.Event.Close(int code, String reason) ->
              over(code, reason, WireFrame.close(code, ""), true);
        }
      } catch (Fault e) {
        over(e.code(), e.reason(), true);
      } catch (RuntimeException e) {
        log.warn("socket closed", e);
        over(CloseCodes.SERVER_ERROR, FAILED, false);
      }
    }
  }

  /** Whether a message may be read; if not, whoever demands one begins anew. */
  private boolean goesOn() {
    synchronized (this) {
      if (demanded && !gone) {
        return true;
      }
      RetainableByteBuffer buffer = input;
      if (buffer != null && !gone && buffer.hasRemaining()) {
        // Stays as it is until the next demand.
        reading = false;
        return false;
      }
      if (!gone) {
        FrameParser partial = parser;
        parser = partial == null || partial.idle() ? null : partial;
        release();
        reading = false;
        return false;
      }
    }
    release();
    return false;
  }

  // The end.

  private void over(int code, String reason, boolean drop) {
    over(code, reason, WireFrame.close(code, reason), drop);
  }

  /**
   * Says goodbye. The client's has come, or is not waited for: no message is read any more.
   *
   * @param drop whether what waits is dropped
   */
  private void over(int code, String reason, ByteBuffer goodbye, boolean drop) {
    parser = null;
    // Before the goodbye, which may find the socket broken; told after it, as who is told may stop.
    boolean tells;
    synchronized (this) {
      phase = Phase.OVER;
      tells = note(code, reason);
      if (!gone && lingering == null) {
        lingering =
            connector.getScheduler().schedule(endPoint::close, LINGER_SECONDS, TimeUnit.SECONDS);
      }
    }
    try {
      outgoing.close(goodbye, drop);
      hangUp();
    } finally {
      if (tells) {
        listener.ended(code, reason);
      }
    }
  }

  /** So that the client sees that nothing follows our goodbye. */
  private void hangUp() {
    if (phase == Phase.OVER && outgoing.left()) {
      endPoint.shutdownOutput();
    }
  }

  private void end(int code, String reason) {
    if (note(code, reason)) {
      listener.ended(code, reason);
    }
  }

  /** The first end is the one that counts. Whether it is to be told; else it was, or will be. */
  private synchronized boolean note(int code, String reason) {
    if (ended != null) {
      return false;
    }
    ended = new Ended(code, reason);
    // Told when it is open.
    return !opening;
  }

  @Override
  public void slow() {
    listener.slow();
  }

  @Override
  public void saidGoodbye() {
    hangUp();
  }

  @Override
  public void unwritable(Throwable cause) {
    try {
      if (!(cause instanceof IOException)) {
        log.warn("socket closed", cause);
      }
      listener.failed();
      end(CloseCodes.ABNORMAL, "the socket failed");
    } finally {
      endPoint.close();
    }
  }

  // What Jetty may ask of any connection.

  /** Listeners are the connector's. */
  @Override
  public void addEventListener(EventListener listener) {}

  @Override
  public void removeEventListener(EventListener listener) {}

  @Override
  public EndPoint getEndPoint() {
    return endPoint;
  }

  @Override
  public void close() {
    endPoint.close();
  }

  @Override
  public long getMessagesIn() {
    return -1;
  }

  @Override
  public long getMessagesOut() {
    return -1;
  }

  @Override
  public long getBytesIn() {
    return -1;
  }

  @Override
  public long getBytesOut() {
    return -1;
  }

  @Override
  public long getCreatedTimeStamp() {
    return endPoint.getCreatedTimeStamp();
  }
}
