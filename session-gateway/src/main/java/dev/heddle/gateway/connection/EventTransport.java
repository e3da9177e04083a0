package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;

/**
 * A response of server-sent events. The id of each is the resume token and its offset, so that an
 * EventSource comes back by itself. The request's thread writes what others send; thread-safe.
 */
final class EventTransport implements Transport {
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);
  private static final byte[] ALIVE = ":\n\n".getBytes(StandardCharsets.US_ASCII);

  private final String resumeToken;
  private final long limit;
  private final Connections connections;
  private final Ticker ticker;
  private final Runnable cut;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by the lock, as all that follows. */
  private final ArrayDeque<Event> queue = new ArrayDeque<>();

  private boolean replaying = true;

  /** Of what counts. */
  private long bytes;

  private long writing;
  private boolean closing;
  private boolean over;
  private long closingNanos;

  /**
   * As it is written.
   *
   * @param counts whether it came after the replay
   */
  private record Event(byte[] text, boolean counts) {}

  /**
   * A stream that has yet to begin.
   *
   * @param limit bytes that may wait for the client, besides what did so before the stream
   * @param cut ends the socket below
   */
  EventTransport(
      String resumeToken, long limit, Connections connections, Ticker ticker, Runnable cut) {
    this.resumeToken = resumeToken;
    this.limit = limit;
    this.connections = connections;
    this.ticker = ticker;
    this.cut = cut;
  }

  /** Writes until the stream is closed or its client is gone. */
  void run(Exchange exchange, Duration heartbeat) {
    exchange.header(HttpHeader.CONTENT_TYPE, "text/event-stream");
    exchange.header(HttpHeader.CACHE_CONTROL, "no-store");
    exchange.header("X-Accel-Buffering", "no");
    exchange.begin(200);
    byte[] next = "retry: 1000\n\n".getBytes(StandardCharsets.US_ASCII);
    try {
      while (next != null) {
        Content.Sink.write(exchange.response(), false, ByteBuffer.wrap(next));
        exchange.sent(next.length);
        written();
        next = take(heartbeat);
      }
    } catch (IOException e) {
      // The client is gone.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    exchange.complete();
  }

  private void written() {
    lock.lock();
    try {
      bytes -= writing;
      writing = 0;
    } finally {
      lock.unlock();
    }
  }

  /** The next event; one that says nothing after a while; null: the stream is over. */
  private byte @Nullable [] take(Duration heartbeat) throws InterruptedException {
    lock.lock();
    try {
      long left = heartbeat.toNanos();
      while (queue.isEmpty() && !closing && !over && left > 0) {
        left = changed.awaitNanos(left);
      }
      if (over) {
        return null;
      }
      Event next = queue.poll();
      if (next == null) {
        return closing ? null : ALIVE;
      }
      writing = next.counts() ? next.text().length : 0;
      return next.text();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean send(long offset, Payload frame) {
    String event = frame.binary() ? "binary" : "";
    return add(event(event, resumeToken + ":" + offset, frame.body()));
  }

  @Override
  public void control(byte[] json) {
    var _ = add(event("heddle", "", new String(json, StandardCharsets.UTF_8)));
  }

  /** It has an id, too: a client to which nothing was said yet comes back by it. */
  @Override
  public void welcome(long offset, byte[] json) {
    String data = new String(json, StandardCharsets.UTF_8);
    var _ = add(event("heddle", resumeToken + ":" + offset, data));
  }

  @Override
  public void replayed() {
    lock.lock();
    try {
      replaying = false;
    } finally {
      lock.unlock();
    }
  }

  private static byte[] event(String name, String id, String data) {
    var text = new StringBuilder(data.length() + 128);
    if (!name.isEmpty()) {
      text.append("event: ").append(name).append('\n');
    }
    if (!id.isEmpty()) {
      text.append("id: ").append(id).append('\n');
    }
    // Each of them ends a line of the format, and an EventSource makes them all line feeds.
    for (String line : data.split("\r\n|\r|\n", -1)) {
      text.append("data: ").append(line).append('\n');
    }
    return text.append('\n').toString().getBytes(StandardCharsets.UTF_8);
  }

  private boolean add(byte[] event) {
    lock.lock();
    try {
      if (closing || over) {
        return false;
      }
      if (replaying || bytes == 0 || bytes + event.length <= limit) {
        queue.addLast(new Event(event, !replaying));
        bytes += replaying ? 0 : event.length;
        changed.signal();
        return true;
      }
    } finally {
      lock.unlock();
    }
    connections.countSlow();
    close(EdgeErrors.SLOW_CONSUMER, "slow consumer");
    return false;
  }

  @Override
  public boolean lags() {
    lock.lock();
    try {
      return bytes > 0 || !queue.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close(int code, String reason) {
    lock.lock();
    try {
      if (closing) {
        return;
      }
      String goodbye = new String(Envelopes.closed(code, reason), StandardCharsets.UTF_8);
      byte[] last = event("heddle", "", goodbye);
      queue.addLast(new Event(last, true));
      bytes += last.length;
      closing = true;
      closingNanos = ticker.nanoTime();
      changed.signal();
    } finally {
      lock.unlock();
    }
    connections.closing(this);
  }

  @Override
  public void abort() {
    lock.lock();
    try {
      over = true;
      closing = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
    cut.run();
  }

  @Override
  public void tick() {
    // The stream's own thread says that it lives.
  }

  @Override
  public void endIfOverdue() {
    boolean overdue;
    lock.lock();
    try {
      overdue = closing && ticker.nanoTime() - closingNanos > CLOSE_GRACE.toNanos();
    } finally {
      lock.unlock();
    }
    if (overdue) {
      abort();
    }
  }
}
