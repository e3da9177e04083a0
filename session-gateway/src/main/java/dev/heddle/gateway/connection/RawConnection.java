package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.gateway.connection.Arrivals.Arrival;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.Ticker;
import java.time.Clock;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is its WebSocket: it ends with it, and so does the call in flight. Frames are
 * what application and client say, without envelopes. Owned by the socket's thread but for the
 * volatile fields.
 */
final class RawConnection implements WebSocketTransport.Holder, Replies {
  private final Client client;
  private final @Nullable Arrival arrival;
  private final PlainConnections open;
  private final Frames frames;
  private final Ticker ticker;
  private final Clock clock;
  private final Subscriptions subscriptions;
  private final Set<String> first;
  private volatile @Nullable WebSocketTransport transport;
  private volatile @Nullable BackendCall call;
  private volatile boolean gone;
  private volatile Handed handed;
  private volatile long activeMillis;
  private long touchedNanos;

  /**
   * A connection whose socket is about to open.
   *
   * @param open where it is found as long as it is
   */
  RawConnection(
      Entrance.Guest guest, PlainConnections open, Frames frames, Ticker ticker, Clock clock) {
    this.client = guest.client();
    this.arrival = guest.arrival();
    this.handed = guest.handed();
    this.first = guest.channels();
    this.subscriptions = new Subscriptions(client, frames.channels());
    this.open = open;
    this.frames = frames;
    this.ticker = ticker;
    this.clock = clock;
    this.activeMillis = client.connectedAt().toEpochMilli();
    this.touchedNanos = ticker.nanoTime();
  }

  /** When its client connected, or last sent a frame. */
  Instant active() {
    return Instant.ofEpochMilli(activeMillis);
  }

  @Override
  public Client client() {
    return client;
  }

  @Override
  public void opened(WebSocketTransport opened) {
    transport = opened;
    open.opened(this);
    if (arrival != null && arrival.arrived(subscriptions::change, frame -> opened.send(0, frame))) {
      opened.close(CloseCodes.NORMAL, Resumables.BY_APP);
    }
    opened.replayed();
    subscriptions.opened(opened, first);
    opened.demand();
  }

  /**
   * It begins to listen to channels, and ends it.
   *
   * @throws HeddleException LIMIT_REACHED for too many
   */
  @Override
  public void channels(Set<String> subscribe, Set<String> unsubscribe) {
    subscriptions.change(subscribe, unsubscribe);
  }

  /** What became of a frame that nobody had asked for. */
  enum Pushed {
    /** It waits to be sent. */
    QUEUED,
    /** The client does not read; by the app's policy it is being closed. */
    SLOW,
    GONE
  }

  Pushed push(Payload frame) {
    WebSocketTransport socket = transport;
    if (socket == null) {
      return Pushed.GONE;
    }
    if (socket.send(0, frame)) {
      return Pushed.QUEUED;
    }
    return socket.isSlow() ? Pushed.SLOW : Pushed.GONE;
  }

  @Override
  public void frame(Payload frame) {
    activeMillis = clock.millis();
    frames.handle(this, frames.read(client, frame));
    touchedNanos = frames.touchIfDue(client, touchedNanos, ticker.nanoTime());
  }

  @Override
  public void failed() {
    gone = true;
    BackendCall running = call;
    if (running != null) {
      running.cancel("connection: closed");
    }
  }

  @Override
  public void closed(boolean opened, int code, String reason) {
    failed();
    subscriptions.close();
    open.closed(this);
    if (arrival != null) {
      arrival.refused();
    }
    if (opened) {
      frames.disconnected(client, code, reason, handed);
    }
  }

  @Override
  public boolean send(Payload frame) {
    Transport socket = transport;
    return socket != null && socket.send(0, frame);
  }

  @Override
  public void answer(Payload frame) {
    var _ = send(frame);
  }

  @Override
  public boolean lags() {
    Transport socket = transport;
    return socket != null && socket.lags();
  }

  @Override
  public void close(int code, String reason) {
    Transport socket = transport;
    if (socket != null) {
      // Whoever asks for it once its client knows is told that it is gone.
      open.closed(this);
      socket.close(code, reason);
    }
  }

  @Override
  public Handed handed() {
    return handed;
  }

  @Override
  public void hand(Handed next) {
    handed = next;
  }

  @Override
  public void inFlight(@Nullable BackendCall running) {
    call = running;
    if (running != null && gone) {
      running.cancel("connection: closed");
    }
  }
}
