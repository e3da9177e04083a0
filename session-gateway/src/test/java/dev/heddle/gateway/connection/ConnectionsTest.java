package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.ManualClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** What a node holds open, without sockets. */
class ConnectionsTest {
  private final ManualClock clock = new ManualClock(Instant.parse("2026-11-22T12:00:00Z"));
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

  private double closing() {
    return meters.get("heddle.gateway.connections.closing").gauge().value();
  }

  private final Visitors visitors = new Visitors(ClientLimits.defaults(), Ticker.system());

  private Connections connections() {
    return new Connections(
        WebSocketLimits.defaults(), DrainConfig.defaults(), Duration.ofMillis(10), meters, clock);
  }

  /** A transport is closed by whoever sends to it, and leaves by its own thread. */
  @Test
  void whoLeavesWhileBeingClosedIsNotKept() {
    try (var connections = connections()) {
      var transport = new PollTransport(1, Map.of());
      connections.opened(transport);
      connections.closing(transport);
      assertEquals(1, closing());
      connections.left(transport);
      assertEquals(0, closing());
      connections.closing(transport);
      assertEquals(0, closing(), "it had left before");
    }
  }

  @Test
  void whoLeavesWhileItsTokenIsRenewedIsNotKept() {
    try (var connections = connections()) {
      var transport = new PollTransport(1, Map.of());
      connections.opened(transport);
      connections.expires(transport, clock.instant().plusSeconds(5));
      connections.renewed(transport, clock.instant().plusSeconds(9));
      assertEquals(1, connections.expiring());
      connections.left(transport);
      connections.renewed(transport, clock.instant().plusSeconds(20));
      assertEquals(0, connections.expiring());
    }
  }

  @Test
  void whoseTokenHasExpiredIsToldOnceAndAsSoonAsItIsOpen() throws Exception {
    try (var connections = connections()) {
      var transport = new PollTransport(1, Map.of());
      connections.expires(transport, clock.instant().plusSeconds(5));
      clock.advance(Duration.ofSeconds(6));
      connections.turn();
      assertEquals(1, connections.expiring(), "it could not be told yet");
      connections.opened(transport);
      connections.turn();
      assertEquals(0, connections.expiring());
      var goodbye = Objects.requireNonNull(transport.await(Duration.ZERO).goodbye());
      assertEquals(CloseCodes.POLICY, goodbye.code());
      connections.left(transport);
    }
  }

  @Test
  void whoIsRefusedIsNotCountedAsOpened() {
    try (var connections = connections()) {
      var one = connections.enter("t", "a", "poll", OptionalInt.of(1), visitors.new Visit(null));
      assertThrows(
          HeddleException.class,
          () -> connections.enter("t", "a", "poll", OptionalInt.of(1), visitors.new Visit(null)));
      assertEquals(1, meters.get("heddle.gateway.app.connections.opened").counter().count());
      assertEquals(1, meters.get("heddle.gateway.app.connections").gauge().value());
      one.close();
      assertEquals(0, meters.get("heddle.gateway.app.connections").gauge().value());
    }
  }
}
