package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/**
 * What the engine of a node's leaf says of itself at {@code /metrics}.
 *
 * @param http of the node's gateway
 */
record NodeMetrics(HostPort http, Ticker ticker) {
  private static final Duration LOOK = Duration.ofMillis(20);

  /**
   * The value of a metric.
   *
   * @param name after {@code heddle_engine_}
   * @throws HeddleException UNAVAILABLE if the node has none of that name
   */
  double engine(String name) {
    var text = text();
    var line = "(?m)^heddle_engine_%s\\{[^}]*role=\"leaf\"[^}]*} (\\S+)".formatted(name);
    var hit = Pattern.compile(line).matcher(text);
    if (!hit.find()) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "metrics: no heddle_engine_" + name + " (expected: of a leaf)");
    }
    return Double.parseDouble(hit.group(1));
  }

  private String text() {
    try (var connection = HttpConnection.open(http, HttpLimits.DEFAULTS)) {
      var request = HttpRequest.of("GET", "/metrics", http, Map.of(), new byte[0]);
      return new String(connection.exchange(request).body(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "metrics: " + http + ": " + e, e);
    }
  }

  /** Waits until a metric has a value; whether it came to that. */
  boolean comesTo(String name, double value, Duration limit) {
    long end = ticker.nanoTime() + limit.toNanos();
    while (engine(name) != value) {
      if (ticker.nanoTime() >= end) {
        return false;
      }
      LockSupport.parkNanos(LOOK.toNanos());
    }
    return true;
  }
}
