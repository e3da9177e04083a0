package dev.heddle.catalog;

import dev.heddle.process.DurationFormat;
import java.time.Duration;

/**
 * How a client deals with a server that is away.
 *
 * @param reconnectFirst wait before the second attempt to watch; doubles with each
 * @param reconnectMost wait between attempts at most
 * @param callTimeout of a write
 */
public record CatalogClientConfig(
    Duration reconnectFirst, Duration reconnectMost, Duration callTimeout) {
  public CatalogClientConfig {
    if (!reconnectFirst.isPositive() || reconnectMost.compareTo(reconnectFirst) < 0) {
      throw new IllegalArgumentException(
          "reconnect-first: "
              + DurationFormat.format(reconnectFirst)
              + " (expected: > 0 and not above reconnect-most)");
    }
    if (!callTimeout.isPositive()) {
      throw new IllegalArgumentException(
          "call-timeout: " + DurationFormat.format(callTimeout) + " (expected: > 0)");
    }
  }

  public static CatalogClientConfig defaults() {
    return new CatalogClientConfig(
        Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(10));
  }
}
