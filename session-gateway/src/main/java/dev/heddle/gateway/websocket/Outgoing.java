package dev.heddle.gateway.websocket;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;

/**
 * What waits to be read by one client, bounded in bytes: Jetty itself bounds only the number of
 * frames. Thread-safe.
 */
final class Outgoing {
  private final Session session;
  private final long limit;
  private final Runnable onSlow;
  private final AtomicLong waiting = new AtomicLong();

  /**
   * Sends over a session.
   *
   * @param onSlow told, perhaps more than once, when the client does not keep up
   */
  Outgoing(Session session, long limit, Runnable onSlow) {
    this.session = session;
    this.limit = limit;
    this.onSlow = onSlow;
  }

  /** Bytes that have not left yet. */
  long waiting() {
    return waiting.get();
  }

  /** Sends a text frame of UTF-8; false: the client is too slow and is being dropped. */
  boolean text(byte[] utf8) {
    return reserve(utf8.length)
        && send(
            () -> session.sendText(new String(utf8, StandardCharsets.UTF_8), sent(utf8.length)));
  }

  /** Sends a binary frame. */
  boolean binary(byte[] bytes) {
    return reserve(bytes.length)
        && send(() -> session.sendBinary(ByteBuffer.wrap(bytes), sent(bytes.length)));
  }

  private boolean reserve(int bytes) {
    long before = waiting.getAndAdd(bytes);
    // One message may be larger than the limit: it is the second one that shows who does not read.
    if (before > 0 && before + bytes > limit) {
      waiting.addAndGet(-bytes);
      onSlow.run();
      return false;
    }
    return true;
  }

  private boolean send(Runnable sending) {
    sending.run();
    return session.isOpen();
  }

  private Callback sent(int bytes) {
    return Callback.from(
        () -> waiting.addAndGet(-bytes),
        failure -> {
          waiting.addAndGet(-bytes);
          if (failure instanceof java.nio.channels.WritePendingException) {
            // Jetty's bound on frames.
            onSlow.run();
          }
        });
  }
}
