package dev.heddle.gateway.http;

import dev.heddle.catalog.EventShape;
import dev.heddle.gateway.backend.InvocationsGrpcClient;
import dev.heddle.gateway.backend.InvocationsGrpcClient.Event;
import dev.heddle.gateway.backend.InvocationsGrpcClient.Near;
import dev.heddle.gateway.backend.InvocationsGrpcClient.Receipt;
import dev.heddle.gateway.backend.InvocationsGrpcClient.Result;
import dev.heddle.gateway.session.SessionEnding;
import dev.heddle.gateway.session.SessionPositions;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.json.Json;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/** {@code /run/{function}}, and its other name {@code /runLambda}: invocations of handlers. */
public final class RunRoutes {
  /** Every template of these routes begins so. */
  static final Set<String> PREFIXES = Set.of("/run/", "/runLambda/");

  private static final byte[] NULL = "null".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] NONE = {};
  private static final String PATH = "path";
  private static final String NEAR = "Heddle-Near";

  private static final String CONTENT_POLICY = "Content-Security-Policy";
  private static final String SANDBOXED = "sandbox allow-scripts allow-forms";

  private final InvocationsGrpcClient invocations;
  private final CalledFunctions called;
  private final HttpEvent events;
  private final SessionStore sessions;
  private final SessionEnding endings;
  private final SessionPositions positions;
  private final HttpLimits limits;

  public RunRoutes(
      InvocationsGrpcClient invocations,
      CalledFunctions called,
      HttpEvent events,
      SessionStore sessions,
      SessionEnding endings,
      SessionPositions positions,
      HttpLimits limits) {
    this.invocations = invocations;
    this.called = called;
    this.events = events;
    this.sessions = sessions;
    this.endings = endings;
    this.positions = positions;
    this.limits = limits;
  }

  /** The routes. */
  public List<Route> routes() {
    return List.of(
        new Route(Route.ANY, "/run/{function}", true, exchange -> run(exchange, "")),
        new Route(Route.ANY, "/run/{function}/{path...}", true, this::runPath),
        new Route(Route.ANY, "/runLambda/{function}", true, exchange -> run(exchange, "")),
        new Route(Route.ANY, "/runLambda/{function}/{path...}", true, this::runPath));
  }

  private void runPath(Exchange exchange) throws IOException {
    run(exchange, exchange.parameter(PATH));
  }

  private void run(Exchange exchange, String path) throws IOException {
    String function = exchange.parameter("function");
    byte[] body = exchange.body(limits.query());
    var caller = caller(exchange);
    exchange.header(HttpHeader.CACHE_CONTROL, "no-store");
    // A page of a function's is nobody's: it may not act as the gateway's own origin.
    exchange.header(CONTENT_POLICY, SANDBOXED);
    exchange.header("X-Content-Type-Options", "nosniff");
    Result result;
    try {
      result = invoke(exchange, caller, path, body);
      receipt(exchange, result.receipt());
      exchange.header("Heddle-Node", result.node());
      if (!result.placement().isEmpty()) {
        exchange.header("Heddle-Placement", result.placement());
      }
      exchange.header("Heddle-Took-Micros", Long.toString(result.tookMicros()));
    } catch (HeddleException e) {
      exchange.header("Heddle-Started", InvocationsGrpcClient.started(e).text());
      InvocationsGrpcClient.receipt(e).ifPresent(receipt -> receipt(exchange, receipt));
      throw e;
    }
    if (result.http()) {
      var reply = HttpReply.parse(result.json(), function + "@" + result.receipt().version());
      Runnable afterwards = session(exchange, caller, reply.session());
      try {
        reply(exchange, reply);
      } finally {
        afterwards.run();
      }
    } else {
      exchange.json(200, result.json().length == 0 ? NULL : result.json());
    }
  }

  /**
   * In whose name a function runs.
   *
   * @param session empty: of nobody, since any site's pages may have sent the request
   * @param fresh whether nobody but this request can know the session's id
   * @param locality keeps a session's calls together, from its second one on
   */
  private record Caller(Optional<String> session, boolean fresh, String locality) {}

  private Caller caller(Exchange exchange) {
    if (exchange.anonymous()) {
      exchange.positions(
          positions.of(exchange.tenant(), "", exchange.header(Exchange.POSITION), null));
      return new Caller(Optional.empty(), false, "");
    }
    SessionStore.Visit visit =
        sessions.visit(exchange.tenant(), exchange.cookie(SessionStore.COOKIE));
    exchange.positions(
        positions.ofVisit(exchange.tenant(), exchange.header(Exchange.POSITION), visit));
    visit.setCookie().ifPresent(value -> exchange.header(HttpHeader.SET_COOKIE, value));
    return new Caller(
        Optional.of(visit.session()),
        visit.setCookie().isPresent(),
        visit.known() ? visit.session() : "");
  }

  private Result invoke(Exchange exchange, Caller caller, String path, byte[] body) {
    String function = exchange.parameter("function");
    var shapes = called.shapes(exchange.tenant(), function);
    boolean http = shapes.contains(EventShape.HTTP);
    // A function of HTTP events alone takes any body.
    boolean json = !http || shapes.contains(EventShape.JSON);
    byte[] httpEvent = http ? events.of(exchange, function, path, body) : NONE;
    var event = new Event(json ? jsonEvent(body) : NULL, httpEvent, true);
    var near = near(exchange.header(NEAR), caller.locality());
    try {
      return invocations.invoke(exchange.call(), function, event, caller.session(), near);
    } catch (HeddleException e) {
      boolean ran = InvocationsGrpcClient.receipt(e).isPresent();
      if (e.code() != ErrorCode.CONFLICT || http || ran) {
        throw e;
      }
      // A deploy has just changed the shape, and this node has not heard of it yet.
      var both = new Event(event.json(), events.of(exchange, function, path, body), true);
      return invocations.invoke(exchange.call(), function, both, caller.session(), near);
    }
  }

  /** {@code DATASET/ID}, the id percent-encoded. */
  private static Near near(@Nullable String header, String locality) {
    if (header == null) {
      return Near.calls(locality);
    }
    int slash = header.indexOf('/');
    if (slash < 1 || slash == header.length() - 1) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, NEAR + ": " + header + " (expected: DATASET/ID)");
    }
    return new Near(
        locality, header.substring(0, slash), Router.decode(NEAR, header.substring(slash + 1)));
  }

  private static byte[] jsonEvent(byte[] body) {
    if (Json.blank(body)) {
      return NULL;
    }
    // The event's errors are the caller's: found here, they name line and column.
    Json.check(body);
    return body;
  }

  /**
   * What the function wants to become of the caller's session.
   *
   * @return what is left to do when the caller has been answered
   */
  private Runnable session(Exchange exchange, Caller caller, HttpReply.Session what) {
    if (what == HttpReply.Session.STAYS) {
      return () -> {};
    }
    String tenant = exchange.tenant();
    String session =
        caller
            .session()
            .orElseThrow(() ->
                new HeddleException(
                    ErrorCode.FUNCTION_RESULT_INVALID,
                    "heddle.session: of a caller without session (expected: none, as any site's"
                        + " pages may call)"));
    if (what == HttpReply.Session.ENDS) {
      var _ = endings.end(tenant, session);
      exchange.header(HttpHeader.SET_COOKIE, SessionStore.NO_COOKIE);
      return () -> {};
    }
    if (caller.fresh()) {
      // Its id is as new as another one would be.
      return () -> {};
    }
    SessionEnding.Renewed renewed = endings.renew(tenant, session);
    renewed.visit().setCookie().ifPresent(value -> exchange.header(HttpHeader.SET_COOKIE, value));
    return renewed.endConnections();
  }

  private static void receipt(Exchange exchange, Receipt receipt) {
    exchange.header("Heddle-Function-Version", receipt.version());
    exchange.header("Heddle-Invocation", receipt.invocation());
    exchange.header("Heddle-Bill", receipt.bill());
  }

  private static void reply(Exchange exchange, HttpReply reply) {
    reply.headers().forEach(exchange::header);
    for (String cookie : reply.cookies()) {
      exchange.addHeader(HttpHeader.SET_COOKIE, cookie);
    }
    boolean bodiless = reply.statusCode() == 204 || reply.statusCode() == 304;
    if (bodiless) {
      exchange.empty(reply.statusCode());
    } else {
      exchange.send(reply.statusCode(), reply.contentType(), reply.body());
    }
  }
}
