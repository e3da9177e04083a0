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
import dev.heddle.process.DataDirectory;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import io.grpc.BindableService;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server process: its roles, its two gRPC servers, its place in the catalog. One shot. {@link
 * #close} may be called from any thread, the rest belongs to one.
 */
public final class Node implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Node.class);
  private static final int FORMAT = 1;

  private final NodeConfig config;
  private final Set<Role> roles;
  private final String incarnation = UUID.randomUUID().toString();
  private final Closer closer = new Closer();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Optional<CatalogServer> catalogServer;
  private final CatalogClient catalog;
  private final Channels channels;
  private final Optional<SessionGateway> gateway;
  private final GrpcServer internal;
  private final Optional<GrpcServer> open;

  /**
   * Builds everything, and locks the data directory; nothing listens yet.
   *
   * @throws dev.heddle.process.HeddleException that says what is wrong with config, credentials or
   *     data directory
   */
  public Node(NodeConfig config, Set<Role> roles, Ticker ticker, Clock clock) {
    this.config = config;
    this.roles = Set.copyOf(roles);
    try {
      Credentials credentials = Credentials.load(config.security());
      Path directory =
          closer.register("data", DataDirectory.open(config.directory(), FORMAT, "node")).path();
      Telemetry telemetry = closer.register("telemetry", new Telemetry());
      this.channels = closer.register("channels", new Channels(credentials));
      HostPort address = FreePort.ifAny(config.internal());
      List<BindableService> internals = new ArrayList<>();
      List<BindableService> publics = new ArrayList<>();

      this.catalogServer =
          config
              .catalog()
              .directory()
              .map(at -> new CatalogServer(at, ticker, clock, config.catalog().limits()))
              .map(server -> closer.register("catalog server", server));
      catalogServer.ifPresent(CatalogServer::start);
      catalogServer.ifPresent(server -> internals.add(server.service()));
      String catalogAddress = config.catalog().address().orElse(address).toString();
      this.catalog =
          closer.register("catalog", CatalogGrpcClient.connect(channels, catalogAddress, ticker));

      if (roles.contains(Role.LEAF)) {
        LeafWorker leaf =
            new LeafWorker(
                config.leaf(),
                config.node(),
                directory.resolve("leaf"),
                catalog,
                channels,
                telemetry,
                ticker);
        internals.addAll(closer.register("leaf", leaf).internalServices());
      }
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
      }
      this.gateway =
          roles.contains(Role.GATEWAY)
              ? Optional.of(
                  closer.register(
                      "gateway",
                      new SessionGateway(
                          config.gateway(),
                          config.node(),
                          catalog,
                          channels,
                          telemetry,
                          credentials,
                          ticker,
                          clock)))
              : Optional.empty();
      gateway.ifPresent(role -> internals.addAll(role.internalServices()));

      this.internal =
          closer.register(
              "internal server",
              new GrpcServer(
                  "internal", address, internals, ServerOptions.internal(credentials), false));
      this.open =
          publics.isEmpty()
              ? Optional.empty()
              : Optional.of(
                  closer.register(
                      "public server",
                      new GrpcServer(
                          "public",
                          config.grpc(),
                          publics,
                          ServerOptions.open(credentials),
                          true)));
      // Once more: what comes in at the edge has to find the rest of the house until it is gone.
      gateway.ifPresent(role -> closer.register("edge", role));
    } catch (RuntimeException e) {
      closer.closeAfter(e);
      throw e;
    }
  }

  /**
   * Listens, and makes the node known.
   *
   * @throws dev.heddle.process.HeddleException if an address cannot be had; everything is closed
   */
  public void start() {
    try {
      internal.start();
      channels.local(internal);
      open.ifPresent(GrpcServer::start);
      open.ifPresent(channels::local);
      gateway.ifPresent(SessionGateway::start);
      open.ifPresent(server -> server.healthy(true));
      catalog.register(record(), config.lease());
      log.info("node serves node={} roles={} internal={}", config.node(), names(), internal());
    } catch (RuntimeException e) {
      closer.closeAfter(e);
      closed.countDown();
      throw e;
    }
  }

  /** Waits until the node has seen itself in the catalog, as the others do then. */
  public void awaitKnown() throws InterruptedException {
    CountDownLatch known = new CountDownLatch(1);
    try (var _ =
        catalog.onChange(view -> {
          if (view.node(config.node()).filter(this::isThis).isPresent()) {
            known.countDown();
          }
        })) {
      known.await();
    } catch (InterruptedException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("a listener cannot be removed", e);
    }
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
        http().map(HostPort::toString).orElse(""));
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
