package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.http.Rate;
import dev.heddle.process.Ticker;
import org.jspecify.annotations.Nullable;

/**
 * Ends a socket whose client sends more, or faster, than one may. Others are slowed down by TCP
 * while a frame is in work; this is for frames that are no work, and still cost. Owned by the
 * socket's thread.
 */
final class MeteredHolder implements WebSocketTransport.Holder {
  private static final int POLICY_VIOLATION = 1008;

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

  @Override
  public void frame(Payload frame) {
    long now = ticker.nanoTime();
    if (frames.take(1, now) > 0 || bytes.take(frame.bytes().length, now) > 0) {
      WebSocketTransport open = transport;
      if (open != null) {
        open.close(POLICY_VIOLATION, "too many frames a second");
      }
      return;
    }
    holder.frame(frame);
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
