package dev.heddle.gateway;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Coordinators;
import dev.heddle.gateway.backend.BulkGrpcClient;
import dev.heddle.gateway.backend.ClusterGrpcClient;
import dev.heddle.gateway.backend.DatasetsGrpcClient;
import dev.heddle.gateway.backend.DocumentsGrpcClient;
import dev.heddle.gateway.backend.FunctionsGrpcClient;
import dev.heddle.gateway.backend.InvocationsGrpcClient;
import dev.heddle.gateway.backend.QueryGrpcClient;
import dev.heddle.gateway.backend.ServiceClient;
import dev.heddle.gateway.connection.AppRoutes;
import dev.heddle.gateway.connection.ConnectionDoors;
import dev.heddle.gateway.http.CalledFunctions;
import dev.heddle.gateway.http.ClusterRoutes;
import dev.heddle.gateway.http.DatasetRoutes;
import dev.heddle.gateway.http.Edge;
import dev.heddle.gateway.http.FunctionRoutes;
import dev.heddle.gateway.http.HttpEvent;
import dev.heddle.gateway.http.HttpServer;
import dev.heddle.gateway.http.JwtIssuers;
import dev.heddle.gateway.http.OriginPolicy;
import dev.heddle.gateway.http.Route;
import dev.heddle.gateway.http.RunRoutes;
import dev.heddle.gateway.http.StaticPages;
import dev.heddle.gateway.http.SystemRoutes;
import dev.heddle.gateway.session.SessionAttributesGrpcService;
import dev.heddle.gateway.session.SessionPositions;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import io.grpc.BindableService;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Holds sessions and connections open so that functions can be short. One-shot. */
public final class SessionGateway implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SessionGateway.class);

  private final Closer closer = new Closer();
  private final String node;
  private final CatalogClient catalog;
  private final Coordinators coordinators;
  private final SessionStore sessions;
  private final HttpServer server;
  private final ConnectionDoors doors;
  private final Edge edge;

  /**
   * Builds the gateway and joins the session grid.
   *
   * @throws dev.heddle.process.HeddleException INVALID_REQUEST for an address that may not be
   *     bound, or a setting that cannot be kept
   */
  public SessionGateway(
      GatewayConfig config,
      String node,
      CatalogClient catalog,
      Channels channels,
      Telemetry telemetry,
      Credentials credentials,
      Ticker ticker,
      Clock clock) {
    credentials.checkBind(config.http());
    credentials.checkInternalBind(config.hazelcast().address());
    this.node = node;
    this.catalog = catalog;
    var meters = telemetry.registry();
    var pages = new StaticPages(config.pages());
    var origins = new OriginPolicy(config.http(), config.allowedHosts(), config.allowedOrigins());
    this.coordinators = new Coordinators(node, catalog, channels);
    var queries = new QueryGrpcClient(coordinators, config.deadlines());
    var datasets = new DatasetsGrpcClient(coordinators, config.deadlines());
    var documents = new DocumentsGrpcClient(coordinators, config.deadlines());
    var bulk =
        new BulkGrpcClient(
            coordinators,
            config.deadlines(),
            config.limits().bulk(),
            config.limits().document(),
            ticker);
    var cluster = new ClusterGrpcClient(coordinators, config.deadlines());
    var functions = new FunctionsGrpcClient(coordinators, config.deadlines());
    var invocations = new InvocationsGrpcClient(coordinators, config.deadlines());
    var called = new CalledFunctions(catalog);
    // What may be wrong with files is found before the grid is joined.
    var http = new HttpServer(config.http(), config.limits(), config.tls());
    var issuers = JwtIssuers.read(config.jwt(), clock);
    this.sessions =
        closer.register(
            "sessions",
            new SessionStore(
                node,
                config.tls().enabled() ? config.session().secure() : config.session(),
                config.hazelcast(),
                clock,
                meters));
    var positions = new SessionPositions(sessions, catalog, clock, meters);
    this.server = closer.register("http", http);
    var services =
        closer.register("services", new ServiceClient(config.services(), telemetry.tracing()));
    this.doors =
        closer.register(
            "connections",
            new ConnectionDoors(
                node,
                catalog,
                coordinators,
                channels,
                queries,
                invocations,
                services,
                sessions,
                positions,
                origins,
                credentials,
                issuers,
                config.webSocket(),
                config.limits().client(),
                config.resume(),
                config.channels(),
                config.drain(),
                config.limits().stopTimeout(),
                telemetry,
                ticker,
                clock));
    var routes = new ArrayList<Route>();
    routes.addAll(
        new DatasetRoutes(datasets, documents, bulk, queries, positions, config.limits()).routes());
    routes.addAll(new FunctionRoutes(functions, config.limits()).routes());
    var events = new HttpEvent(clock, credentials.requiresApiKey());
    routes.addAll(
        new RunRoutes(
                invocations,
                called,
                events,
                sessions,
                doors.sessionEnding(),
                positions,
                config.limits())
            .routes());
    routes.addAll(doors.routes());
    routes.addAll(new AppRoutes(catalog, services, ticker).routes());
    routes.addAll(new ClusterRoutes(cluster).routes());
    routes.addAll(new SystemRoutes(telemetry, this::missing).routes());
    this.edge =
        closer.register(
            "edge",
            new Edge(
                server, routes, pages, origins, called, credentials, issuers, telemetry, ticker));
    // First of all when closing: streams and polls are requests, which the edge waits for.
    closer.register("goodbyes", doors::sayGoodbye);
  }

  /** What other nodes and running handlers ask of a gateway. */
  public List<BindableService> internalServices() {
    var services = new ArrayList<BindableService>(doors.services());
    services.add(new SessionAttributesGrpcService(sessions));
    return services;
  }

  /** Starts to serve. */
  public void start() {
    try {
      doors.start();
      edge.start();
    } catch (RuntimeException e) {
      closer.closeAfter(e);
      throw e;
    }
    log.info("gateway listens node={} port={}", node, httpPort());
  }

  private List<String> missing() {
    var reasons = new ArrayList<String>();
    if (doors.draining()) {
      reasons.add("gateway: stops");
    }
    String noCatalog = catalog.reason();
    if (!noCatalog.isEmpty()) {
      reasons.add(noCatalog);
    } else if (!coordinators.known()) {
      reasons.add("coordinator: none known");
    } else if (coordinators.ownInternalAddress().isEmpty()) {
      reasons.add("node: " + node + " is not registered yet");
    }
    return reasons;
  }

  /** The port of the HTTP edge. */
  public int httpPort() {
    return server.port();
  }

  /** host:port of this node's member of the session grid. */
  public String gridAddress() {
    return sessions.gridAddress().toString();
  }

  /** Open sockets, streams and polls. */
  public int connections() {
    return doors.connections();
  }

  /** Takes no more clients, says goodbye to those connected, and leaves the grid in order. */
  @Override
  public void close() {
    closer.close();
  }
}
