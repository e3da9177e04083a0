package dev.heddle.loadtest.search;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.ManualTicker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HttpSubjectTest {
  private static final byte[] REPLY =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".getBytes(StandardCharsets.US_ASCII);

  private static final Found NOTHING = new Found(0, true, List.of(), Map.of(), "");

  private final AtomicInteger connections = new AtomicInteger();
  private final ServerSocket server;

  HttpSubjectTest() throws IOException {
    this.server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  private void accept() {
    try {
      while (true) {
        var socket = server.accept();
        connections.incrementAndGet();
        Thread.ofVirtual().start(() -> answer(socket));
      }
    } catch (IOException e) {
      // Closed: the test is over.
    }
  }

  /** Every request, of which none has a body. */
  private static void answer(Socket socket) {
    try (socket;
        var in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
      for (var line = in.readLine(); line != null; line = in.readLine()) {
        if (line.isEmpty()) {
          socket.getOutputStream().write(REPLY);
        }
      }
    } catch (IOException e) {
      // The client went.
    }
  }

  /** The server may have closed it meanwhile, which a client sees only when it asks. */
  @Test
  void aConnectionThatLayIdleIsMadeAnew() throws Exception {
    var address = new HostPort("127.0.0.1", server.getLocalPort());
    var request = HttpRequest.of("GET", "/", address, Map.of(), new byte[0]);
    var subject = new HttpSubject("s", address, List::of, true, List.of(request), body -> NOTHING);
    var ticker = new ManualTicker();
    try (var seat = subject.seat(ticker)) {
      var _ = seat.ask(0);
      ticker.advance(Duration.ofSeconds(5));
      var _ = seat.ask(0);
      assertEquals(1, connections.get());
      ticker.advance(Duration.ofSeconds(6));
      var _ = seat.ask(0);
      assertEquals(2, connections.get());
    }
  }
}
