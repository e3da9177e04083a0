package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.HttpServer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Clock;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;

/** {@code /ws/{app}}: lets WebSockets in. */
final class WebSocketDoor {
  private final Entrance entrance;
  private final Resumables resumables;
  private final Frames frames;
  private final Connections connections;
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
      PlainConnections plain,
      WebSocketLimits limits,
      Ticker ticker,
      Clock clock) {
    this.entrance = entrance;
    this.resumables = resumables;
    this.frames = frames;
    this.connections = connections;
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
    if (!request.getHeaders().contains(HttpHeader.UPGRADE, "websocket")) {
      exchange.header(HttpHeader.UPGRADE, "websocket");
      exchange.error(426, invalid("upgrade: missing (expected: a WebSocket handshake)"));
      return;
    }
    AppSpec app = entrance.app(exchange);
    boolean resumable =
        request.getHeaders().contains(HttpHeader.SEC_WEBSOCKET_SUBPROTOCOL, Envelopes.PROTOCOL)
            && !entrance.window(app).isZero();
    if (!resumable && entrance.resumes(exchange)) {
      throw invalid("resume: without subprotocol (expected: " + Envelopes.PROTOCOL + ")");
    }
    Connections.Place place;
    try {
      place = connections.enter(exchange.tenant(), app.name(), app.limits().connections());
    } catch (HeddleException e) {
      exchange.error(503, e);
      return;
    }
    WebSocketTransport transport = null;
    WebSocketTransport.Holder holder = null;
    boolean entered = false;
    try {
      holder = holder(exchange, app, resumable);
      if (holder != null) {
        var setting =
            new WebSocketTransport.Setting(
                holder,
                resumable,
                app.limits().message(limits.message()),
                app.limits().outgoing(limits.outgoing()),
                limits.outgoingFrames(),
                resumable ? SlowConsumer.CLOSE : app.slowConsumer());
        transport = new WebSocketTransport(setting, connections, place, ticker);
        entered = upgrade(exchange, transport, resumable);
      }
    } finally {
      if (!entered) {
        if (transport != null) {
          transport.leave(CloseCodes.ABNORMAL, "never opened");
        } else if (holder != null) {
          holder.closed(false, CloseCodes.ABNORMAL, "never opened");
        }
        place.close();
      }
    }
  }

  private WebSocketTransport.@Nullable Holder holder(
      Exchange exchange, AppSpec app, boolean resumable) {
    if (!resumable) {
      Entrance.Guest guest = entrance.admit(exchange, app, false);
      return guest == null ? null : new RawConnection(guest, plain, frames, ticker, clock);
    }
    Entrance.Entered entered = entrance.enter(exchange, app);
    return entered == null
        ? null
        : new ResumableSocket(resumables, entered, touching(entered.connection().client()));
  }

  /** Keeps a user's session alive while frames come. One thread runs it at a time. */
  private Runnable touching(Client client) {
    long[] touched = {ticker.nanoTime()};
    return () -> touched[0] = frames.touchIfDue(client, touched[0], ticker.nanoTime());
  }

  private boolean upgrade(Exchange exchange, WebSocketTransport transport, boolean resumable) {
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
              if (resumable) {
                response.setAcceptedSubProtocol(Envelopes.PROTOCOL);
              }
              return transport;
            },
            request,
            exchange.response(),
            callback);
    if (!handled) {
      callback.failed(invalid("upgrade: malformed (expected: a WebSocket handshake, version 13)"));
    }
    return handled && exchange.response().getStatus() == 101;
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, message);
  }
}
