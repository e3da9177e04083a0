package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.OriginPolicy;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;

/**
 * Tells browsers what pages of other sites may send to streams and polls: those that an app names.
 * Thread-safe.
 */
final class Preflights {
  private static final String METHODS = "GET, POST, DELETE";
  private static final String HEADERS =
      "Accept, Authorization, Content-Type, Last-Event-ID, traceparent";
  private static final String MAX_AGE = "600";

  private final Apps apps;
  private final OriginPolicy origins;

  Preflights(Apps apps, OriginPolicy origins) {
    this.apps = apps;
    this.origins = origins;
  }

  /**
   * Answers one.
   *
   * @throws dev.heddle.process.HeddleException FORBIDDEN for an origin that no app of that name has
   */
  void answer(Exchange exchange) {
    exchange.header(HttpHeader.ALLOW, METHODS + ", OPTIONS");
    String origin = exchange.header("Origin");
    if (origin != null) {
      boolean named = apps.anyNames(exchange.parameter("app"), origin);
      origins.requireKnown(exchange.request(), named ? List.of(origin) : List.of());
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_METHODS, METHODS);
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
      exchange.header(HttpHeader.ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    }
    exchange.header(HttpHeader.VARY, "Origin");
    exchange.empty(204);
  }
}
