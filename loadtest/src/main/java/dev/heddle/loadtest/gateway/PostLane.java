package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpReply;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** POSTs over one connection, which is opened again after a failure. Owned by one thread. */
final class PostLane implements AutoCloseable {
  private static final HttpLimits LIMITS = HttpLimits.DEFAULTS.withTimeout(Duration.ofSeconds(30));

  private final HostPort server;
  private @Nullable HttpConnection connection;

  PostLane(HostPort server) {
    this.server = server;
  }

  /** A publisher to one path. */
  static Publisher publisher(HostPort server, String path, Ticker ticker) {
    var lane = new PostLane(server);
    return new Publisher() {
      @Override
      public void publish(LongFunction<String> message) throws IOException {
        var reply = lane.post(path, message.apply(ticker.nanoTime()));
        if (reply.status() / 100 != 2) {
          throw new IOException("POST " + path + ": " + reply.status() + " " + reply.excerpt());
        }
      }

      @Override
      public void close() {
        lane.close();
      }
    };
  }

  /** Where frames for a connection of the gateway are POSTed. */
  static String connection(String id) {
    return "/@connections/" + URLEncoder.encode(id, UTF_8);
  }

  /**
   * The reply, whatever it is.
   *
   * @throws IOException if there was none: nobody knows what became of the request
   */
  HttpReply post(String path, String body) throws IOException {
    return send("POST", path, body);
  }

  /** As {@link #post}, and nothing in it. */
  HttpReply put(String path) throws IOException {
    return send("PUT", path, "");
  }

  private HttpReply send(String method, String path, String body) throws IOException {
    var open = connection;
    if (open == null || !open.usable()) {
      close();
      open = HttpConnection.open(server, LIMITS);
      connection = open;
    }
    var type = Map.of("Content-Type", "text/plain");
    return open.exchange(HttpRequest.of(method, path, server, type, body.getBytes(UTF_8)));
  }

  @Override
  public void close() {
    var open = connection;
    connection = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        // It is of no use any more.
      }
    }
  }
}
