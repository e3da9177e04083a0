package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.http.Rate;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * Ends a socket whose client sends more, or faster, than one may. Others are slowed down by TCP
 * while a frame is in work; this is for frames that are no work, and still cost. Owned by the
 * socket's thread.
 */
final class MeteredHolder implements WebSocketTransport.Holder {
  private final WebSocketTransport.Holder holder;
  private final Rate frames;
  private final Rate bytes;
  private final Ticker ticker;
  private @Nullable WebSocketTransport transport;

  MeteredHolder(WebSocketTransport.Holder holder, ClientLimits limits, Ticker ticker) {
    this.holder = holder;
    this.ticker = ticker;
    this.frames = new Rate(limits.frames(), ticker.nanoTime());
    this.bytes = new Rate(limits.bytes().bytes(), ticker.nanoTime());
  }

  @Override
  public void opened(WebSocketTransport opened) {
    transport = opened;
    holder.opened(opened);
  }

  /** Once it is too much the transport is closing, and hands on nothing more. */
  @Override
  public void came(int count, int size) {
    long now = ticker.nanoTime();
    if (frames.take(count, now) == 0 && bytes.take(size, now) == 0) {
      return;
    }
    WebSocketTransport open = transport;
    if (open != null) {
      open.close(CloseCodes.POLICY, "too many frames a second");
    }
  }

  @Override
  public void frame(Payload frame) {
    holder.frame(frame);
  }

  /** Each ping makes an answer, so it counts as a message does. */
  @Override
  public void control(int size) {
    came(1, size);
  }

  @Override
  public void failed() {
    holder.failed();
  }

  @Override
  public void closed(boolean opened, int code, String reason) {
    holder.closed(opened, code, reason);
  }
}
