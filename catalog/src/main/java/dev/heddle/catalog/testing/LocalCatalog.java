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
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;

/**
 * A catalog for tests, with one line: {@code try (var catalog = LocalCatalog.start(directory))}.
 * The real server on a free port and real clients in process. Safe for any thread, but for {@link
 * #stopServer} and {@link #restartServer}.
 */
public final class LocalCatalog implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Path directory;
  private final Ticker ticker;
  private final Clock clock;
  private final CatalogConfig config;
  private final Channels channels = new Channels(Credentials.none());
  private final Closer clients = new Closer();
  private CatalogServer server;
  private GrpcServer grpc;

  private LocalCatalog(Path directory, Ticker ticker, Clock clock, CatalogConfig config) {
    this.directory = directory;
    this.ticker = ticker;
    this.clock = clock;
    this.config = config;
    this.server = new CatalogServer(directory, ticker, clock, config);
    this.server.start();
    this.grpc = grpc(new HostPort("127.0.0.1", 0));
  }

  /** With the system's time and the default limits. */
  public static LocalCatalog start(Path directory) {
    return start(directory, Ticker.system(), Clock.systemUTC(), CatalogConfig.defaults());
  }

  public static LocalCatalog start(
      Path directory, Ticker ticker, Clock clock, CatalogConfig config) {
    return new LocalCatalog(directory, ticker, clock, config);
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

  /** The catalog goes away; clients keep their views. */
  public void stopServer() {
    grpc.close();
    server.close();
  }

  /** The catalog comes back at the same address with what was stored. */
  public void restartServer() {
    HostPort address = grpc.address();
    stopServer();
    server = new CatalogServer(directory, ticker, clock, config);
    server.start();
    grpc = grpc(address);
  }

  @Override
  public void close() {
    Closer closer = new Closer();
    closer.register("channels", channels);
    closer.register("server", server);
    closer.register("grpc", grpc);
    closer.register("clients", clients);
    closer.close();
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
