package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.within;

import dev.heddle.cli.node.Node;
import dev.heddle.cli.node.NodeConfig;
import dev.heddle.cli.node.Role;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Ports;
import dev.heddle.v1.ClusterGrpc;
import dev.heddle.v1.ClusterStatus;
import dev.heddle.v1.ClusterStatusRequest;
import io.grpc.Channel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.json.JsonMapper;

/**
 * A coordinator, leaves that replicate catalog and data, and gateways on demand, each a {@link
 * Node} of its own. Leaves keep their ports, so that they can be stopped and started again; the
 * first one forms the cluster. Owned by one thread.
 */
final class TestCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final String HEAD = "head";

  /**
   * Elections far beyond the stalls of a busy machine. Nodes that are stopped hand over what they
   * lead, so nobody waits for them.
   */
  private static final String RAFT =
      """
      raft: {election-min: 2s, election-max: 4s, first-election-min: 300ms, first-election-max: 900ms}
      """;

  /** Nodes that are away for this long are taken for lost: nothing waits for them. */
  private static final String LOST_SOON = "3s";

  private final Path directory;
  private final boolean lostSoon;

  /** What the config of every node says besides. */
  private final String all;

  private final Closer closer = new Closer();
  private final Map<String, Node> nodes = new LinkedHashMap<>();

  /** Where each leaf serves the others, and replicates. */
  private final Map<String, Leaf> leaves = new LinkedHashMap<>();

  private final Channels channels;

  private record Leaf(HostPort internal, HostPort replication) {}

  TestCluster(Path directory, int leaves) {
    this(directory, leaves, false);
  }

  /**
   * @param lostSoon whether others take the place of a leaf that is away for some seconds
   */
  TestCluster(Path directory, int leaves, boolean lostSoon) {
    this(directory, leaves, lostSoon, "");
  }

  /**
   * @param all YAML of every node
   */
  TestCluster(Path directory, int leaves, boolean lostSoon, String all) {
    this.directory = directory;
    this.lostSoon = lostSoon;
    this.all = all;
    this.channels = closer.register("channels", new Channels(Credentials.none()));
    for (int i = 1; i <= leaves; i++) {
      address("leaf-" + i);
    }
    try {
      startAll();
    } catch (RuntimeException | Error e) {
      closer.closeAfter(e);
      throw e;
    }
  }

  /** Starts the coordinator and all leaves that were ever there and do not run. */
  void startAll() {
    leaves
        .keySet()
        .forEach(leaf -> {
          if (!nodes.containsKey(leaf)) {
            launch(leaf, Set.of(Role.LEAF), leafYaml(leaf));
          }
        });
    if (!nodes.containsKey(HEAD)) {
      launch(HEAD, Set.of(Role.COORDINATOR), "");
    }
    nodes.forEach((name, node) -> awaitNode(node, name, true));
  }

  /** Ends every node, the coordinator first. */
  void stopAll() {
    nodes.values().stream().toList().reversed().forEach(Node::close);
    nodes.clear();
  }

  /** Starts a leaf: a new one, or a stopped one again on its ports. */
  Node startLeaf(String name) {
    address(name);
    return start(name, Set.of(Role.LEAF), leafYaml(name));
  }

  /** Starts another coordinator than the head. */
  Node startCoordinator(String name, String yaml) {
    return start(name, Set.of(Role.COORDINATOR), yaml);
  }

  private void address(String name) {
    leaves.computeIfAbsent(name, _ -> new Leaf(Ports.free(), Ports.free()));
  }

  private String leafYaml(String name) {
    Leaf leaf = Objects.requireNonNull(leaves.get(name), name);
    var placement =
        "leaf: {shards: {placement: {rebuild-after: " + LOST_SOON + ", every: 500ms}}}\n";
    return "replication: " + leaf.replication() + "\n" + RAFT + (lostSoon ? placement : "");
  }

  private Node start(String name, Set<Role> roles, String yaml) {
    var node = launch(name, roles, yaml);
    awaitNode(node, name, true);
    return node;
  }

  private Node launch(String name, Set<Role> roles, String yaml) {
    var leaf = leaves.get(name);
    var seeds = leaves.values().stream().map(Leaf::internal).map(HostPort::toString).toList();
    var config =
        """
        node: %s
        directory: %s
        internal: %s
        grpc: 127.0.0.1:0
        lease: 20s
        catalog: {bootstrap: %s, seeds: %s%s}
        """
                .formatted(
                    name,
                    json(directory.resolve(name).toString()),
                    leaf == null ? "127.0.0.1:0" : leaf.internal().toString(),
                    leaf != null && leaf.equals(leaves.values().iterator().next()),
                    json(seeds),
                    lostSoon ? ", limits: {replication: {voter-grace: " + LOST_SOON + "}}" : "")
            + all
            + yaml;
    try {
      Files.createDirectories(directory);
      var file = Files.writeString(directory.resolve(name + ".yaml"), config);
      var node = new Node(NodeConfig.read(file, roles), roles, Ticker.system(), Clock.systemUTC());
      closer.register(name, node);
      nodes.put(name, node);
      node.start();
      return node;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String json(Object value) {
    return JsonMapper.shared().writeValueAsString(value);
  }

  /** A gateway of the session grid that the addresses name; all gateways share one key ring. */
  Node startGateway(String name, HostPort grid, List<String> members) {
    return startGateway(name, grid, members, Optional.empty());
  }

  /** As above; {@code pages} are served at its root. */
  Node startGateway(String name, HostPort grid, List<String> members, Optional<Path> pages) {
    var keys = directory.resolve("sessions.yaml");
    try {
      KeyRing.createIfAbsent(keys);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var yaml =
        """
        gateway:
          http: 127.0.0.1:0
          hazelcast: {address: "%s", members: %s, join-timeout: 60s}
          session: {keys: %s}
        """
            .formatted(grid, json(members), json(keys.toString()));
    var page = pages.map(path -> "  pages: " + json(path.toString()) + "\n").orElse("");
    return start(name, Set.of(Role.GATEWAY), yaml + page);
  }

  /** A gateway alone in its grid. */
  Node startGateway(String name) {
    return startAlone(name, Optional.empty());
  }

  /** A gateway alone in its grid that serves {@code pages} at its root. */
  Node startGateway(String name, Path pages) {
    return startAlone(name, Optional.of(pages));
  }

  private Node startAlone(String name, Optional<Path> pages) {
    var grid = new HostPort("127.0.0.1", freePort());
    return startGateway(name, grid, List.of(grid.toString()), pages);
  }

  /** A port that nobody listens at now; Hazelcast has to know its members' ports beforehand. */
  static int freePort() {
    return Ports.free().port();
  }

  /** Ends a node; the others see it go. */
  void stop(String name) {
    Objects.requireNonNull(nodes.remove(name), name).close();
    awaitNode(head(), name, false);
  }

  /** Ends a leaf that does not come back, and forgets it: no other node has it as a seed. */
  void lose(String name) {
    leaves.remove(name);
    stop(name);
  }

  private static void awaitNode(Node witness, String name, boolean there) {
    var seen = new CountDownLatch(1);
    try (var _ =
        witness
            .catalog()
            .onChange(view -> {
              if (view.revision() >= 0 && view.node(name).isPresent() == there) {
                seen.countDown();
              }
            })) {
      if (!seen.await(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new AssertionError(name + " is " + (there ? "not there" : "still there"));
      }
    } catch (AssertionError e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** To the public services. */
  Channel grpc() {
    return channels.to(head().grpc().orElseThrow().toString());
  }

  ClusterStatus status() {
    return ClusterGrpc.newBlockingStub(grpc())
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .status(ClusterStatusRequest.getDefaultInstance());
  }

  /** Returns once so many leaves decide about the catalog: from 3 on, any one may go. */
  void awaitVoters(int count) {
    within(PATIENCE, count + " voters", () -> status().getCatalogVotersList().size() == count);
  }

  Node head() {
    return Objects.requireNonNull(nodes.get(HEAD), HEAD);
  }

  /** The coordinator first: what it closes last, it closes while leaves answer. */
  @Override
  public void close() {
    closer.close();
  }
}
