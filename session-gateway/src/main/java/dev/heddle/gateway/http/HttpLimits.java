package dev.heddle.gateway.http;

import dev.heddle.gateway.backend.BulkLimits;
import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * Bounds of the HTTP edge.
 *
 * @param connections open sockets, WebSockets included; beyond, nobody is accepted until one closes
 * @param requestHeader bytes of request line and headers, a position token among them; more: 431
 * @param query bytes of a query's or an event's body; more: 413
 * @param document bytes of a document, or of a patch of one; shards take 480KiB at most
 * @param bulk what a bulk stream holds in memory
 * @param function bytes of a deployed archive, and of the code in it
 * @param headTimeout time for a request's line and headers, from its first byte on; later: closed
 * @param bodyRate bytes a second of a body, on average over the time that the gateway waits for it
 *     beyond {@code headTimeout}; less: closed
 * @param client what one client may take of it
 * @param idleTimeout a connection without traffic is closed after this; a WebSocket has its own
 * @param stopTimeout time that running requests get at shutdown
 */
public record HttpLimits(
    int connections,
    DataSize requestHeader,
    DataSize query,
    DataSize document,
    BulkLimits bulk,
    DataSize function,
    Duration headTimeout,
    DataSize bodyRate,
    ClientLimits client,
    Duration idleTimeout,
    Duration stopTimeout) {
  private static final Duration LONGEST_HEAD = Duration.ofHours(1);

  public HttpLimits {
    if (connections < 1) {
      throw new IllegalArgumentException("connections: " + connections + " (expected: >= 1)");
    }
    check("request-header", requestHeader, 1 << 20);
    check("query", query, 64 << 20);
    check("document", document, 64 << 20);
    check("function", function, 256 << 20);
    if (!headTimeout.isPositive() || headTimeout.compareTo(LONGEST_HEAD) > 0) {
      throw new IllegalArgumentException(
          "head-timeout: "
              + headTimeout
              + " (expected: more than 0, at most "
              + LONGEST_HEAD
              + ")");
    }
    if (bodyRate.bytes() > 1 << 30) {
      throw new IllegalArgumentException("body-rate: " + bodyRate + " (expected: 0B..1GiB)");
    }
    if (!idleTimeout.isPositive() || stopTimeout.isNegative()) {
      throw new IllegalArgumentException(
          "idle-timeout: "
              + idleTimeout
              + " (expected: more than 0, and stop-timeout not negative)");
    }
  }

  /** The documented defaults. */
  public static HttpLimits defaults() {
    return new HttpLimits(
        20_000,
        DataSize.parse("32KiB"),
        DataSize.parse("1MiB"),
        DataSize.parse("480KiB"),
        BulkLimits.defaults(),
        DataSize.parse("16MiB"),
        Duration.ofSeconds(15),
        DataSize.parse("64B"),
        ClientLimits.defaults(),
        Duration.ofSeconds(60),
        Duration.ofSeconds(5));
  }

  private static void check(String name, DataSize size, long most) {
    if (size.bytes() < 1_024 || size.bytes() > most) {
      throw new IllegalArgumentException(
          name + ": " + size + " (expected: 1KiB.." + new DataSize(most) + ")");
    }
  }
}
