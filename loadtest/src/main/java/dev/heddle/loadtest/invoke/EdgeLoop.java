package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Timeline;
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

  private final HostPort address;
  private final Ticker ticker;
  private final Selector selector;
  private final List<Client> clients = new ArrayList<>();
  private byte[] expected = {};
  private LatencyRecorder times = new LatencyRecorder();
  private LatencyRecorder first = new LatencyRecorder();
  private Timeline completions = new Timeline();
  private List<String> failures = new ArrayList<>();
  private long began;

  /** A connection and what it sends; only the loop's thread touches it. */
  private static final class Client {
    LoopConnection connection;
    final String cookie;
    byte[] request = {};
    long sent;
    boolean fresh;

    Client(LoopConnection connection) {
      this.connection = connection;
      this.cookie = connection.cookie();
    }
  }

  /**
   * What came of a run.
   *
   * @param first of them, the first one of each client
   * @param completions when replies were there
   * @param nanos from the first request to the last reply
   * @param failures other replies than were expected, and broken connections
   */
  record Outcome(
      LatencyRecorder times,
      LatencyRecorder first,
      Timeline completions,
      long nanos,
      List<String> failures) {
    double perSecond() {
      return times.percentiles().count() / (nanos / 1e9);
    }
  }

  /** Opens the connections. Each sends one request, which is not measured, and has a session. */
  EdgeLoop(HostPort address, int clients, LoopRequest opening, Ticker ticker) {
    this.address = address;
    this.ticker = ticker;
    try {
      this.selector = Selector.open();
    } catch (IOException e) {
      throw unavailable(e);
    }
    try {
      for (int i = 0; i < clients; i++) {
        this.clients.add(visit(LoopConnection.open(address), opening));
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw unavailable(e);
    }
  }

  private static Client visit(LoopConnection connection, LoopRequest opening) throws IOException {
    try {
      connection.exchange(opening.bytes(""));
      if (connection.ok()) {
        return new Client(connection);
      }
      throw new IOException(connection.excerpt());
    } catch (IOException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private HeddleException unavailable(Exception cause) {
    return new HeddleException(ErrorCode.UNAVAILABLE, address + ": " + cause.getMessage(), cause);
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
    return last(request, expected, nanos, 0);
  }

  /**
   * The same, and goes on beyond the time until so many were sent.
   *
   * @param least as for few calls on a machine that stands still for all of the time
   */
  Outcome last(LoopRequest request, String expected, long nanos, long least) {
    long start = ticker.nanoTime();
    return run(request, expected, sent -> sent < least || ticker.nanoTime() - start < nanos);
  }

  /**
   * @param more whether another request is sent, after so many
   */
  private Outcome run(LoopRequest request, String expected, LongPredicate more) {
    this.expected = expected.getBytes(StandardCharsets.UTF_8);
    times = new LatencyRecorder();
    first = new LatencyRecorder();
    failures = new ArrayList<>();
    for (var client : clients) {
      client.request = request.bytes(client.cookie);
      client.fresh = true;
    }
    long sent = 0;
    long open = 0;
    completions = new Timeline();
    began = ticker.nanoTime();
    try {
      renew();
      began = ticker.nanoTime();
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
    return new Outcome(times, first, completions, ticker.nanoTime() - began, failures);
  }

  /** Servers close connections that rest for a while, as these do between runs. */
  private void renew() throws IOException {
    for (var client : clients) {
      client.connection.close();
      client.connection = LoopConnection.open(address);
      client.connection.channel().configureBlocking(false);
      client.connection.channel().register(selector, SelectionKey.OP_READ, client);
    }
  }

  private void send(Client client) throws IOException {
    client.sent = ticker.nanoTime();
    client.connection.send(client.request);
  }

  private void received(Client client) {
    long now = ticker.nanoTime();
    long nanos = now - client.sent;
    times.record(nanos);
    completions.record(now - began);
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
    try (selector) {
      for (var client : clients) {
        client.connection.close();
      }
    } catch (IOException e) {
      throw unavailable(e);
    }
  }
}
