package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.Publication;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket. Frames are handled on the thread that read them, and the next one is demanded only
 * when the last one has been answered: that keeps their order, and a client that sends faster than
 * it is served meets TCP's back-pressure; always on a virtual thread. Jetty calls the listener
 * methods one at a time; the keep-alive thread calls {@link #tick}. Public because Jetty looks its
 * methods up by reflection.
 */
public final class WebSocketTransport implements Session.Listener, Transport {
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);
  private static final ThreadFactory THREADS = Threads.virtual("heddle-socket");
  private static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0).asReadOnlyBuffer();

  private final Setting setting;
  private final Connections connections;
  private final Connections.Place place;
  private final Ticker ticker;
  private final Ending ending;

  /**
   * Messages of the client. The thread that reads counts; its end comes after it, or cuts it off.
   */
  private long frames;

  private final AtomicBoolean left = new AtomicBoolean();
  private volatile @Nullable Session session;
  private volatile @Nullable Outgoing outgoing;
  private volatile boolean demanding;
  private volatile long heardNanos;
  private volatile long pingedNanos;
  private volatile long closingNanos;
  private volatile boolean closing;
  private volatile boolean slow;
  private volatile boolean failed;
  private volatile int closeCode;
  private volatile String closeReason = "";

  /** Who the socket is of. Called by one thread at a time. */
  interface Holder {
    /** The socket is open; frames come after {@link WebSocketTransport#demand}. */
    void opened(WebSocketTransport transport);

    /** A frame; blocks until it is answered. */
    void frame(Payload frame);

    /** The socket has failed: what waits for it may end. Its end follows. */
    void failed();

    /**
     * The socket is gone, or was never opened.
     *
     * @param opened whether it ever was
     */
    void closed(boolean opened, int code, String reason);
  }

  /** Told once of a socket's end, where it was ever open. */
  interface Ending {
    /**
     * It is gone.
     *
     * @param frames messages that the client has sent
     */
    void ended(int code, long frames);
  }

  /**
   * How the socket is used.
   *
   * @param envelopes whether frames to the client go in envelopes, with their offsets
   * @param message bytes of a message from the client; more: close 1009
   * @param outgoing bytes that may wait for the client
   */
  record Setting(
      Holder holder,
      boolean envelopes,
      long message,
      long outgoing,
      int outgoingFrames,
      SlowConsumer slow) {}

  WebSocketTransport(
      Setting setting,
      Connections connections,
      Connections.Place place,
      Ticker ticker,
      Ending ending) {
    this.setting = setting;
    this.connections = connections;
    this.place = place;
    this.ticker = ticker;
    this.ending = ending;
  }

  @Override
  public void onWebSocketOpen(Session opened) {
    opened.setMaxTextMessageSize(setting.message());
    opened.setMaxBinaryMessageSize(setting.message());
    opened.setMaxFrameSize(setting.message());
    outgoing =
        new Outgoing(
            opened, setting.outgoing(), setting.outgoingFrames(), setting.slow(), this::tooSlow);
    session = opened;
    pingedNanos = ticker.nanoTime();
    connections.opened(this);
    setting.holder().opened(this);
  }

  @Override
  public void onWebSocketText(String text) {
    handle(Payload.text(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Override
  public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
    byte[] bytes = new byte[payload.remaining()];
    payload.get(bytes);
    callback.succeed();
    handle(new Payload(bytes, true));
  }

  private void handle(Payload frame) {
    demanding = false;
    frames++;
    if (closing) {
      // It was on its way when we said goodbye: what we wait for comes after it.
      demand();
      return;
    }
    mayBlock(() -> {
      try {
        setting.holder().frame(frame);
      } finally {
        demand();
      }
    });
  }

  /**
   * Runs it on this thread if that is a virtual one. Jetty's few others read where a frame was
   * demanded from outside: without them nobody is accepted any more.
   */
  private static void mayBlock(Runnable work) {
    if (Thread.currentThread().isVirtual()) {
      work.run();
    } else {
      THREADS.newThread(work).start();
    }
  }

  @Override
  public void onWebSocketPong(ByteBuffer payload) {
    demand();
  }

  /** Whether it is closed because its client does not read. */
  boolean slow() {
    return slow;
  }

  /** Asks for the next frame; after our goodbye, for the client's. */
  void demand() {
    Session open = session;
    if (open != null) {
      heardNanos = ticker.nanoTime();
      demanding = true;
      open.demand();
    }
  }

  @Override
  public boolean send(long offset, Payload frame) {
    Outgoing out = outgoing;
    return out != null
        && !closing
        && out.send(setting.envelopes() ? Envelopes.message(offset, frame) : frame);
  }

  @Override
  public boolean publication(Publication message, boolean missed) {
    Outgoing out = outgoing;
    Payload frame =
        setting.envelopes()
            ? Payload.text(message.envelope())
            : new Payload(message.bytes(), message.binary());
    return out != null && !closing && out.send(frame, !missed);
  }

  @Override
  public void subscribed(String channel, ChannelPosition at, boolean recovered) {
    // On a plain socket all frames are the application's.
    if (setting.envelopes()) {
      control(Envelopes.subscribed(channel, at, recovered));
    }
  }

  @Override
  public void unsubscribed(String channel) {
    if (setting.envelopes()) {
      control(Envelopes.unsubscribed(channel));
    }
  }

  @Override
  public void control(byte[] json) {
    Outgoing out = outgoing;
    if (out != null && !closing) {
      var _ = out.send(Payload.text(json));
    }
  }

  @Override
  public void replayed() {
    Outgoing out = outgoing;
    if (out != null) {
      out.replayed();
    }
  }

  @Override
  public long uncounted() {
    Outgoing out = outgoing;
    return out == null ? 0 : out.uncounted();
  }

  @Override
  public long room() {
    Outgoing out = outgoing;
    return out == null ? 0 : out.room();
  }

  @Override
  public boolean lags() {
    Outgoing out = outgoing;
    return out != null && out.waiting();
  }

  @Override
  public void close(int code, String reason) {
    Session open = session;
    if (open != null && !closing) {
      closingNanos = ticker.nanoTime();
      closeCode = code;
      closeReason = reason;
      closing = true;
      connections.closing(this);
      open.close(code, reason, Callback.NOOP);
    }
  }

  private void tooSlow() {
    if (!closing) {
      slow = true;
      connections.countSlow();
      close(EdgeErrors.SLOW_CONSUMER, "slow consumer");
    }
  }

  @Override
  public void tick() {
    Session open = session;
    if (open == null || closing) {
      return;
    }
    boolean late = ticker.nanoTime() - pingedNanos > 2 * connections.pingInterval().toNanos();
    if (demanding && pingedNanos - heardNanos > 0 && !late) {
      // Nothing came since the last ping, though it was welcome. Where this node itself stood still
      // meanwhile, an answer may be there and not be read yet: the next ping tells.
      open.disconnect();
    } else {
      pingedNanos = ticker.nanoTime();
      open.sendPing(NO_PAYLOAD.duplicate(), Callback.NOOP);
    }
  }

  @Override
  public void endIfOverdue() {
    if (closing && ticker.nanoTime() - closingNanos > CLOSE_GRACE.toNanos()) {
      connections.countOverdue();
      abort();
    }
  }

  @Override
  public void abort() {
    Session open = session;
    if (open != null) {
      open.disconnect();
    }
  }

  @Override
  public void onWebSocketError(Throwable cause) {
    failed = true;
    setting.holder().failed();
  }

  @Override
  public void onWebSocketClose(int code, String reason, Callback callback) {
    // Never on the thread that found it: that may be handing a message to many.
    THREADS
        .newThread(() -> {
          // Clients answer a close with whatever they like: what counts is who has begun, and why.
          if (closing) {
            leave(closeCode, closeReason);
          } else if (failed && code == CloseCodes.NORMAL) {
            leave(CloseCodes.ABNORMAL, "the socket failed");
          } else {
            leave(code, reason == null ? "" : reason);
          }
        })
        .start();
    callback.succeed();
  }

  /** The handshake did not reach its client. Does not block. */
  void neverOpened() {
    mayBlock(() -> leave(CloseCodes.ABNORMAL, "never opened"));
  }

  /** Gives the place free, once, whether or not the socket was ever open. */
  void leave(int code, String reason) {
    if (left.compareAndSet(false, true)) {
      connections.left(this);
      try {
        setting.holder().closed(session != null, code, reason);
        if (session != null) {
          ending.ended(code, frames);
        }
      } finally {
        // Last: a gateway that stops waits for places, and then leaves the grid.
        place.close();
      }
    }
  }
}
