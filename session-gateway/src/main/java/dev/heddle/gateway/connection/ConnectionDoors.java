package dev.heddle.gateway.connection;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Coordinators;
import dev.heddle.gateway.backend.InvocationsGrpcClient;
import dev.heddle.gateway.backend.PeersGrpcClient;
import dev.heddle.gateway.backend.QueryGrpcClient;
import dev.heddle.gateway.backend.ServiceClient;
import dev.heddle.gateway.channel.ChannelHub;
import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.http.JwtIssuers;
import dev.heddle.gateway.http.OriginPolicy;
import dev.heddle.gateway.http.Route;
import dev.heddle.gateway.session.SessionEnding;
import dev.heddle.gateway.session.SessionPositions;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.gateway.websocket.Deflates;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import io.grpc.BindableService;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code /ws/{app}}, {@code /sse/{app}} and {@code /poll/{app}}, what they hold, and {@code
 * /@connections/{id}}. One-shot.
 */
public final class ConnectionDoors implements AutoCloseable {
  private final Closer closer = new Closer();
  private final Connections connections;
  private final Resumables resumables;
  private final WebSocketDoor webSockets;
  private final HttpDoors http;
  private final Preflights preflights;
  private final Pushes pushes;
  private final Everywhere everywhere;
  private final ChannelHub hub;
  private final ClientChannels clientChannels;
  private final SessionStore sessions;
  private final SessionEnds ends;

  public ConnectionDoors(
      String node,
      CatalogClient catalog,
      Coordinators coordinators,
      Channels channels,
      QueryGrpcClient queries,
      InvocationsGrpcClient functions,
      ServiceClient services,
      SessionStore sessions,
      SessionPositions positions,
      OriginPolicy origins,
      Credentials credentials,
      JwtIssuers issuers,
      WebSocketLimits limits,
      ClientLimits clients,
      ResumeConfig resume,
      ChannelLimits channelLimits,
      DrainConfig drain,
      Duration stopTimeout,
      Telemetry telemetry,
      Ticker ticker,
      Clock clock) {
    var meters = telemetry.registry();
    var apps = new Apps(catalog);
    var events = new HandlerEvent(clock);
    var handlers = new Handlers(functions, services);
    this.hub =
        closer.register(
            "channels",
            new ChannelHub(sessions.channels(), sessions.presence(), channelLimits, meters, clock));
    this.clientChannels = new ClientChannels(hub, apps);
    var frames =
        new Frames(
            apps,
            queries,
            handlers,
            sessions,
            positions,
            events,
            clientChannels,
            limits,
            telemetry);
    var tokens = new Tokens(sessions, node);
    var arrivals = new Arrivals(resume.history().bytes(), channelLimits.subscriptions());
    var users = new Users();
    var plain = new PlainConnections(users);
    this.resumables =
        new Resumables(
            sessions.connections(),
            frames,
            new PeersGrpcClient(channels),
            resume,
            limits.connections(),
            users,
            coordinators::ownInternalAddress,
            ticker,
            clock);
    var entrance =
        new Entrance(
            apps,
            frames,
            events,
            resumables,
            tokens,
            arrivals,
            sessions,
            origins,
            credentials,
            issuers,
            resume,
            clock);
    this.preflights = new Preflights(apps, origins);
    closer.register("windows", resumables.windows());
    // Before those: what they detach is watched.
    var lingers = closer.register("polls", resumables.lingers());
    meters.gauge("heddle.gateway.polls.lingering", lingers, Lingers::count);
    int processors = Runtime.getRuntime().availableProcessors();
    var deflates = closer.register("compression", new Deflates(processors));
    this.connections =
        closer.register("connections", new Connections(limits, drain, stopTimeout, meters, clock));
    var visitors = new Visitors(clients, ticker);
    meters.gauge("heddle.gateway.visitors", visitors, Visitors::known);
    this.webSockets =
        new WebSocketDoor(
            entrance,
            resumables,
            frames,
            connections,
            visitors,
            clients,
            plain,
            limits,
            deflates,
            ticker,
            clock);
    this.http = new HttpDoors(entrance, resumables, connections, visitors, limits, resume, ticker);
    var homes = new Homes(catalog, node, resumables::nodes);
    var pushPeers = new PushGrpcClient(channels);
    this.pushes = new Pushes(tokens, homes, arrivals, plain, resumables, pushPeers, meters);
    this.everywhere = new Everywhere(homes, plain, resumables, pushes, pushPeers);
    this.sessions = sessions;
    this.ends =
        closer.register(
            "session ends",
            new SessionEnds(
                sessions,
                resume.window(),
                users,
                resumables,
                plain,
                everywhere,
                new SessionsGrpcClient(channels)));
  }

  /** The routes. */
  public List<Route> routes() {
    var routes = new ArrayList<>(new PushRoutes(pushes).routes());
    routes.addAll(new ChannelRoutes(clientChannels, pushes).routes());
    routes.addAll(new SessionRoutes(ends).routes());
    routes.addAll(new ClientLibrary().routes());
    routes.addAll(doors());
    return routes;
  }

  private List<Route> doors() {
    return List.of(
        new Route("GET", "/ws/{app}", true, webSockets::upgrade),
        new Route("GET", "/sse/{app}", true, http::events),
        new Route("POST", "/sse/{app}", true, http::frame),
        new Route("DELETE", "/sse/{app}", true, http::end),
        new Route("OPTIONS", "/sse/{app}", false, preflights::answer),
        new Route("GET", "/poll/{app}", true, http::poll),
        new Route("POST", "/poll/{app}", true, http::frame),
        new Route("DELETE", "/poll/{app}", true, http::end),
        new Route("OPTIONS", "/poll/{app}", false, preflights::answer));
  }

  /** What other gateways tell this one, and others ask of it. */
  public List<BindableService> services() {
    return List.of(
        new ConnectionsGrpcService(resumables, pushes, everywhere, clientChannels),
        new SessionAdministrationGrpcService(sessions, ends));
  }

  /** Ends sessions, and the connections that are theirs. */
  public SessionEnding sessionEnding() {
    return ends;
  }

  public void start() {
    connections.start();
    hub.start();
    resumables.windows().start();
    resumables.lingers().start();
    ends.start();
  }

  /** Open sockets, streams and polls, and those about to open. */
  public int connections() {
    return connections.count();
  }

  /** Whether clients are sent to other gateways. */
  public boolean draining() {
    return connections.stopping();
  }

  /**
   * Lets nobody in any more and says goodbye to all, one after another: streams and polls are
   * requests that run.
   */
  public void sayGoodbye() {
    connections.sayGoodbye();
  }

  @Override
  public void close() {
    closer.close();
  }
}
