package dev.heddle.gateway.websocket;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.gateway.backend.InvocationsGrpcClient;
import dev.heddle.gateway.backend.QueryGrpcClient;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.HttpServer;
import dev.heddle.gateway.http.OriginPolicy;
import dev.heddle.gateway.http.Route;
import dev.heddle.gateway.session.SessionPositions;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;

/** {@code /ws/{app}}: lets WebSockets in, and holds them until they leave. */
public final class WebSocketDoor implements AutoCloseable {
  private static final int CONNECTION_ID_BYTES = 12;

  private final Apps apps;
  private final Frames frames;
  private final HandlerEvent events;
  private final Connections connections;
  private final SessionStore sessions;
  private final OriginPolicy origins;
  private final Credentials credentials;
  private final WebSocketLimits limits;
  private final Ticker ticker;
  private final Clock clock;
  private final ServerWebSocketContainer container;
  private final SecureRandom random = new SecureRandom();

  public WebSocketDoor(
      HttpServer server,
      CatalogClient catalog,
      QueryGrpcClient queries,
      InvocationsGrpcClient functions,
      SessionStore sessions,
      SessionPositions positions,
      OriginPolicy origins,
      Credentials credentials,
      WebSocketLimits limits,
      Duration stopTimeout,
      MeterRegistry meters,
      Ticker ticker,
      Clock clock) {
    this.apps = new Apps(catalog);
    this.events = new HandlerEvent(clock);
    this.frames = new Frames(apps, queries, functions, sessions, positions, events, limits, meters);
    this.connections = new Connections(limits, stopTimeout, meters);
    this.sessions = sessions;
    this.origins = origins;
    this.credentials = credentials;
    this.limits = limits;
    this.ticker = ticker;
    this.clock = clock;
    this.container = container(server, limits);
  }

  private static ServerWebSocketContainer container(HttpServer server, WebSocketLimits limits) {
    var container = ServerWebSocketContainer.ensure(server.jetty());
    container.setMaxFrameSize(limits.message().bytes());
    container.setMaxTextMessageSize(limits.message().bytes());
    container.setMaxBinaryMessageSize(limits.message().bytes());
    container.setMaxOutgoingFrames(limits.outgoingFrames());
    // Pings keep a living connection from idling: this one is for writes that hang.
    container.setIdleTimeout(limits.pingInterval().multipliedBy(3));
    container.setInputBufferSize(4 << 10);
    return container;
  }

  /** The route. */
  public List<Route> routes() {
    return List.of(new Route("GET", "/ws/{app}", true, this::upgrade));
  }

  public void start() {
    connections.start();
  }

  /** Open connections, and those about to open. */
  public int connections() {
    return connections.count();
  }

  private void upgrade(Exchange exchange) {
    Request request = exchange.request();
    if (!request.getHeaders().contains(HttpHeader.UPGRADE, "websocket")) {
      exchange.header(HttpHeader.UPGRADE, "websocket");
      exchange.error(426, invalid("upgrade: missing (expected: a WebSocket handshake)"));
      return;
    }
    String tenant = exchange.tenant();
    AppSpec app = apps.get(tenant, exchange.parameter("app"));
    origins.requireKnown(request, app.origins());
    try {
      connections.enter();
    } catch (HeddleException e) {
      exchange.error(503, e);
      return;
    }
    SessionStore.Visit visit = sessions.visit(tenant, exchange.cookie(SessionStore.COOKIE));
    visit.setCookie().ifPresent(cookie -> exchange.header(HttpHeader.SET_COOKIE, cookie));
    Client client = client(exchange, app, visit.session());
    var connection = new Connection(client, frames, connections, limits, ticker);
    boolean entered = false;
    try {
      entered = admitted(exchange, app, client) && upgrade(exchange, connection);
    } finally {
      if (!entered) {
        connection.leave(1006, "never opened");
      }
    }
  }

  /** Asks the app's $connect route, and answers its refusal. */
  private boolean admitted(Exchange exchange, AppSpec app, Client client) {
    if (app.handler(AppSpec.CONNECT).isEmpty()) {
      return true;
    }
    byte[] event = events.connect(client, exchange.request(), !credentials.requiresApiKey());
    int status = frames.connect(exchange.call(), app, client, event);
    if (status >= 200 && status < 300) {
      return true;
    }
    ErrorCode code = status == 401 ? ErrorCode.UNAUTHENTICATED : ErrorCode.FORBIDDEN;
    var error = new HeddleException(code, "connect: refused by the app with status " + status);
    exchange.error(status == 401 ? 401 : EdgeErrors.httpStatus(code), error);
    return false;
  }

  private boolean upgrade(Exchange exchange, Connection connection) {
    Request request = exchange.request();
    // A handshake that does not reach the client never opens the connection.
    Request.addCompletionListener(
        request,
        failure -> {
          if (failure != null) {
            connection.leave(1006, "never opened");
          }
        });
    Callback callback = exchange.handOver();
    boolean handled =
        container.upgrade(
            (upgrade, response, done) -> {
              // No extension: compression would pin an inflater and a deflater to each connection.
              response.setExtensions(List.of());
              return connection;
            },
            request,
            exchange.response(),
            callback);
    if (!handled) {
      callback.failed(invalid("upgrade: malformed (expected: a WebSocket handshake, version 13)"));
    }
    return handled && exchange.response().getStatus() == 101;
  }

  private Client client(Exchange exchange, AppSpec app, String session) {
    byte[] id = new byte[CONNECTION_ID_BYTES];
    random.nextBytes(id);
    return new Client(
        Base64.getUrlEncoder().withoutPadding().encodeToString(id),
        exchange.tenant(),
        app.name(),
        session,
        clock.instant(),
        Optional.ofNullable(exchange.header("Host")).orElse(""),
        Request.getRemoteAddr(exchange.request()),
        Optional.ofNullable(exchange.header("User-Agent")).orElse(""));
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, message);
  }

  @Override
  public void close() {
    connections.close();
  }
}
