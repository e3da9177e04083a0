package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a node holds open, without sockets. */
class ConnectionsTest {
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

  private double closing() {
    return meters.get("heddle.gateway.connections.closing").gauge().value();
  }

  /** A transport is closed by whoever sends to it, and leaves by its own thread. */
  @Test
  void whoLeavesWhileBeingClosedIsNotKept() {
    try (var connections =
        new Connections(WebSocketLimits.defaults(), Duration.ofMillis(10), meters)) {
      var transport = new PollTransport();
      connections.opened(transport);
      connections.closing(transport);
      assertEquals(1, closing());
      connections.left(transport);
      assertEquals(0, closing());
      connections.closing(transport);
      assertEquals(0, closing(), "it had left before");
    }
  }
}
