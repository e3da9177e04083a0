package dev.heddle.catalog;

import dev.heddle.process.DurationFormat;
import java.time.Duration;

/**
 * How a client deals with a catalog that is away.
 *
 * @param reconnectFirst wait once every address was tried, for a watch as for a call; doubles each
 *     time; 100ms
 * @param reconnectMost such a wait at most; 1s
 * @param callTimeout of a write, with all of its attempts; 10s
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

  /** The wait after {@code wait}. */
  Duration longer(Duration wait) {
    Duration more = wait.multipliedBy(2);
    return more.compareTo(reconnectMost) < 0 ? more : reconnectMost;
  }

  public static CatalogClientConfig defaults() {
    return new CatalogClientConfig(
        Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(10));
  }
}
