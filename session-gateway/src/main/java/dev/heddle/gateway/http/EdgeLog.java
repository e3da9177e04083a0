package dev.heddle.gateway.http;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Request;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One line and one measurement for each request. Thread-safe. */
public final class EdgeLog {
  private static final Logger access = LoggerFactory.getLogger("heddle.access");
  private static final int MAX_PATH = 256;

  private final MeterRegistry meters;
  private final ConcurrentHashMap<Key, Timer> timers = new ConcurrentHashMap<>();

  /** Routes, methods and statuses are few, so timers are bounded. */
  private record Key(String route, String method, int status) {}

  public EdgeLog(MeterRegistry meters) {
    this.meters = meters;
  }

  void request(Exchange exchange, String route, long nanos) {
    Request request = exchange.request();
    int status = exchange.response().getStatus();
    String method = known(exchange.method());
    timers
        .computeIfAbsent(new Key(route, method, status), this::timer)
        .record(nanos, TimeUnit.NANOSECONDS);
    if (access.isInfoEnabled()) {
      access.info(
          "method={} path={} status={} micros={} bytes={} tenant={} remote={} trace={}",
          method,
          printable(request.getHttpURI().getPath()),
          status,
          nanos / 1_000,
          exchange.bytes(),
          exchange.tenant(),
          Request.getRemoteAddr(request),
          exchange.traceId());
    }
  }

  private Timer timer(Key key) {
    return Timer.builder("heddle.gateway.request")
        .description("From a request's headers to its answer")
        .tag("route", key.route())
        .tag("method", key.method())
        .tag("status", Integer.toString(key.status()))
        .serviceLevelObjectives(
            Duration.ofMillis(1),
            Duration.ofMillis(5),
            Duration.ofMillis(20),
            Duration.ofMillis(100),
            Duration.ofMillis(500),
            Duration.ofSeconds(2),
            Duration.ofSeconds(10))
        .register(meters);
  }

  /** The method, or that it is none of those that routes have. */
  static String known(String method) {
    return switch (method) {
      case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH" -> method;
      default -> "OTHER";
    };
  }

  /** The path without what could forge a line of its own. */
  private static String printable(String path) {
    int length = Math.min(path.length(), MAX_PATH);
    var out = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      char c = path.charAt(i);
      out.append(c > ' ' && c < 127 ? c : '?');
    }
    return out.toString();
  }
}
