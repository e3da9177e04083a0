package dev.heddle.gateway.http;

import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Priority;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.process.TraceContext;
import dev.heddle.process.TraceSpan;
import dev.heddle.process.Tracing;
import io.opentelemetry.api.trace.SpanKind;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.UrlEncoded;
import org.jspecify.annotations.Nullable;

/**
 * Every request's way in: host, origin, route, credentials, then the route's work; and its way out:
 * errors, metrics, access log.
 */
final class EdgeHandler extends Handler.Abstract {
  private static final String TRACE_HEADER = "Heddle-Trace-Id";
  private static final String EXPOSED_HEADERS =
      String.join(
          ", ",
          TRACE_HEADER,
          Exchange.POSITION,
          Exchange.SESSION_POSITION,
          "ETag",
          "Retry-After",
          "Heddle-Function-Version",
          "Heddle-Invocation",
          "Heddle-Node",
          "Heddle-Placement",
          "Heddle-Took-Micros",
          "Heddle-Bill",
          "Heddle-Started");
  private static final String CORS_MAX_AGE = "600";
  private static final Pattern CONNECTIONS = Pattern.compile("/(ws|sse|poll)/");

  private final Router router;
  private final Route pages;
  private final OriginPolicy origins;
  private final RunOrigins runOrigins;
  private final Credentials credentials;
  private final JwtIssuers issuers;
  private final EdgeLog log;
  private final Tracing tracing;
  private final Ticker ticker;
  private final InFlight inFlight = new InFlight();
  private volatile boolean stopping;

  EdgeHandler(
      Router router,
      Route pages,
      OriginPolicy origins,
      CalledFunctions called,
      Credentials credentials,
      JwtIssuers issuers,
      EdgeLog log,
      Tracing tracing,
      Ticker ticker) {
    this.router = router;
    this.pages = pages;
    this.origins = origins;
    this.runOrigins = new RunOrigins(origins, called, EXPOSED_HEADERS, CORS_MAX_AGE);
    this.credentials = credentials;
    this.issuers = issuers;
    this.log = log;
    this.tracing = tracing;
    this.ticker = ticker;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    long start = ticker.nanoTime();
    inFlight.enter();
    // Only clients are waited for no longer: the work on a request has a deadline of its own.
    request.addIdleTimeoutListener(timeout -> false);
    TraceContext caller = TraceContext.parse(request.getHeaders().get("traceparent")).orElse(null);
    String path = request.getHttpURI().getPath();
    TraceSpan span =
        SystemRoutes.PROBES.contains(String.valueOf(path))
            ? TraceSpan.NONE
            : tracing.enter(caller, "HTTP", SpanKind.SERVER);
    TraceContext trace = span.within(caller);
    response.getHeaders().put(TRACE_HEADER, trace.traceId());
    Router.Match match = null;
    Exchange exchange = null;
    try {
      checkRunning(response);
      origins.checkHost(request);
      cors(request, response);
      match = router.match(request.getMethod(), path);
      Route route = route(request, match);
      Shown shown = shown(request, route);
      Map<String, String> parameters =
          match instanceof Router.Match.Found found ? found.parameters() : Map.of();
      var context =
          new RequestContext(shown.tenant(), trace)
              .withPriority(Priority.parse(request.getHeaders().get(Exchange.PRIORITY)));
      exchange = new Exchange(request, response, callback, context, parameters);
      exchange.user(shown.user());
      if (!runOrigins.admit(exchange, match)) {
        origins.checkOrigin(request);
      }
      route.handling().handle(exchange);
    } catch (Throwable failure) {
      if (exchange == null) {
        var context = new RequestContext(RequestContext.DEFAULT_TENANT, trace);
        exchange = new Exchange(request, response, callback, context, Map.of());
      }
      span.failed(fail(exchange, failure, match).code());
    } finally {
      try {
        if (exchange != null) {
          exchange.close();
          log.request(exchange, template(match), ticker.nanoTime() - start);
          end(span, exchange, template(match));
        }
      } finally {
        inFlight.leave();
      }
    }
    return true;
  }

  /** Says what the conventions for HTTP name; nothing that a client could choose at will. */
  private static void end(TraceSpan span, Exchange exchange, String route) {
    if (span.recording()) {
      String method = EdgeLog.known(exchange.method());
      span.name(route.startsWith("/") ? method + " " + route : method);
      span.set("http.request.method", method)
          .set("http.route", route)
          .set("http.response.status_code", exchange.response().getStatus())
          .set("heddle.tenant", exchange.tenant());
      span.end();
    }
  }

  private void checkRunning(Response response) {
    if (stopping) {
      response.getHeaders().put(HttpHeader.CONNECTION, "close");
      throw new HeddleException(ErrorCode.UNAVAILABLE, "gateway: stops (expected: a running node)");
    }
  }

