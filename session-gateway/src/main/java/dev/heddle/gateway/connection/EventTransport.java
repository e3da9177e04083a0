package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.Positions;
import dev.heddle.gateway.channel.Publication;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
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

  /** Channels that an event's id can speak of. */
  private static final int MOST_IN_ID = 8;

  private static final Event ALIVE = Event.whole(":\n\n".getBytes(StandardCharsets.US_ASCII), true);
  private static final Event RETRY =
      Event.whole("retry: 1000\n\n".getBytes(StandardCharsets.US_ASCII), true);

  private final String resumeToken;
  private final long limit;
  private final Connections connections;
  private final Ticker ticker;
  private final Runnable cut;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by the lock, as all that follows. */
  private final ArrayDeque<Event> queue = new ArrayDeque<>();

  /** How far its client will have read each channel. */
  private final Map<String, ChannelPosition> channels = new LinkedHashMap<>();

  /** Of the last frame that was added. */
  private long offset;

  private boolean replaying = true;

  /** Of what counts. */
  private long bytes;

  /** Of what does not. */
  private long uncounted;

  /** Null: nothing is being written that counts or not. */
  private @Nullable Event writing;

  private boolean closing;
  private boolean over;
  private long closingNanos;

  /**
   * As it is written.
   *
   * @param data what comes after the head; of a message to many, the same for all
   * @param counts whether it came after the replay
   */
  private record Event(byte[] head, byte[] data, boolean counts) {
    private static final byte[] NOTHING = new byte[0];

    static Event whole(byte[] text, boolean counts) {
      return new Event(text, NOTHING, counts);
    }

    ByteBuffer whole() {
      return data.length == 0
          ? ByteBuffer.wrap(head)
          : ByteBuffer.allocate(length()).put(head).put(data).flip();
    }

    int length() {
      return head.length + data.length;
    }

    long bytes() {
      return counts ? length() : 0;
    }

    long uncounted() {
      return counts ? 0 : length();
    }
  }

  /**
   * A stream that has yet to begin.
   *
   * @param limit bytes that may wait for the client, besides what did so before the stream
   * @param channels how far its client has read each
   * @param cut ends the socket below
   */
  EventTransport(
      String resumeToken,
      long limit,
      Map<String, ChannelPosition> channels,
      Connections connections,
      Ticker ticker,
      Runnable cut) {
    this.resumeToken = resumeToken;
    this.limit = limit;
    this.channels.putAll(channels);
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
    Event next = RETRY;
    try {
      while (next != null) {
        Content.Sink.write(exchange.response(), false, next.whole());
        exchange.sent(next.length());
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
      if (writing != null) {
        bytes -= writing.bytes();
        uncounted -= writing.uncounted();
        writing = null;
      }
    } finally {
      lock.unlock();
    }
  }

  /** The next event; one that says nothing after a while; null: the stream is over. */
  private @Nullable Event take(Duration heartbeat) throws InterruptedException {
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
      writing = next;
      return next;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean send(long next, Payload frame) {
    lock.lock();
    try {
      offset = next;
      String event = frame.binary() ? "binary" : "";
      return add(event(event, id(), frame.body()), true);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean publication(Publication message, boolean missed) {
    lock.lock();
    try {
      channels.put(message.channel().name(), message.at());
      String head = "event: heddle\nid: " + id() + "\n";
      byte[] text = head.getBytes(StandardCharsets.US_ASCII);
      return add(new Event(text, message.data(), !missed && !replaying));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void subscribed(String channel, ChannelPosition at, boolean recovered) {
    lock.lock();
    try {
      channels.put(channel, at);
      byte[] json = Envelopes.subscribed(channel, at, recovered);
      var _ = add(heddle(id(), json), true);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void unsubscribed(String channel) {
    lock.lock();
    try {
      channels.remove(channel);
    } finally {
      lock.unlock();
    }
    control(Envelopes.unsubscribed(channel));
  }

  /** What an EventSource shows when it comes back; of many channels it cannot say how far it is. */
  private String id() {
    String id = resumeToken + ":" + offset;
    return channels.isEmpty() || channels.size() > MOST_IN_ID
        ? id
        : id + ";" + Positions.write(channels);
  }

  @Override
  public void control(byte[] json) {
    var _ = add(heddle("", json), true);
  }

  /** It has an id, too: a client to which nothing was said yet comes back by it. */
  @Override
  public void welcome(long from, byte[] json) {
    lock.lock();
    try {
      offset = from;
      var _ = add(heddle(id(), json), true);
    } finally {
      lock.unlock();
    }
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

  /** What the gateway itself says. */
  private static byte[] heddle(String id, byte[] json) {
    return event("heddle", id, new String(json, StandardCharsets.UTF_8));
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

  /**
   * Adds an event.
   *
   * @param counts false: it waited for the client, and is bounded elsewhere
   */
  private boolean add(byte[] event, boolean counts) {
    lock.lock();
    try {
      return add(Event.whole(event, counts && !replaying));
    } finally {
      lock.unlock();
    }
  }

  private boolean add(Event event) {
    lock.lock();
    try {
      if (closing || over) {
        return false;
      }
      if (!event.counts() || bytes == 0 || bytes + event.length() <= limit) {
        queue.addLast(event);
        bytes += event.bytes();
        uncounted += event.uncounted();
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
  public long uncounted() {
    lock.lock();
    try {
      return uncounted;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long room() {
    lock.lock();
    try {
      return Math.max(0, limit - bytes);
    } finally {
      lock.unlock();
    }
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
      queue.addLast(Event.whole(last, true));
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
