package dev.heddle.catalog;

import static dev.heddle.process.testing.Eventually.eventually;
import static dev.heddle.process.testing.Eventually.within;

import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Ports;
import dev.heddle.replication.RaftConfig;
import dev.heddle.replication.RaftNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/**
 * Nodes of one cluster in this JVM, each with its own replication, server, channels and client,
 * over TCP. One thread.
 */
final class Cluster implements AutoCloseable {
  /** A busy machine takes its time for an election and for catching up. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Of leases: how soon who is killed is missed, and how long who is alive may stand still. */
  static final Duration TTL = Duration.ofSeconds(5);

  private final Path directory;
  private final Ticker ticker;
  private final CatalogConfig config;
  private final RaftConfig raft;
  private final Map<String, HostPort> internal = new TreeMap<>();
  private final Map<String, HostPort> replication = new TreeMap<>();
  private final Map<String, Node> running = new TreeMap<>();
  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private int incarnations;

  /** A running node. */
  record Node(
      String name,
      RaftNode raft,
      CatalogServer server,
      GrpcServer grpc,
      Channels channels,
      CatalogClient client) {
    List<String> voters() {
      return server.members().voters();
    }

    /** As a process that is killed: without a word to the others. */
    void kill() {
      Closer closer = new Closer();
      closer.register("client", client);
      closer.register("raft", raft);
      closer.register("server", server);
      closer.register("grpc", grpc);
      // Nobody is told that the lease ends: it runs out.
      closer.register("way out", channels);
      closer.close();
    }
  }

  Cluster(Path directory) {
    this(directory, Ticker.system(), config(quick()), elections());
  }

  Cluster(Path directory, Ticker ticker, CatalogConfig config, RaftConfig raft) {
    this.directory = directory;
    this.ticker = ticker;
    this.config = config;
    this.raft = raft;
  }

  static RaftConfig elections() {
    RaftConfig defaults = RaftConfig.defaults();
    return defaults.withElections(defaults.electionMin(), defaults.electionMax());
  }

  /** Everything soon, and state on disk only when it is asked for by the number of entries. */
  static CatalogConfig.Replication quick() {
    return new CatalogConfig.Replication(
        Duration.ofMillis(50),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(2),
        1_000,
        DataSize.ofMiB(64),
        Duration.ofHours(1),
        5,
        Duration.ofSeconds(1));
  }

  static CatalogConfig config(CatalogConfig.Replication replication) {
    return new CatalogConfig(
        DataSize.ofKiB(480),
        1_000,
        DataSize.ofMiB(16),
        100,
        100,
        100,
        Duration.ofMillis(100),
        Duration.ofMinutes(10),
        Duration.ofMillis(100),
        replication);
  }

  /** host:port of a node's internal services, whether it runs or not. */
  String address(String name) {
    return internal.computeIfAbsent(name, _ -> Ports.free()).toString();
  }

  /** Starts a node that is told to bootstrap. */
  Node found(String name) {
    return start(name, true, List.of(), TTL);
  }

  /** Starts a node that asks another one, or comes back. */
  Node join(String name, String seed) {
    return start(name, false, List.of(seed), TTL);
  }

  /**
   * Starts a node and makes it known.
   *
   * @param seeds names of nodes to ask
   * @param ttl of its lease
   */
  Node start(String name, boolean bootstrap, List<String> seeds, Duration ttl) {
    HostPort at = replication.computeIfAbsent(name, _ -> Ports.free());
    List<String> asked = seeds.stream().map(this::address).toList();
    RaftNode node = new RaftNode(name, at, raft);
    node.start();
    Channels own = new Channels(Credentials.none());
    CatalogServer server =
        new CatalogServer(
            config, name, directory.resolve(name), node, bootstrap, asked, own, ticker);
    try {
      server.start();
    } catch (RuntimeException e) {
      server.close();
      node.close();
      own.close();
      throw e;
    }
    GrpcServer grpc =
        new GrpcServer(
            "internal",
            HostPort.parse(address(name)),
            List.of(server.service()),
            ServerOptions.internal(Credentials.none()),
            false);
    grpc.start();
    List<String> known = new ArrayList<>(List.of(address(name)));
    known.addAll(asked);
    CatalogClient client = CatalogGrpcClient.connect(own, known, Ticker.system());
    client.register(
        new NodeRecord(
            name, "run-" + ++incarnations, Set.of("leaf"), address(name), "", "", at.toString()),
        ttl);
    Node started = new Node(name, node, server, grpc, own, client);
    running.put(name, started);
    return started;
  }

