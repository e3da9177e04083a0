package dev.heddle.loadtest.search;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A subject that is asked over HTTP, with requests whose bytes are made before.
 *
 * @param processes that are its own
 * @param requests by the number of the query
 * @param reading of a reply's body
 */
record HttpSubject(
    String name,
    HostPort address,
    Supplier<List<Long>> processes,
    boolean ranksExactly,
    List<HttpRequest> requests,
    Function<byte[], Found> reading)
    implements Subject {
  HttpSubject {
    requests = List.copyOf(requests);
  }

  @Override
  public List<Long> pids() {
    return processes.get();
  }

  @Override
  public Seat seat() throws IOException {
    return seat(Ticker.system());
  }

  Seat seat(Ticker ticker) throws IOException {
    return new HttpSeat(HttpConnection.open(address, HttpLimits.DEFAULTS), ticker);
  }

  /**
   * One connection, made anew when the server has closed it, or may have: it lies idle while other
   * subjects have their turns.
   */
  private final class HttpSeat implements Seat {
    private static final Duration IDLE = Duration.ofSeconds(5);

    private final Ticker ticker;
    private HttpConnection connection;
    private long usedNanos;

    HttpSeat(HttpConnection connection, Ticker ticker) {
      this.connection = connection;
      this.ticker = ticker;
      this.usedNanos = ticker.nanoTime();
    }

    @Override
    public Reply ask(int query) throws IOException {
      if (!connection.usable() || ticker.nanoTime() - usedNanos > IDLE.toNanos()) {
        connection.close();
        connection = HttpConnection.open(address, HttpLimits.DEFAULTS);
      }
      var reply = connection.exchange(requests.get(query));
      usedNanos = ticker.nanoTime();
      if (!reply.ok()) {
        throw new IOException("status " + reply.status() + ", " + reply.excerpt());
      }
      return () -> reading.apply(reply.body());
    }

    @Override
    public void close() throws IOException {
      connection.close();
    }
  }
}
