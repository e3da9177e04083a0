package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.arrivals.OpenLoop;
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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Puts an {@link OpenLoop} on real connections, on one thread. Requests go out to within some 0.1
 * ms of their time, which {@code clientLate} of the outcome tells. Used by one thread.
 */
final class OpenEdgeLoop {
  private static final int MOST_TOLD = 20;
  private static final int TOO_MANY_REQUESTS = 429;
  private static final int UNAVAILABLE = 503;

  /** The selector waits whole milliseconds; what is less is waited for in such steps. */
  private static final long STEP_NANOS = 20_000;

  private static final long COARSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long LONGEST_WAIT_MILLIS = 1_000;

  private final HostPort address;
  private final List<LoopRequest> requests;
  private final byte[] expected;
  private final Ticker ticker;
  private final List<String> failures = new ArrayList<>();

  private int next;

  /**
   * @param expected what the body of every right reply holds
   */
  OpenEdgeLoop(HostPort address, LoopRequest request, String expected, Ticker ticker) {
    this(address, List.of(request), expected, ticker);
  }

  /**
   * @param requests at least one; sent one after the other, and again from the first
   * @param expected what the body of every right reply holds
   */
  OpenEdgeLoop(HostPort address, List<LoopRequest> requests, String expected, Ticker ticker) {
    this.address = address;
    this.requests = List.copyOf(requests);
    this.expected = expected.getBytes(StandardCharsets.UTF_8);
    this.ticker = ticker;
  }

  /** A connection, its number in the loop, and what it sends. */
  private static final class Client {
    final int number;
    final List<byte[]> requests;
    LoopConnection connection;
    boolean busy;

    Client(int number, List<byte[]> requests, LoopConnection connection) {
      this.number = number;
      this.requests = requests;
      this.connection = connection;
    }
  }

  /** Some of what was neither a right answer nor a refusal. */
  List<String> failures() {
    return failures;
  }

  /** What makes a loop, which begins when all connections are open. */
  interface Beginning {
    OpenLoop begin();
  }

  /**
   * Opens the connections, each with a session, and runs the loop to its end.
   *
   * @param opening what each sends first, which is not measured
   * @param limitNanos for the replies to all, from the beginning; what is open then has failed
   */
  OpenLoop.Outcome run(int connections, LoopRequest opening, Beginning beginning, long limitNanos) {
    var clients = new ArrayList<Client>();
    try (var selector = Selector.open()) {
      try {
        for (int i = 0; i < connections; i++) {
          clients.add(visit(i, opening, selector));
        }
        return run(clients, beginning.begin(), selector, limitNanos);
      } finally {
        for (var client : clients) {
          client.connection.close();
        }
      }
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, address + ": " + e, e);
    }
  }

  private Client visit(int number, LoopRequest opening, Selector selector) throws IOException {
    var connection = LoopConnection.open(address);
    try {
      connection.exchange(opening.bytes(""));
      var bytes = requests.stream().map(each -> each.bytes(connection.cookie())).toList();
      var client = new Client(number, bytes, connection);
      register(client, selector);
      return client;
    } catch (IOException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private static void register(Client client, Selector selector) throws IOException {
    client.connection.channel().configureBlocking(false);
    client.connection.channel().register(selector, SelectionKey.OP_READ, client);
  }

  private OpenLoop.Outcome run(
      List<Client> clients, OpenLoop loop, Selector selector, long limitNanos) throws IOException {
    long began = ticker.nanoTime();
    while (!loop.done()) {
      long left = limitNanos - (ticker.nanoTime() - began);
      if (left <= 0) {
        for (var client : clients) {
          if (client.busy) {
            fail(client, "no reply in time", loop, selector);
          }
        }
      }
      for (int at = loop.send(); at >= 0; at = loop.send()) {
        var client = clients.get(at);
        client.busy = true;
        try {
          client.connection.send(client.requests.get(next++ % requests.size()));
        } catch (IOException e) {
          fail(client, e.toString(), loop, selector);
        }
      }
      if (!loop.done()) {
        await(selector, Math.clamp(left, 0, loop.waitNanos()));
        for (var key : selector.selectedKeys()) {
          receive((Client) key.attachment(), loop, selector);
        }
        selector.selectedKeys().clear();
      }
    }
    return loop.outcome();
  }

  private void receive(Client client, OpenLoop loop, Selector selector) throws IOException {
    boolean whole;
    try {
      whole = client.connection.receive();
    } catch (IOException e) {
      if (client.busy) {
        fail(client, e.toString(), loop, selector);
      } else {
        // Servers close connections that rest for a while.
        renew(client, selector);
      }
      return;
    }
    if (whole && client.busy) {
      client.busy = false;
      loop.ended(client.number, judge(client.connection));
    }
  }

  private static void await(Selector selector, long nanos) throws IOException {
    if (nanos >= COARSE_NANOS) {
      long millis = TimeUnit.NANOSECONDS.toMillis(nanos) - 1;
      selector.select(Math.min(millis, LONGEST_WAIT_MILLIS));
    } else if (selector.selectNow() == 0 && nanos > 0) {
      LockSupport.parkNanos(Math.min(nanos, STEP_NANOS));
    }
  }

  private OpenLoop.End judge(LoopConnection connection) {
    if (connection.ok() && connection.holds(expected)) {
      return OpenLoop.End.OK;
    }
    int status = connection.status();
    if (status == TOO_MANY_REQUESTS || status == UNAVAILABLE) {
      return OpenLoop.End.REFUSED;
    }
    tell(connection.excerpt());
    return OpenLoop.End.FAILED;
  }

  private void fail(Client client, String why, OpenLoop loop, Selector selector)
      throws IOException {
    tell(why);
    client.busy = false;
    renew(client, selector);
    loop.ended(client.number, OpenLoop.End.FAILED);
  }

  private void renew(Client client, Selector selector) throws IOException {
    client.connection.close();
    client.connection = LoopConnection.open(address);
    register(client, selector);
  }

  private void tell(String failure) {
    if (failures.size() < MOST_TOLD) {
      failures.add(failure);
    }
  }
}
