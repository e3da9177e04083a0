package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.HttpServer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code /ws/{app}}: lets WebSockets in. */
final class WebSocketDoor {
  private static final String WEBSOCKET = "websocket";
  private static final Logger access = LoggerFactory.getLogger("heddle.access");

  private final Entrance entrance;
  private final Resumables resumables;
  private final Frames frames;
  private final Connections connections;
  private final Visitors visitors;
  private final ClientLimits clients;
  private final WebSocketLimits limits;
  private final PlainConnections plain;
  private final Ticker ticker;
  private final Clock clock;
  private final ServerWebSocketContainer container;

  WebSocketDoor(
      HttpServer server,
      Entrance entrance,
      Resumables resumables,
      Frames frames,
      Connections connections,
      Visitors visitors,
      ClientLimits clients,
      PlainConnections plain,
      WebSocketLimits limits,
      Ticker ticker,
      Clock clock) {
    this.entrance = entrance;
    this.resumables = resumables;
    this.frames = frames;
    this.connections = connections;
    this.visitors = visitors;
    this.clients = clients;
    this.limits = limits;
    this.plain = plain;
    this.ticker = ticker;
    this.clock = clock;
    this.container = container(server, limits);
  }

  private static ServerWebSocketContainer container(HttpServer server, WebSocketLimits limits) {
    var container = ServerWebSocketContainer.ensure(server.jetty());
    container.setMaxFrameSize(limits.message().bytes());
    container.setMaxTextMessageSize(limits.message().bytes());
    container.setMaxBinaryMessageSize(limits.message().bytes());
    // One frame is Jetty's at a time; pings and the goodbye come besides.
    container.setMaxOutgoingFrames(limits.outgoingFrames() + 8);
    // Pings keep a living connection from idling: this one is for writes that hang.
    container.setIdleTimeout(limits.pingInterval().multipliedBy(3));
    container.setInputBufferSize(4 << 10);
    return container;
  }

  void upgrade(Exchange exchange) {
    Request request = exchange.request();
    if (!Handshake.check(exchange)) {
      return;
    }
    AppSpec app = entrance.app(exchange);
    // Letter by letter, as Jetty compares when it answers.
    boolean resumable =
        offered(request).contains(Envelopes.PROTOCOL) && !entrance.window(app).isZero();
    if (!resumable && entrance.resumes(exchange)) {
      throw invalid("resume: without subprotocol (expected: " + Envelopes.PROTOCOL + ")");
    }
    Visitors.Visit visit = visitors.enter(exchange, true);
    Connections.Place place;
    try {
      place =
          connections.enter(
              exchange.tenant(), app.name(), WEBSOCKET, app.limits().connections(), visit);
    } catch (HeddleException e) {
      exchange.error(503, e);
      return;
    }
    WebSocketTransport transport = null;
    Welcome welcome = null;
    boolean entered = false;
    try {
      welcome = resumable ? resumable(exchange, app, place) : plain(exchange, app, place);
      if (welcome != null) {
        var setting =
            new WebSocketTransport.Setting(
                new MeteredHolder(welcome.holder(), clients, ticker),
                resumable,
                app.limits().message(limits.message()),
                app.limits().outgoing(limits.outgoing()),
                limits.outgoingFrames(),
                resumable ? SlowConsumer.CLOSE : app.slowConsumer());
        transport =
            new WebSocketTransport(
                setting, connections, place, ticker, ending(exchange, app.name()));
        if (exchange.user().isPresent()) {
          connections.expires(transport, exchange.user().get().expires());
        }
        entered = upgrade(exchange, transport, welcome.protocol());
      }
    } finally {
      if (!entered) {
        if (transport != null) {
          transport.leave(CloseCodes.ABNORMAL, "never opened");
        } else if (welcome != null) {
          welcome.holder().closed(false, CloseCodes.ABNORMAL, "never opened");
        }
        place.close();
      }
    }
  }

  /** The line that the access log has of a socket at its end; that of its upgrade came before. */
  private WebSocketTransport.Ending ending(Exchange exchange, String app) {
    String tenant = exchange.tenant();
    String remote = Request.getRemoteAddr(exchange.request());
    String trace = exchange.traceId();
    long began = ticker.nanoTime();
    return (code, frames) ->
        access.info(
            "socket=closed app={} code={} frames={} millis={} tenant={} remote={} trace={}",
            app,
            code,
            frames,
            (ticker.nanoTime() - began) / 1_000_000,
            tenant,
            remote,
            trace);
  }

  /**
   * Whose a socket is to be.
   *
   * @param protocol that is agreed on; null: none
   */
  private record Welcome(WebSocketTransport.Holder holder, @Nullable String protocol) {}

  private static List<String> offered(Request request) {
    return request.getHeaders().getCSV(HttpHeader.SEC_WEBSOCKET_SUBPROTOCOL, false);
  }

  /** Null: refused, and the client knows. */
  private @Nullable Welcome plain(Exchange exchange, AppSpec app, Connections.Place place) {
    Entrance.Guest guest = entrance.admit(exchange, app, false, place.visit());
    if (guest == null) {
      return null;
    }
    List<String> offered = offered(exchange.request());
    // RFC 6455 4.2.2: only what the client offers.
    String protocol = guest.protocol().filter(offered::contains).orElse(null);
    return new Welcome(new RawConnection(guest, plain, frames, ticker, clock), protocol);
  }

  /** Null: refused, and the client knows. */
  private @Nullable Welcome resumable(Exchange exchange, AppSpec app, Connections.Place place) {
    Entrance.Entered entered = entrance.enter(exchange, app, place.visit());
    if (entered == null) {
      return null;
    }
    Client client = entered.connection().client();
    ResumableSocket.Renewal renewal =
        (socket, token) -> {
          Instant until = entrance.authenticate(client, token);
          connections.renewed(socket, until);
          return until;
        };
    var holder = new ResumableSocket(resumables, entered, renewal, touching(client));
    return new Welcome(holder, Envelopes.PROTOCOL);
  }

  /** Keeps a user's session alive while frames come. One thread runs it at a time. */
  private Runnable touching(Client client) {
    long[] touched = {ticker.nanoTime()};
    return () -> touched[0] = frames.touchIfDue(client, touched[0], ticker.nanoTime());
  }

  private boolean upgrade(
      Exchange exchange, WebSocketTransport transport, @Nullable String protocol) {
    Request request = exchange.request();
    // A handshake that does not reach the client never opens the socket.
    Request.addCompletionListener(
        request,
        failure -> {
          if (failure != null) {
            transport.neverOpened();
          }
        });
    Callback callback = exchange.handOver();
    boolean handled =
        container.upgrade(
            (upgrade, response, done) -> {
              // No extension: compression would pin an inflater and a deflater to each connection.
              response.setExtensions(List.of());
              if (protocol != null) {
                response.setAcceptedSubProtocol(protocol);
              }
              return transport;
            },
            request,
            exchange.response(),
            callback);
    if (!handled) {
      callback.failed(
          new HttpException.RuntimeException(HttpStatus.BAD_REQUEST_400, "upgrade: malformed"));
    }
    return handled && exchange.response().getStatus() == 101;
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, message);
  }
}
