package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * A closed loop of many clients on one thread: each connection sends its next request when it has
 * the reply to the last one. It shares the machine with what it measures, so it does little: no
 * thread to a client, no object to a reply. Used by one thread.
 */
final class EdgeLoop implements AutoCloseable {
  private static final int MAX_FAILURES = 20;

  private final Ticker ticker;
  private final Selector selector;
  private final List<Client> clients = new ArrayList<>();
  private final Closer closer = new Closer();
  private byte[] expected = {};
  private LatencyRecorder times = new LatencyRecorder();
  private LatencyRecorder first = new LatencyRecorder();
  private List<String> failures = new ArrayList<>();

  /** A connection and what it sends; only the loop's thread touches it. */
  private static final class Client {
    final LoopConnection connection;
    byte[] request = {};
    long sent;
    boolean fresh;

    Client(LoopConnection connection) {
      this.connection = connection;
    }
  }

  /**
   * What came of a run.
   *
   * @param first of them, the first one of each client
   * @param nanos from the first request to the last reply
   * @param failures other replies than were expected, and broken connections
   */
  record Outcome(LatencyRecorder times, LatencyRecorder first, long nanos, List<String> failures) {
    double perSecond() {
      return times.percentiles().count() / (nanos / 1e9);
    }
  }

  /**
   * Opens the connections. Each sends one request, which is not measured, and has a session since.
   */
  EdgeLoop(HostPort address, int clients, LoopRequest opening, Ticker ticker) {
    this.ticker = ticker;
    try {
      this.selector = closer.register("selector", Selector.open());
      for (int i = 0; i < clients; i++) {
        var connection = closer.register("client " + i, LoopConnection.open(address));
        connection.exchange(opening.bytes(""));
        if (!connection.ok()) {
          throw new IOException(opening.head().lines().findFirst() + ": " + connection.excerpt());
        }
        connection.channel().configureBlocking(false);
        var client = new Client(connection);
        connection.channel().register(selector, SelectionKey.OP_READ, client);
        this.clients.add(client);
      }
    } catch (IOException | RuntimeException e) {
      closer.close();
      throw new HeddleException(ErrorCode.UNAVAILABLE, address + ": " + e.getMessage(), e);
    }
  }

  /** Sends so many requests. */
  Outcome count(LoopRequest request, String expected, long count) {
    return run(request, expected, sent -> sent < count);
  }

  /**
   * Sends requests until the time is up, and waits for the replies to all.
   *
   * @param nanos that no request begins after
   */
  Outcome last(LoopRequest request, String expected, long nanos) {
    long began = ticker.nanoTime();
    return run(request, expected, sent -> ticker.nanoTime() - began < nanos);
  }

  /**
   * @param more whether another request is sent, after so many
   */
  private Outcome run(LoopRequest request, String expected, LongPredicate more) {
    this.expected = expected.getBytes(StandardCharsets.UTF_8);
    times = new LatencyRecorder();
    first = new LatencyRecorder();
    failures = new ArrayList<>();
    clients.forEach(client -> {
      client.request = request.bytes(client.connection.cookie());
      client.fresh = true;
    });
    long sent = 0;
    long open = 0;
    long began = ticker.nanoTime();
    try {
      for (var client : clients) {
        if (more.test(sent)) {
          send(client);
          sent++;
          open++;
        }
      }
      while (open > 0) {
        var _ = selector.select();
        for (var key : selector.selectedKeys()) {
          var client = (Client) key.attachment();
          if (!client.connection.receive()) {
            continue;
          }
          received(client);
          if (failures.size() < MAX_FAILURES && more.test(sent)) {
            send(client);
            sent++;
          } else {
            open--;
          }
        }
        selector.selectedKeys().clear();
      }
    } catch (IOException e) {
      failures.add(e.toString());
    }
    return new Outcome(times, first, ticker.nanoTime() - began, failures);
  }

  private void send(Client client) throws IOException {
    client.sent = ticker.nanoTime();
    client.connection.send(client.request);
  }

  private void received(Client client) {
    long nanos = ticker.nanoTime() - client.sent;
    times.record(nanos);
    if (client.fresh) {
      first.record(nanos);
      client.fresh = false;
    }
    if (!client.connection.ok() || !client.connection.holds(expected)) {
      failures.add(client.connection.excerpt());
    }
  }

  @Override
  public void close() {
    closer.close();
  }
}
