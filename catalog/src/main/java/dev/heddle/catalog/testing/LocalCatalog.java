package dev.heddle.catalog.testing;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogConfig;
import dev.heddle.catalog.CatalogGrpcClient;
import dev.heddle.catalog.CatalogServer;
import dev.heddle.catalog.Change;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.Deadline;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Eventually;
import dev.heddle.replication.RaftConfig;
import dev.heddle.replication.RaftNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A catalog for tests, with one line: {@code try (var catalog = LocalCatalog.start(directory))}.
 * The real server on a free port, with one voter, and real clients in process. Safe for any thread,
 * but for {@link #stopServer} and {@link #restartServer}.
 */
public final class LocalCatalog implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path directory;
  private final String node;
  private final Ticker ticker;
  private final CatalogConfig config;
  private final Channels channels = new Channels(Credentials.none());
  private final Closer clients = new Closer();
  private final RaftNode raft;
  private CatalogServer server;
  private GrpcServer grpc;

  private LocalCatalog(Path directory, String node, Ticker ticker, CatalogConfig config) {
    this.directory = directory;
    this.node = node;
    this.ticker = ticker;
    this.config = config;
    this.raft = new RaftNode(node, new HostPort("127.0.0.1", 0), alone());
    raft.start();
    this.server = serve();
    this.grpc = grpc(new HostPort("127.0.0.1", 0));
  }

  /**
   * Replication of the only voter. Nobody else stands for the first election: there is nothing to
   * wait for. Later ones are far off: a leader that stood still for so long steps down, and a busy
   * machine has its stalls.
   */
  public static RaftConfig alone() {
    RaftConfig standard = RaftConfig.defaults();
    return new RaftConfig(
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        standard.callTimeout(),
        standard.readTimeout(),
        standard.segment(),
        standard.retained(),
        standard.pendingEntries(),
        standard.pendingBytes());
  }

  /** On the node {@code local}, with the system's time and the default limits. */
  public static LocalCatalog start(Path directory) {
    return start(directory, "local");
  }

  /**
   * With the system's time and the default limits.
   *
   * @param node the only voter
   */
  public static LocalCatalog start(Path directory, String node) {
    return new LocalCatalog(directory, node, Ticker.system(), CatalogConfig.defaults());
  }

  /** On the node {@code local}; returns once the catalog takes writes. */
  public static LocalCatalog start(Path directory, Ticker ticker, CatalogConfig config) {
    return new LocalCatalog(directory, "local", ticker, config);
  }

  /** A new client that has seen the catalog; closed with this. */
  public CatalogClient client() {
    CatalogClient client =
        clients.register("client", CatalogGrpcClient.connect(channels, address(), Ticker.system()));
    try {
      client.awaitRevision(0, Deadline.after(PATIENCE, Ticker.system()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
    return client;
  }

  /** Writes in the name of {@code client} and waits until it sees it. */
  public static long write(CatalogClient client, List<Change> changes) {
    long revision = client.write(changes);
    try {
      client.awaitRevision(revision, Deadline.after(PATIENCE, Ticker.system()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
    return revision;
  }

  /** host:port of the catalog; stays the same over restarts. */
  public String address() {
    return grpc.address().toString();
  }

  /** Channels that reach the catalog in process, for use by roles under test. */
  public Channels channels() {
    return channels;
  }

  public CatalogServer server() {
    return server;
  }

  /** Name of the node that has the catalog. */
  public String node() {
    return node;
  }

  /** What replicates the catalog's log, for other groups of the same node; ends with this. */
  public RaftNode raft() {
    return raft;
  }

  /** The catalog goes away; clients keep their views. */
  public void stopServer() {
    grpc.close();
    server.close();
  }

  /** The catalog comes back at the same address with what was stored. */
  public void restartServer() {
    HostPort address = grpc.address();
    stopServer();
    server = serve();
    grpc = grpc(address);
  }

  @Override
  public void close() {
    Closer closer = new Closer();
    closer.register("channels", channels);
    closer.register("raft", raft);
    closer.register("server", server);
    closer.register("grpc", grpc);
    closer.register("clients", clients);
    closer.close();
  }

  private CatalogServer serve() {
    CatalogServer started =
        new CatalogServer(config, node, directory, raft, true, List.of(), channels, ticker);
    try {
      started.start();
      Eventually.eventually("the catalog leads and serves", started::ready);
    } catch (RuntimeException | AssertionError e) {
      started.close();
      throw e;
    }
    return started;
  }

  private GrpcServer grpc(HostPort address) {
    GrpcServer started =
        new GrpcServer(
            "catalog",
            address,
            List.of(server.service()),
            ServerOptions.internal(Credentials.none()),
            false);
    started.start();
    channels.local(started);
    return started;
  }
}
