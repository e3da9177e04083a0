package dev.heddle.gateway.connection;

import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * Bounds of WebSocket connections.
 *
 * @param connections open at once; more: 503 at the upgrade
 * @param message bytes of a frame or message from a client; more: close 1009
 * @param outgoing bytes that may wait for one client; more: close 3008, except that a single
 *     message may be larger
 * @param outgoingFrames frames that may wait for one client; more: close 3008
 * @param pingInterval a ping is sent this often; a client that stays silent until the next one is
 *     gone
 * @param disconnects calls of $disconnect routes at once; 10,000 more wait, others are dropped and
 *     counted
 */
public record WebSocketLimits(
    int connections,
    DataSize message,
    DataSize outgoing,
    int outgoingFrames,
    Duration pingInterval,
    int disconnects) {
  public WebSocketLimits {
    check("connections", connections, 10_000_000);
    check("message", message.bytes(), 16 << 20);
    check("outgoing", outgoing.bytes(), 256 << 20);
    check("outgoing-frames", outgoingFrames, 1_000_000);
    check("disconnects", disconnects, 10_000);
    if (pingInterval.compareTo(Duration.ofMillis(100)) < 0
        || pingInterval.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException(
          "ping-interval: " + pingInterval + " (expected: 100ms..1h)");
    }
  }

  /** The documented defaults. */
  public static WebSocketLimits defaults() {
    return new WebSocketLimits(
        10_000,
        DataSize.parse("128KiB"),
        DataSize.parse("1MiB"),
        1_024,
        Duration.ofSeconds(30),
        64);
  }

  private static void check(String name, long value, long most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 1.." + most + ")");
    }
  }
}
