package dev.heddle.cli;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Resumable connections over WebSockets that count what they are told. For one thread; whatever
 * fails, or takes too long, is an exception.
 */
final class TrainingClients implements AutoCloseable {
  private static final Ticker TICKER = Ticker.system();
  private static final Duration AGAIN = Duration.ofMillis(50);
  private static final JsonMapper JSON = JsonMapper.shared();

  private final String channel;
  private final Duration patience;
  private final HttpClient http;
  private final Semaphore frames = new Semaphore(0);
  private final List<Client> clients = new ArrayList<>();

  /**
   * @param channel that each listens to
   * @param patience for each step, of all together
   */
  TrainingClients(int count, String channel, Duration patience) {
    this.channel = channel;
    this.patience = patience;
    this.http = HttpClient.newBuilder().connectTimeout(patience).build();
    for (int i = 0; i < count; i++) {
      clients.add(new Client());
    }
  }

  /**
   * Begins, or comes back; the sockets that there were vanish first.
   *
   * @param app {@code ws://HOST:PORT/ws/APP}
   */
  void connect(URI app) throws InterruptedException {
    clients.forEach(Client::vanish);
    frames.drainPermits();
    long until = TICKER.nanoTime() + patience.toNanos();
    for (Client client : clients) {
      client.connect(app, until);
      client.say("{\"heddle\":\"subscribe\",\"channel\":\"" + channel + "\"}");
    }
    // A welcome each, and that it is subscribed.
    await(2 * clients.size());
  }

  /** Says something on one of the connections. */
  void send(int client, String frame) throws InterruptedException {
    clients.get(client).say(frame);
  }

  /** Waits for so many frames, of whichever clients. */
  void await(int count) throws InterruptedException {
    if (!frames.tryAcquire(count, patience.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new HeddleException(
          ErrorCode.DEADLINE_EXCEEDED,
          "frames: " + frames.availablePermits() + " (expected: " + count + ")");
    }
  }

  /** Ends the connections, in which they are over for good. */
  void end() throws InterruptedException {
    for (Client client : clients) {
      client.say("{\"heddle\":\"close\"}");
    }
  }

  private <T> T get(CompletableFuture<T> what) throws InterruptedException {
    try {
      return what.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      var why =
          e.getCause() instanceof WebSocketHandshakeException refused
              ? "status " + refused.getResponse().statusCode() + " (expected: 101)"
              : String.valueOf(e.getCause());
      throw new HeddleException(ErrorCode.UNAVAILABLE, "socket: " + why, e);
    } catch (TimeoutException e) {
      throw new HeddleException(ErrorCode.DEADLINE_EXCEEDED, "socket: no answer", e);
    }
  }

  @Override
  public void close() {
    // An open socket keeps its HTTP client from closing.
    clients.forEach(Client::vanish);
    http.close();
  }

  /** One connection. */
  private final class Client {
    private @Nullable WebSocket socket;
    private volatile String resume = "";
    private volatile long offset;

    void connect(URI app, long until) throws InterruptedException {
      var at = resume.isEmpty() ? app : URI.create(app + "?resume=" + resume + "&offset=" + offset);
      while (true) {
        try {
          socket =
              get(http.newWebSocketBuilder().subprotocols("heddle.v1").buildAsync(at, new Heard()));
          return;
        } catch (HeddleException e) {
          // A gateway that does not know the app yet.
          if (TICKER.nanoTime() > until) {
            throw e;
          }
          LockSupport.parkNanos(AGAIN.toNanos());
        }
      }
    }

    void say(String frame) throws InterruptedException {
      if (socket == null) {
        throw new IllegalStateException("not connected (expected: connect first)");
      }
      var _ = get(socket.sendText(frame, true));
    }

    void vanish() {
      if (socket != null) {
        socket.abort();
      }
    }

    private void heard(String text) {
      JsonNode frame = JSON.readTree(text);
      switch (frame.path("heddle").asString("")) {
        case "welcome" -> resume = frame.path("resume").asString("");
        case "message" -> offset = frame.path("offset").asLong();
        default -> {}
      }
      frames.release();
    }

    /** Puts frames together. */
    private final class Heard implements WebSocket.Listener {
      private final StringBuilder text = new StringBuilder();

      @Override
      public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
        text.append(data);
        if (last) {
          heard(text.toString());
          text.setLength(0);
        }
        return WebSocket.Listener.super.onText(from, data, last);
      }
    }
  }
}
