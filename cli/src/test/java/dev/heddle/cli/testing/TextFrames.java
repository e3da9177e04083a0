package dev.heddle.cli.testing;

import java.net.http.WebSocket;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The text that comes over one WebSocket, by whole messages. */
public final class TextFrames implements WebSocket.Listener {
  private final LinkedBlockingQueue<String> whole = new LinkedBlockingQueue<>();
  private final StringBuilder parts = new StringBuilder();
  private final AtomicInteger received = new AtomicInteger();
  private final CompletableFuture<Integer> closed = new CompletableFuture<>();

  /** The next message; empty: none came in time. */
  public Optional<String> next(Duration time) throws InterruptedException {
    return Optional.ofNullable(whole.poll(time.toNanos(), TimeUnit.NANOSECONDS));
  }

  /** Messages that came so far. */
  public int received() {
    return received.get();
  }

  /** Completes with the code with which the other side closes. */
  public CompletableFuture<Integer> closed() {
    return closed;
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    parts.append(data);
    if (last) {
      received.incrementAndGet();
      whole.add(parts.toString());
      parts.setLength(0);
    }
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    closed.complete(code);
    return null;
  }
}
