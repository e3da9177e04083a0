package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.BackendCall;
import dev.heddle.process.Ticker;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A connection that is its WebSocket: it ends with it, and so does the call in flight. Frames are
 * what application and client say, without envelopes. Owned by the socket's thread but for the
 * volatile fields.
 */
final class RawConnection implements WebSocketTransport.Holder, Replies {
  private final Client client;
  private final Frames frames;
  private final Ticker ticker;
  private final AtomicBoolean gone = new AtomicBoolean();
  private volatile @Nullable Transport transport;
  private volatile @Nullable BackendCall call;
  private volatile Handed handed;
  private long touchedNanos;

  RawConnection(Client client, Handed handed, Frames frames, Ticker ticker) {
    this.handed = handed;
    this.client = client;
    this.frames = frames;
    this.ticker = ticker;
    this.touchedNanos = ticker.nanoTime();
  }

  @Override
  public Client client() {
    return client;
  }

  @Override
  public void opened(WebSocketTransport opened) {
    transport = opened;
    opened.demand();
  }

  @Override
  public void frame(Payload frame) {
    frames.handle(this, frames.read(client, frame));
    touchedNanos = frames.touchIfDue(client, touchedNanos, ticker.nanoTime());
  }

  @Override
  public void failed() {
    gone.set(true);
    BackendCall running = call;
    if (running != null) {
      running.cancel("connection: closed");
    }
  }

  @Override
  public void closed(boolean opened, int code, String reason) {
    failed();
    if (opened) {
      frames.disconnected(client, code, reason, handed);
    }
  }

  @Override
  public boolean send(Payload frame) {
    Transport open = transport;
    return open != null && open.send(0, frame);
  }

  @Override
  public void answer(Payload frame) {
    var _ = send(frame);
  }

  @Override
  public boolean lags() {
    Transport open = transport;
    return open != null && open.lags();
  }

  @Override
  public void close(int code, String reason) {
    Transport open = transport;
    if (open != null) {
      open.close(code, reason);
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
    if (running != null && gone.get()) {
      running.cancel("connection: closed");
    }
  }
}