  /** Refuses further requests and waits for those that run. */
  void drain(Duration most) {
    stopping = true;
    inFlight.awaitNone(most);
  }

  private static HeddleException fail(
      Exchange exchange, Throwable failure, Router.@Nullable Match match) {
    if (failure instanceof InterruptedException) {
      Thread.currentThread().interrupt();
    }
    if (match instanceof Router.Match.OtherMethods other) {
      exchange.header(HttpHeader.ALLOW, String.join(", ", other.allowed()));
    }
    HeddleException error = EdgeErrors.of(failure, exchange.traceId());
    exchange.error(EdgeErrors.httpStatus(error.code()), error);
    return error;
  }

  private Route route(Request request, Router.Match match) {
    String method = request.getMethod();
    return switch (match) {
      case Router.Match.Found found when RunOrigins.isPreflight(request, found.route()) ->
          new Route(
              Route.ANY,
              found.route().template(),
              false,
              exchange -> runOrigins.preflight(exchange));
      case Router.Match.Found found -> found.route();
      case Router.Match.OtherMethods other when method.equals("OPTIONS") ->
          new Route(Route.ANY, "", false, exchange -> options(exchange, other.allowed()));
      case Router.Match.OtherMethods other ->
          throw new HeddleException(
              ErrorCode.METHOD_NOT_ALLOWED,
              "method: "
                  + method
                  + " (expected: one of "
                  + String.join(", ", other.allowed())
                  + ")");
      case Router.Match.None() -> pages;
    };
  }

  private void options(Exchange exchange, Set<String> allowed) {
    exchange.header(HttpHeader.ALLOW, String.join(", ", allowed));
    if (origins.listed(exchange.header("Origin"))) {
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_METHODS, String.join(", ", allowed));
      exchange.header(
          HttpHeader.ACCESS_CONTROL_ALLOW_HEADERS,
          "Accept, Authorization, Content-Type, Heddle-Priority, Heddle-Position, If-Match,"
              + " If-None-Match, traceparent");
      exchange.header(HttpHeader.ACCESS_CONTROL_MAX_AGE, CORS_MAX_AGE);
    }
    exchange.empty(204);
  }

  /** Allow-listed origins read answers, with cookies; nobody else does. */
  private void cors(Request request, Response response) {
    String origin = request.getHeaders().get(HttpHeader.ORIGIN);
    if (origins.listed(origin)) {
      response.getHeaders().put(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN, origin);
      response.getHeaders().put(HttpHeader.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
      response.getHeaders().put(HttpHeader.ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
      response.getHeaders().add(HttpHeader.VARY, "Origin");
    }
  }

  /**
   * In whose name a request comes.
   *
   * @param user what a user's token says; null: none was shown
   */
  private record Shown(String tenant, @Nullable UserToken user) {}

  /** Users' tokens are for the doors of apps alone: an API key may do all that a tenant may. */
  private Shown shown(Request request, Route route) {
    if (!route.guarded()) {
      return new Shown(RequestContext.DEFAULT_TENANT, null);
    }
    String authorization = request.getHeaders().get(HttpHeader.AUTHORIZATION);
    if (CONNECTIONS.matcher(route.template()).lookingAt()) {
      if (authorization == null) {
        // Browsers cannot set headers on a WebSocket or an EventSource.
        authorization = accessToken(request.getHttpURI().getQuery());
      }
      if (authorization != null && authorization.regionMatches(true, 0, "Bearer ", 0, 7)) {
        String bearer = authorization.substring(7).strip();
        // A key may look like a token; no token is a key.
        boolean key = credentials.requiresApiKey() && credentials.tenant(authorization).isPresent();
        if (!key && issuers.looksLikeOne(bearer)) {
          UserToken user = issuers.verify(bearer);
          return new Shown(user.tenant(), user);
        }
      }
    }
    return new Shown(tenant(authorization), null);
  }

  private String tenant(@Nullable String authorization) {
    return credentials
        .tenant(authorization)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.UNAUTHENTICATED,
                "authorization: missing or unknown (expected: Bearer and an API key)"));
  }

  private static @Nullable String accessToken(@Nullable String query) {
    if (query == null || !query.contains("access_token=")) {
      return null;
    }
    var fields = new org.eclipse.jetty.util.Fields();
    UrlEncoded.decodeUtf8To(query, fields);
    String token = fields.getValue("access_token");
    return token == null ? null : "Bearer " + token;
  }

  private static String template(Router.@Nullable Match match) {
    return switch (match) {
      case Router.Match.Found found -> found.route().template();
      case Router.Match.OtherMethods other -> "other-method";
      case Router.Match.None() -> "page";
      case null -> "refused";
    };
  }
}
