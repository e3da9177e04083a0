package dev.heddle.cli.node;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogGrpcClient;
import dev.heddle.catalog.CatalogServer;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.Coordinator;
import dev.heddle.gateway.SessionGateway;
import dev.heddle.leaf.LeafWorker;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import dev.heddle.replication.RaftNode;
import io.grpc.BindableService;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server process: its roles, its gRPC servers, its place in the catalog. One shot. {@link #close}
 * may be called from any thread, the rest belongs to one.
 */
public final class Node implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Node.class);
  private static final String REMEDY =
      "start with another data directory, and load the data anew; an older Heddle can read this"
          + " one";

  private final NodeConfig config;
  private final Set<Role> roles;
  private final String incarnation = UUID.randomUUID().toString();
  private final Closer closer = new Closer();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final List<String> catalogAddresses;
  private final Optional<RaftNode> raft;
  private final CatalogClient catalog;
  private final Channels channels;
  private final Optional<SessionGateway> gateway;
  private final GrpcServer internal;
  private final Optional<GrpcServer> open;

  /**
   * Builds everything, and locks the data directory. A leaf begins to replicate: its members of the
   * catalog and of shards are open as soon as they are known; no service listens yet.
   *
   * @throws HeddleException that says what is wrong with config, credentials or data directory
   */
  public Node(NodeConfig config, Set<Role> roles, Ticker ticker, Clock clock) {
    this.config = config;
    this.roles = Set.copyOf(roles);
    List<String> problems = config.problems(roles);
    if (!problems.isEmpty()) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, String.join("; ", problems));
    }
    try {
      Credentials credentials = Credentials.load(config.security());
      Path directory =
          closer.register("data", DataFormat.open(config.directory(), "node", REMEDY)).path();
      Telemetry telemetry =
          closer.register("telemetry", new Telemetry(config.tracing(), config.node()));
      this.channels = closer.register("channels", new Channels(credentials));
      HostPort address = FreePort.ifAny(config.internal());
      this.catalogAddresses = catalogAddresses(address);
      List<BindableService> internals = new ArrayList<>();
      List<BindableService> publics = new ArrayList<>();

      this.raft =
          roles.contains(Role.LEAF)
              ? Optional.of(raft(directory, credentials, clock))
              : Optional.empty();
      Optional<CatalogServer> catalogServer =
          raft.map(node -> catalogServer(node, directory, ticker));
      catalogServer.ifPresent(server -> internals.add(server.service()));
      this.catalog =
          closer.register("catalog", CatalogGrpcClient.connect(channels, catalogAddresses, ticker));
      List<BindableService> ofLeaf =
          raft.map(node -> leaf(node, directory, telemetry, ticker, clock).internalServices())
              .orElse(List.of());
      List<BindableService> ofCoordinator = List.of();
      if (roles.contains(Role.COORDINATOR)) {
        Coordinator coordinator =
            new Coordinator(
                config.coordinator(),
                config.node(),
                directory.resolve("coordinator"),
                catalog,
                channels,
                telemetry,
                ticker,
                clock);
        publics.addAll(closer.register("coordinator", coordinator).publicServices());
        ofCoordinator = coordinator.internalServices();
      }
      internals.addAll(ScatterRoutingGrpcService.join(ofLeaf, ofCoordinator));
      this.gateway =
          roles.contains(Role.GATEWAY)
              ? Optional.of(gateway(telemetry, credentials, ticker, clock))
              : Optional.empty();
      gateway.ifPresent(role -> internals.addAll(role.internalServices()));

      ServerOptions between = ServerOptions.internal(credentials).withTracing(telemetry.tracing());
      this.internal =
          closer.register(
              "internal server", new GrpcServer("internal", address, internals, between, false));
      // Once more: the others look elsewhere, and another leads, before this node stops to answer.
      catalogServer.ifPresent(server -> closer.register("catalog member", server));
      closer.register("registration", catalog);
      this.open =
          publics.isEmpty()
              ? Optional.empty()
              : Optional.of(publicServer(publics, credentials, telemetry));
      // Once more: what comes in at the edge has to find the rest of the house until it is gone.
      gateway.ifPresent(role -> closer.register("edge", role));
    } catch (RuntimeException e) {
      closer.closeAfter(e);
      throw e;
    }
  }

  /** The seeds, and this node where it has the catalog itself. */
  private List<String> catalogAddresses(HostPort own) {
    Set<String> addresses = new LinkedHashSet<>();
    if (roles.contains(Role.LEAF)) {
      addresses.add(own.toString());
    }
    config.catalog().seeds().forEach(seed -> addresses.add(seed.toString()));
    return List.copyOf(addresses);
  }

  private RaftNode raft(Path directory, Credentials credentials, Clock clock) {
    credentials.checkInternalBind(config.replication());
    HostPort address = RememberedAddress.of(config.replication(), directory);
    RaftNode node =
        closer.register(
            "replication",
            new RaftNode(
                config.node(), address, config.raft(), credentials.clusterSecrets(), clock));
    node.start();
    return node;
  }

  private CatalogServer catalogServer(RaftNode node, Path directory, Ticker ticker) {
    CatalogServer server =
        closer.register(
            "catalog server",
            new CatalogServer(
                config.catalog().limits(),
                config.node(),
                directory.resolve("catalog"),
                node,
                config.catalog().bootstrap(),
                config.catalog().seeds().stream().map(HostPort::toString).toList(),
                channels,
                ticker));
    server.start();
    return server;
  }

  private LeafWorker leaf(
      RaftNode node, Path directory, Telemetry telemetry, Ticker ticker, Clock clock) {
    return closer.register(
        "leaf",
        new LeafWorker(
            config.leaf(),
            config.node(),
            directory.resolve("leaf"),
            catalog,
            channels,
            node,
            telemetry,
            ticker,
            clock));
  }

  private SessionGateway gateway(
      Telemetry telemetry, Credentials credentials, Ticker ticker, Clock clock) {
    return closer.register(
        "gateway",
        new SessionGateway(
            config.gateway(),
            config.node(),
            catalog,
            channels,
            telemetry,
            credentials,
            ticker,
            clock));
  }

  private GrpcServer publicServer(
      List<BindableService> services, Credentials credentials, Telemetry telemetry) {
    ServerOptions options = ServerOptions.open(credentials).withTracing(telemetry.tracing());
    return closer.register(
        "public server", new GrpcServer("public", config.grpc(), services, options, true));
  }

  /**
   * Listens, and makes the node known. Returns without waiting for the catalog, which may be away
   * or not there yet: the health service and {@code /readyz} tell when it was found.
   *
   * @throws HeddleException if an address cannot be had; everything is closed
   */
  public void start() {
    try {
      internal.start();
      channels.local(internal);
      open.ifPresent(GrpcServer::start);
      open.ifPresent(channels::local);
      gateway.ifPresent(SessionGateway::start);
      open.ifPresent(server ->
          closer.register(
              "health", catalog.onChange(view -> server.healthy(view.revision() >= 0))));
      catalog.register(record(), config.lease());
      log.info(
          "node serves node={} roles={} internal={} replication={}",
          config.node(),
          names(),
          internal(),
          replication().map(HostPort::toString).orElse("none"));
    } catch (RuntimeException e) {
      closer.closeAfter(e);
      closed.countDown();
      throw e;
    }
  }

  /** Waits until the node has seen itself in the catalog, as the others do then. */
  public void awaitKnown() throws InterruptedException {
    while (!awaitKnown(Duration.ofHours(1))) {
      tellUnready();
    }
  }

  /** Waits a while; false if the node does not see itself in the catalog by then. */
  public boolean awaitKnown(Duration time) throws InterruptedException {
    CountDownLatch known = new CountDownLatch(1);
    try (var _ =
        catalog.onChange(view -> {
          if (view.node(config.node()).filter(this::isThis).isPresent()) {
            known.countDown();
          }
        })) {
      return known.await(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("a listener cannot be removed", e);
    }
  }

  /** Logs what the node waits for. */
  void tellUnready() {
    log.warn(
        "node is not ready yet node={} reason=\"{}\"",
        config.node(),
        catalog.ready()
            ? "not yet registered in the catalog, which may be without a majority of its voters"
            : "no catalog answers at " + String.join(", ", catalogAddresses));
  }

  private boolean isThis(NodeRecord found) {
    return found.incarnation().equals(incarnation);
  }

  private NodeRecord record() {
    return new NodeRecord(
        config.node(),
        incarnation,
        names(),
        internal().toString(),
        grpc().map(HostPort::toString).orElse(""),
        http().map(HostPort::toString).orElse(""),
        replication().map(HostPort::toString).orElse(""));
  }

  private Set<String> names() {
    Set<String> names = new TreeSet<>();
    roles.forEach(role -> names.add(role.toString()));
    return names;
  }

  /** Where the internal services listen. */
  public HostPort internal() {
    return internal.address();
  }

  /** Where it takes part in the replication of data; empty without a leaf. */
  public Optional<HostPort> replication() {
    return raft.map(RaftNode::address);
  }

  /** Where the public gRPC services listen; empty without a coordinator. */
  public Optional<HostPort> grpc() {
    return open.map(GrpcServer::address);
  }

  /** Where HTTP is; empty without a gateway. */
  public Optional<HostPort> http() {
    return gateway.map(role -> config.gateway().http().withPort(role.httpPort()));
  }

  public CatalogClient catalog() {
    return catalog;
  }

  /** Returns once the node is closed. */
  public void awaitClosed() throws InterruptedException {
    closed.await();
  }

  /** Ends everything in reverse order; calls in flight get their time. */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    try {
      log.info("node closes node={}", config.node());
      closer.close();
    } finally {
      closed.countDown();
    }
  }
}
