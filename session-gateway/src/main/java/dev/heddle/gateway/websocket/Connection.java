package dev.heddle.gateway.websocket;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.process.Ticker;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket. Frames are handled on the thread that read them, and the next one is demanded only
 * when the last one has been answered: that keeps their order, and a client that sends faster than
 * it is served meets TCP's back-pressure. Jetty calls the listener methods one at a time; the
 * keep-alive thread calls {@link #tick}. Public because Jetty looks its methods up by reflection.
 */
public final class Connection implements Session.Listener {
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);
  private static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0).asReadOnlyBuffer();

  private final Client client;
  private final Frames frames;
  private final Connections connections;
  private final WebSocketLimits limits;
  private final Ticker ticker;
  private final AtomicBoolean left = new AtomicBoolean();
  private volatile @Nullable Session session;
  private volatile @Nullable Outgoing outgoing;
  private volatile @Nullable BackendCall inFlight;
  private volatile boolean demanding;
  private volatile long heardNanos;
  private volatile long pingedNanos;
  private volatile long closingNanos;
  private volatile boolean closing;
  private long touchedNanos;

  Connection(
      Client client,
      Frames frames,
      Connections connections,
      WebSocketLimits limits,
      Ticker ticker) {
    this.client = client;
    this.frames = frames;
    this.connections = connections;
    this.limits = limits;
    this.ticker = ticker;
  }

  Client client() {
    return client;
  }

  @Override
  public void onWebSocketOpen(Session opened) {
    // Everything else waits for this session, and nothing is demanded before it is known.
    outgoing = new Outgoing(opened, limits.outgoing().bytes(), this::tooSlow);
    session = opened;
    long now = ticker.nanoTime();
    pingedNanos = now;
    touchedNanos = now;
    connections.opened(this);
    demand(opened);
  }

  @Override
  public void onWebSocketText(String text) {
    handle(text, false);
  }

  @Override
  public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
    byte[] bytes = new byte[payload.remaining()];
    payload.get(bytes);
    callback.succeed();
    handle(Base64.getEncoder().encodeToString(bytes), true);
  }

  private void handle(String body, boolean binary) {
    demanding = false;
    try {
      frames.handle(this, body, binary);
    } finally {
      Session open = session;
      if (open != null && open.isOpen()) {
        demand(open);
      }
    }
  }

  @Override
  public void onWebSocketPong(ByteBuffer payload) {
    Session open = session;
    if (open != null) {
      demand(open);
    }
  }

  private void demand(Session open) {
    heardNanos = ticker.nanoTime();
    demanding = true;
    open.demand();
  }

  /** Sends a text frame; false: the connection is as good as closed. */
  boolean text(byte[] utf8) {
    Outgoing out = outgoing;
    return out != null && !closing && out.text(utf8);
  }

  /** Sends a binary frame. */
  boolean binary(byte[] bytes) {
    Outgoing out = outgoing;
    return out != null && !closing && out.binary(bytes);
  }

  /** Whether the client has yet to read what was sent before. */
  boolean lags() {
    Outgoing out = outgoing;
    return out != null && out.waiting() > 0;
  }

  /** The call that the frame in work waits for, so that it ends with the connection. */
  void inFlight(@Nullable BackendCall call) {
    inFlight = call;
    if (call != null && left.get()) {
      call.cancel("connection: closed");
    }
  }

  /** Whether it is time to tell the session store that its user is still there. */
  boolean touchDue(Duration every) {
    long now = ticker.nanoTime();
    if (now - touchedNanos < every.toNanos()) {
      return false;
    }
    touchedNanos = now;
    return true;
  }

  void close(int code, String reason) {
    Session open = session;
    if (open != null && !closing) {
      closingNanos = ticker.nanoTime();
      closing = true;
      connections.closing(this);
      open.close(code, reason, Callback.NOOP);
    }
  }

  private void tooSlow() {
    if (!closing) {
      connections.countSlow();
      close(EdgeErrors.SLOW_CONSUMER, "slow consumer");
    }
  }

  /** Called once a ping interval. */
  void tick() {
    Session open = session;
    if (open == null || closing) {
      return;
    }
    boolean late = ticker.nanoTime() - pingedNanos > 2 * limits.pingInterval().toNanos();
    if (demanding && pingedNanos - heardNanos > 0 && !late) {
      // Nothing came since the last ping, though it was welcome. Where this node itself stood still
      // meanwhile, an answer may be there and not be read yet: the next ping tells.
      open.disconnect();
    } else {
      pingedNanos = ticker.nanoTime();
      open.sendPing(NO_PAYLOAD.duplicate(), Callback.NOOP);
    }
  }

  /** Cuts off a client that does not answer the goodbye. */
  void endIfOverdue() {
    if (closing && ticker.nanoTime() - closingNanos > CLOSE_GRACE.toNanos()) {
      abort();
    }
  }

  void abort() {
    Session open = session;
    if (open != null) {
      open.disconnect();
    }
  }

  @Override
  public void onWebSocketError(Throwable cause) {
    BackendCall call = inFlight;
    if (call != null) {
      call.cancel("connection: failed");
    }
  }

  @Override
  public void onWebSocketClose(int code, String reason, Callback callback) {
    leave(code, reason);
    callback.succeed();
  }

  /** Gives the connection's place free, once, whether or not it was ever open. */
  void leave(int code, @Nullable String reason) {
    if (left.compareAndSet(false, true)) {
      BackendCall call = inFlight;
      if (call != null) {
        call.cancel("connection: closed");
      }
      connections.left(this);
      if (session != null) {
        frames.disconnected(client, code, reason);
      }
    }
  }
}
