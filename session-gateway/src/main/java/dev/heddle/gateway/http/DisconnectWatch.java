package dev.heddle.gateway.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Notices that an HTTP/1.1 client went away while its request is being worked on. Jetty does not
 * read from a connection between a request's last byte and its response; this does, and hands bytes
 * of an early next request back to the connection. Read interest is wanted anyway after the
 * response, so that watching costs no extra turn of the selector.
 *
 * <p>{@link #onReadable} runs on a selector thread, everything else on the request's thread; the
 * lock keeps the connection's buffer from being used by both.
 */
final class DisconnectWatch {
  private static final int EARLY_BYTES = 2_048;

  private final AbstractEndPoint endPoint;
  private final Connection.UpgradeTo connection;
  private final Runnable gone;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean armed = true;

  private DisconnectWatch(
      AbstractEndPoint endPoint, Connection.UpgradeTo connection, Runnable gone) {
    this.endPoint = endPoint;
    this.connection = connection;
    this.gone = gone;
  }

  /**
   * Starts watching, once the request's content has been read; null: this one cannot be watched.
   */
  static @Nullable DisconnectWatch arm(Request request, Runnable gone) {
    Connection connection = request.getConnectionMetaData().getConnection();
    boolean unread = request.getLength() != 0 && !consumed(request);
    if (unread
        || !(connection instanceof Connection.UpgradeTo upgradable)
        || !(connection.getEndPoint() instanceof AbstractEndPoint endPoint)) {
      return null;
    }
    var watch = new DisconnectWatch(endPoint, upgradable, gone);
    return endPoint.tryFillInterested(watch.new ReadInterest()) ? watch : null;
  }

  private static boolean consumed(Request request) {
    var chunk = request.read();
    if (chunk == null) {
      return false;
    }
    boolean last = chunk.isLast() && !chunk.hasRemaining();
    chunk.release();
    return last;
  }

  /** Stops watching; afterwards the connection is Jetty's alone. */
  void disarm() {
    lock.lock();
    try {
      if (armed) {
        armed = false;
        endPoint.getFillInterest().onFail(new Disarmed());
      }
    } finally {
      lock.unlock();
    }
  }

  private void onReadable() {
    lock.lock();
    try {
      if (!armed) {
        return;
      }
      armed = false;
      ByteBuffer early = BufferUtil.allocate(EARLY_BYTES);
      int filled = fill(early);
      if (filled > 0) {
        connection.onUpgradeTo(early);
      } else if (filled < 0) {
        gone.run();
      } else {
        armed = endPoint.tryFillInterested(new ReadInterest());
      }
    } finally {
      lock.unlock();
    }
  }

  private int fill(ByteBuffer early) {
    try {
      return endPoint.fill(early);
    } catch (IOException e) {
      return -1;
    }
  }

  /** Tells the end point that nobody watches any more; one for each request, so without a trace. */
  private static final class Disarmed extends EofException {
    private static final long serialVersionUID = 1;

    Disarmed() {
      super("response begins");
    }

    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized") // It does nothing.
    public Throwable fillInStackTrace() {
      return this;
    }
  }

  /** What the end point calls. */
  private final class ReadInterest implements Callback {
    @Override
    public void succeeded() {
      onReadable();
    }

    @Override
    public void failed(Throwable failure) {
      // Disarmed, or the end point was closed by us: a lost client shows as readable.
    }

    @Override
    public InvocationType getInvocationType() {
      return InvocationType.NON_BLOCKING;
    }
  }
}
