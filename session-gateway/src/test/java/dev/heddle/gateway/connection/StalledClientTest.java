package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.websocket.FramedSocket;
import dev.heddle.gateway.websocket.SlowConsumer;
import dev.heddle.gateway.websocket.SocketBounds;
import dev.heddle.process.testing.ManualClock;
import dev.heddle.process.testing.ManualTicker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalInt;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.eclipse.jetty.server.LocalConnector;
import org.eclipse.jetty.server.Server;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A client that lives, and does not read. */
@Timeout(60)
class StalledClientTest {
  private static final Payload LONG = Payload.text(new byte[1_000]);

  private final ManualTicker ticker = new ManualTicker();
  private final Server server = new Server();
  private final LocalConnector connector = new LocalConnector(server);
  private final ByteArrayEndPoint endPoint = new ByteArrayEndPoint(new byte[0], 30);
  private final Connections connections =
      new Connections(
          WebSocketLimits.defaults(),
          DrainConfig.defaults(),
          Duration.ofMillis(10),
          new SimpleMeterRegistry(),
          new ManualClock(Instant.parse("2026-11-22T12:00:00Z")));
  private final WebSocketTransport transport =
      new WebSocketTransport(
          new WebSocketTransport.Setting(new Holder(), false),
          connections,
          connections.enter(
              "t",
              "a",
              "websocket",
              OptionalInt.empty(),
              new Visitors(ClientLimits.defaults(), ticker).new Visit(null)),
          ticker,
          (_, _) -> {});

  private static final class Holder implements WebSocketTransport.Holder {
    @Override
    public void opened(WebSocketTransport transport) {
      transport.demand();
    }

    @Override
    public void frame(Payload frame) {}

    @Override
    public void failed() {}

    @Override
    public void closed(boolean opened, int code, String reason) {}
  }

  @BeforeEach
  void start() throws Exception {
    server.addConnector(connector);
    server.start();
    var bounds = new SocketBounds(100, 10_000, 10, SlowConsumer.LATEST, null, 0);
    var socket = new FramedSocket(endPoint, connector, bounds, null, transport);
    endPoint.setConnection(socket);
    socket.onOpen();
    assertTrue(transport.send(0, LONG));
  }

  @AfterEach
  void stop() throws Exception {
    endPoint.close();
    connections.close();
    server.stop();
  }

  /** A ping interval, in which the client sends something. */
  private void passes() {
    transport.tick();
    ticker.advance(connections.pingInterval());
    transport.control(0);
  }

  @Test
  void whoSendsAndDoesNotReadIsCutOffAfterThreeIntervals() {
    for (int i = 0; i < 3; i++) {
      passes();
      assertTrue(endPoint.isOpen(), "after interval " + i);
    }
    passes();
    assertFalse(endPoint.isOpen());
  }

  @Test
  void whoReadsALittleInEachIntervalStays() {
    for (int i = 0; i < 20; i++) {
      passes();
      assertTrue(endPoint.takeOutput().hasRemaining());
      assertTrue(endPoint.isOpen(), "after interval " + i);
    }
  }

  @Test
  void whoSaysNothingWhileItReadsALongMessageStaysAndIsCutOffOnceItDoesNot() {
    transport.demand();
    for (int i = 0; i < 20; i++) {
      transport.tick();
      ticker.advance(connections.pingInterval());
      assertTrue(endPoint.takeOutput().hasRemaining());
      assertTrue(endPoint.isOpen(), "after interval " + i);
    }
    transport.tick();
    ticker.advance(connections.pingInterval());
    transport.tick();
    assertFalse(endPoint.isOpen());
  }

  @Test
  void whoHasReadAllAndGetsNothingStays() {
    while (endPoint.takeOutput().hasRemaining()) {}
    for (int i = 0; i < 10; i++) {
      passes();
      while (endPoint.takeOutput().hasRemaining()) {}
    }
    assertTrue(endPoint.isOpen());
  }
}
