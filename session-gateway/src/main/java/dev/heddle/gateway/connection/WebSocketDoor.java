package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.gateway.websocket.DeflateOffer;
import dev.heddle.gateway.websocket.Deflates;
import dev.heddle.gateway.websocket.FramedSocket;
import dev.heddle.gateway.websocket.SlowConsumer;
import dev.heddle.gateway.websocket.SocketBounds;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
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
  private final Deflates deflates;
  private final Upkeep upkeep = new Upkeep();

  /** What the last socket was bound by: those of one app share it. */
  private volatile @Nullable SocketBounds bounds;

  WebSocketDoor(
      Entrance entrance,
      Resumables resumables,
      Frames frames,
      Connections connections,
      Visitors visitors,
      ClientLimits clients,
      PlainConnections plain,
      WebSocketLimits limits,
      Deflates deflates,
      Ticker ticker,
      Clock clock) {
    this.entrance = entrance;
    this.resumables = resumables;
    this.frames = frames;
    this.connections = connections;
    this.visitors = visitors;
    this.clients = clients;
    this.limits = limits;
    this.deflates = deflates;
    this.plain = plain;
    this.ticker = ticker;
    this.clock = clock;
  }

  void upgrade(Exchange exchange) {
    Request request = exchange.request();
    if (!Handshake.check(exchange)) {
      return;
    }
    AppSpec app = entrance.app(exchange);
    // Letter by letter, as clients compare what they are answered.
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
                new MeteredHolder(welcome.holder(), clients, ticker), resumable);
        transport =
            new WebSocketTransport(
                setting, connections, place, ticker, ending(exchange, app.name()));
        if (exchange.user().isPresent()) {
          connections.expires(transport, exchange.user().get().expires());
        }
        upgrade(exchange, transport, bounds(app, resumable), welcome.protocol());
        entered = true;
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
    var holder = new ResumableSocket(resumables, entered, upkeep, ticker.nanoTime());
    return new Welcome(holder, Envelopes.PROTOCOL);
  }

  /** Of resumable sockets. */
  private final class Upkeep implements ResumableSocket.Upkeep {
    @Override
    public Instant renew(Client client, WebSocketTransport socket, String token) {
      Instant until = entrance.authenticate(client, token);
      connections.renewed(socket, until);
      return until;
    }

    /** Keeps a user's session alive while frames come. */
    @Override
    public long used(Client client, long touchedNanos) {
      return frames.touchIfDue(client, touchedNanos, ticker.nanoTime());
    }
  }

  private SocketBounds bounds(AppSpec app, boolean resumable) {
    var found =
        new SocketBounds(
            app.limits().message(limits.message()),
            app.limits().outgoing(limits.outgoing()),
            limits.outgoingFrames(),
            resumable ? SlowConsumer.CLOSE : app.slowConsumer(),
            app.compression().isPresent() ? deflates : null,
            app.compression().map(DataSize::bytes).orElse(0L));
    SocketBounds known = bounds;
    if (known != null && known.equals(found)) {
      return known;
    }
    bounds = found;
    return found;
  }

  /** Answers 101 (RFC 6455 4.2.2); Jetty hands the end point over when that is written. */
  private static void upgrade(
      Exchange exchange,
      WebSocketTransport transport,
      SocketBounds bounds,
      @Nullable String protocol) {
    Request request = exchange.request();
    // A handshake that does not reach the client never opens the socket.
    Request.addCompletionListener(
        request,
        failure -> {
          if (failure != null) {
            transport.neverOpened();
          }
        });
    Response response = exchange.response();
    response.setStatus(101);
    exchange.header(HttpHeader.UPGRADE, "websocket");
    exchange.header(HttpHeader.CONNECTION, "Upgrade");
    exchange.header(HttpHeader.SEC_WEBSOCKET_ACCEPT, Handshake.accept(request));
    if (protocol != null) {
      exchange.header(HttpHeader.SEC_WEBSOCKET_SUBPROTOCOL, protocol);
    }
    DeflateOffer deflate = bounds.deflates() == null ? null : deflate(request).orElse(null);
    if (deflate != null) {
      exchange.header(HttpHeader.SEC_WEBSOCKET_EXTENSIONS, deflate.answer());
    }
    ConnectionMetaData http = request.getConnectionMetaData();
    request.setAttribute(
        HttpStream.UPGRADE_CONNECTION_ATTRIBUTE,
        new FramedSocket(
            http.getConnection().getEndPoint(), http.getConnector(), bounds, deflate, transport));
    response.write(true, null, exchange.handOver());
  }

  private static Optional<DeflateOffer> deflate(Request request) {
    return DeflateOffer.first(
        request.getHeaders().getValuesList(HttpHeader.SEC_WEBSOCKET_EXTENSIONS));
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, message);
  }
}