  void kill(String name) {
    Node gone = running.remove(name);
    if (gone == null) {
      throw new IllegalArgumentException("node: " + name + " (expected: a running one)");
    }
    gone.kill();
  }

  Node node(String name) {
    Node node = running.get(name);
    if (node == null) {
      throw new IllegalArgumentException("node: " + name + " (expected: a running one)");
    }
    return node;
  }

  /** A client that is no node, and knows the addresses of these nodes only. */
  CatalogClient client(String... names) {
    List<String> known = List.of(names).stream().map(this::address).toList();
    CatalogClient client =
        closer.register("client", CatalogGrpcClient.connect(channels, known, Ticker.system()));
    within(PATIENCE, "the client has seen the catalog", client::ready);
    return client;
  }

  /** The node that leads; waits until one does. */
  Node leader() {
    within(PATIENCE, "one leads", () -> leading().isPresent());
    return leading().orElseThrow();
  }

  private Optional<Node> leading() {
    return running.values().stream()
        .filter(node -> node.server().members().leader().equals(Optional.of(node.name())))
        .findFirst();
  }

  /** Waits until the leader has so many voters, who all know it. */
  void awaitVoters(int count) {
    within(
        PATIENCE,
        count + " voters",
        () ->
            leading()
                .filter(leader -> leader.voters().size() == count)
                .filter(leader ->
                    leader.voters().stream()
                        .allMatch(name -> running.containsKey(name) && node(name).server().ready()))
                .isPresent());
  }

  /** Waits until a node is in every view. */
  void awaitKnown(String name) {
    within(
        PATIENCE,
        name + " is known",
        () -> running.values().stream().allMatch(n -> n.client().view().node(name).isPresent()));
  }

  /** Starts n0, n1 and n2; returns once they vote. */
  Cluster ofThree() {
    found("n0");
    join("n1", "n0");
    join("n2", "n0");
    awaitVoters(3);
    return this;
  }

  /** Names of the voters that do not lead. */
  List<String> followers() {
    Node leader = leader();
    return leader.voters().stream().filter(name -> !name.equals(leader.name())).toList();
  }

  void awaitRevision(String name, long revision) {
    within(
        PATIENCE,
        name + " has applied revision " + revision,
        () -> node(name).server().revision() >= revision);
  }

  void awaitServing(String name) {
    within(PATIENCE, name + " serves", () -> node(name).server().ready());
  }

  static RawChange put(String name, String text) {
    AppRecord app = Records.app(name, text);
    return new RawChange(app.key(), Optional.of(CatalogJson.write(app)), OptionalLong.empty());
  }

  /** What a server shows. */
  static CatalogView view(CatalogServer server) {
    try (CatalogWatch watch = server.watch(() -> {}, "", 0)) {
      return CatalogView.empty().with(watch.poll().orElseThrow());
    }
  }

  /** Writes an app, whoever leads, and waits until the client sees it. */
  static long write(CatalogClient client, String name, String text) {
    long revision = client.write(List.of(Change.put(Records.app(name, text))));
    eventually("it is seen", () -> client.view().revision() >= revision);
    return revision;
  }

  @Override
  public void close() {
    List<Thread> ending = new ArrayList<>();
    running.values().forEach(node -> ending.add(Thread.ofVirtual().start(node::kill)));
    try {
      for (Thread one : ending) {
        one.join();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    closer.close();
  }
}
