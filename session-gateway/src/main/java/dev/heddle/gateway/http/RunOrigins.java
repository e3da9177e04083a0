package dev.heddle.gateway.http;

import dev.heddle.gateway.http.CalledFunctions.Access;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Lets pages of other sites call the functions whose {@code origins} name them. A page that is
 * named sends its cookies along; where all are ({@code *}), no cookie counts.
 */
final class RunOrigins {
  private static final String FUNCTION = "function";
  private static final Pattern METHOD = Pattern.compile("[A-Z]{1,20}");
  private static final Pattern HEADERS = Pattern.compile("[A-Za-z0-9_, -]{0,2000}");

  private final OriginPolicy origins;
  private final CalledFunctions called;
  private final String exposedHeaders;
  private final String maxAge;

  RunOrigins(OriginPolicy origins, CalledFunctions called, String exposedHeaders, String maxAge) {
    this.origins = origins;
    this.called = called;
    this.exposedHeaders = exposedHeaders;
    this.maxAge = maxAge;
  }

  /** Whether a browser asks what it may send to a function. */
  static boolean isPreflight(Request request, Route route) {
    return request.getMethod().equals("OPTIONS")
        && runs(route)
        && request.getHeaders().contains(HttpHeader.ORIGIN)
        && request.getHeaders().contains(HttpHeader.ACCESS_CONTROL_REQUEST_METHOD);
  }

  private static boolean runs(Route route) {
    return RunRoutes.PREFIXES.stream().anyMatch(route.template()::startsWith);
  }

  /**
   * Answers a preflight.
   *
   * @throws HeddleException FORBIDDEN for an origin that the function does not name
   */
  void preflight(Exchange exchange) {
    var request = exchange.request();
    String origin = String.valueOf(exchange.header("Origin"));
    var access =
        origins.foreign(request)
            ? called.accessOfAnyTenant(exchange.parameter(FUNCTION), origin)
            : Access.NAMED;
    if (access == Access.NONE) {
      throw refused(origin);
    }
    allow(exchange, access, origin);
    exchange.header(
        HttpHeader.ACCESS_CONTROL_ALLOW_METHODS,
        checked(METHOD, exchange.header("Access-Control-Request-Method")));
    String headers = exchange.header("Access-Control-Request-Headers");
    if (headers != null) {
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_HEADERS, checked(HEADERS, headers));
    }
    exchange.header(HttpHeader.ACCESS_CONTROL_MAX_AGE, maxAge);
    exchange.header(
        HttpHeader.VARY, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
    exchange.empty(204);
  }

  private static String checked(Pattern form, @Nullable String value) {
    if (value == null || !form.matcher(value).matches()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "preflight: " + value + " (expected: a method, and headers)");
    }
    return value;
  }

  /**
   * Lets a page of another site call a function that names it.
   *
   * @return whether that is settled; false: the node's own rules are to decide
   */
  boolean admit(Exchange exchange, Router.@Nullable Match match) {
    if (!(match instanceof Router.Match.Found found)
        || !origins.foreign(exchange.request())
        || !runs(found.route())) {
      return false;
    }
    String origin = String.valueOf(exchange.header("Origin"));
    var access = called.access(exchange.tenant(), exchange.parameter(FUNCTION), origin);
    if (access == Access.NONE) {
      return false;
    }
    allow(exchange, access, origin);
    exchange.addHeader(HttpHeader.VARY, "Origin");
    if (access == Access.ANONYMOUS) {
      exchange.becomeAnonymous();
    }
    return true;
  }

  private void allow(Exchange exchange, Access access, String origin) {
    boolean named = access == Access.NAMED;
    exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN, named ? origin : "*");
    if (named) {
      exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    exchange.header(HttpHeader.ACCESS_CONTROL_EXPOSE_HEADERS, exposedHeaders);
  }

  private static HeddleException refused(String origin) {
    return new HeddleException(
        ErrorCode.FORBIDDEN,
        "origin: " + origin + " (expected: this host, or one of the function's origins)");
  }
}
