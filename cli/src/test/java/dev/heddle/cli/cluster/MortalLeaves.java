package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.within;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.coordinator.Coordinator;
import dev.heddle.coordinator.CoordinatorConfig;
import dev.heddle.leaf.LeafConfig;
import dev.heddle.leaf.LeafWorker;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.ConfigReader;
import dev.heddle.process.Credentials;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import dev.heddle.replication.RaftConfig;
import dev.heddle.replication.RaftNode;
import dev.heddle.v1.DeployRequest;
import dev.heddle.v1.FunctionsGrpc;
import io.grpc.BindableService;
import io.grpc.Channel;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.json.JsonMapper;

/**
 * A coordinator, and leaves that are killed and replaced: each keeps its name and its disk, and
 * comes back at another port, while the catalog believes in the dead one. They reach each other
 * over TCP. Killing belongs to one thread.
 */
final class MortalLeaves implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Nobody ends by itself, and nobody is given time to end. */
  private static final String LEAF = "{\"engine\": {\"close-grace\": \"0ms\"}}";

  private static final HostPort ANY = new HostPort("127.0.0.1", 0);

  private final Path directory;
  private final Closer closer = new Closer();
  private final LocalCatalog catalog;
  private final CatalogClient witness;
  private final Channels channels;
  private final GrpcServer open;
  private final List<Mortal> leaves = new ArrayList<>();

  MortalLeaves(Path directory, int count) {
    this.directory = directory;
    this.catalog = closer.register("catalog", LocalCatalog.start(directory.resolve("catalog")));
    this.witness = catalog.client();
    this.channels = closer.register("channels", new Channels(Credentials.none()));
    try {
      for (int i = 1; i <= count; i++) {
        leaves.add(closer.register("leaf " + i, new Mortal("leaf-" + i)));
      }
      this.open = coordinator();
      leaves.forEach(Mortal::awaitKnown);
    } catch (RuntimeException | Error e) {
      closer.closeAfter(e);
      throw e;
    }
  }

  private GrpcServer coordinator() {
    var telemetry = closer.register("telemetry", new Telemetry());
    var coordinator =
        closer.register(
            "coordinator",
            new Coordinator(
                CoordinatorConfig.defaults(),
                "head",
                directory.resolve("head"),
                witness,
                channels,
                telemetry,
                Ticker.system(),
                Clock.systemUTC()));
    var internal = serve("internal", coordinator.internalServices(), internal());
    var server =
        serve("public", coordinator.publicServices(), ServerOptions.open(Credentials.none()));
    var addresses =
        new NodeRecord(
            "head",
            "run-1",
            Set.of("coordinator"),
            internal.address().toString(),
            server.address().toString(),
            "",
            "");
    catalog.client().register(addresses, PATIENCE);
    within(PATIENCE, "the coordinator is known", () -> witness.view().node("head").isPresent());
    return server;
  }

  private GrpcServer serve(String name, List<BindableService> services, ServerOptions options) {
    var server =
        closer.register(name + " server", new GrpcServer(name, ANY, services, options, false));
    server.start();
    return server;
  }

  private static ServerOptions internal() {
    return ServerOptions.internal(Credentials.none());
  }

  /** Serves what a gateway does for functions, as long as this lives; host:port. */
  String serve(BindableService service) {
    String address = serve("gateway", List.of(service), internal()).address().toString();
    catalog
        .client()
        .register(
            new NodeRecord("gateway", "run-1", Set.of("gateway"), address, "", "", ""), PATIENCE);
    within(PATIENCE, "the gateway is known", () -> knowGateway(witness));
    leaves.forEach(leaf -> within(PATIENCE, leaf.name, () -> knowGateway(leaf.client)));
    return address;
  }

  private static boolean knowGateway(CatalogClient client) {
    return client.view().node("gateway").isPresent();
  }

  /** To the coordinator's public services. */
  Channel channel() {
    return channels.to(open.address().toString());
  }

  /** Deploys a module. */
  void deploy(String manifestYaml, byte[] module) {
    var _ =
        FunctionsGrpc.newBlockingStub(channel())
            .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS)
            .deploy(
                DeployRequest.newBuilder()
                    .setManifestYaml(manifestYaml)
                    .setCode(ByteString.copyFrom(module))
                    .build());
  }

  int count() {
    return leaves.size();
  }

  /**
   * Kills a leaf, and starts it again.
   *
   * @param cut whether its connections go before what it runs does, or after
   */
  void kill(int leaf, boolean cut) {
    leaves.get(leaf).kill(cut);
    leaves.get(leaf).start();
  }

  @Override
  public void close() {
    closer.close();
  }

  /** A leaf over its lives. */
  private final class Mortal implements AutoCloseable {
    private final String name;
    private final RaftNode raft;
    private final CatalogClient client = catalog.client();
    private final Channels own = new Channels(Credentials.none());
    private int life;
    private Telemetry telemetry;
    private LeafWorker worker;
    private GrpcServer server;

    Mortal(String name) {
      this.name = name;
      this.raft = new RaftNode(name, ANY, RaftConfig.defaults());
      raft.start();
      this.telemetry = new Telemetry();
      this.worker = worker();
      this.server = server();
      known();
    }

    private LeafWorker worker() {
      return new LeafWorker(
          ConfigReader.read(JsonMapper.shared().readTree(LEAF), LeafConfig.defaults()),
          name,
          directory.resolve(name),
          client,
          own,
          raft,
          telemetry,
          Ticker.system(),
          Clock.systemUTC());
    }

    private GrpcServer server() {
      var limits = ServerOptions.Limits.defaults();
      var abrupt =
          new ServerOptions.Limits(
              limits.maxInboundMessage(),
              limits.maxInboundMetadata(),
              limits.maxConcurrentCallsPerConnection(),
              limits.keepAliveTime(),
              limits.keepAliveTimeout(),
              limits.permitKeepAliveTime(),
              Duration.ZERO);
      var started =
          new GrpcServer(
              name, ANY, worker.internalServices(), internal().withLimits(abrupt), false);
      started.start();
      return started;
    }

    private void known() {
      life++;
      client.register(
          new NodeRecord(
              name,
              "run-" + life,
              Set.of("leaf"),
              server.address().toString(),
              "",
              "",
              raft.address().toString()),
          PATIENCE);
    }

    void start() {
      telemetry = new Telemetry();
      worker = worker();
      server = server();
      known();
      awaitKnown();
    }

    void awaitKnown() {
      within(
          PATIENCE,
          name + " is known",
          () ->
              witness
                  .view()
                  .node(name)
                  .filter(record -> record.incarnation().equals("run-" + life))
                  .isPresent());
    }

    void kill(boolean cut) {
      if (cut) {
        server.close();
      }
      worker.close();
      server.close();
      telemetry.close();
    }

    @Override
    public void close() {
      kill(true);
      own.close();
      raft.close();
    }
  }
}
