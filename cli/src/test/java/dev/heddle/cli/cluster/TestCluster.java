package dev.heddle.cli.cluster;

import dev.heddle.cli.node.CatalogPlace;
import dev.heddle.cli.node.Node;
import dev.heddle.cli.node.NodeConfig;
import dev.heddle.cli.node.Role;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.session.GridConfig;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.gateway.session.SessionConfig;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import io.grpc.Channel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A coordinator with the catalog, leaves, and gateways on demand, each a {@link Node} of its own on
 * free ports.
 */
final class TestCluster implements AutoCloseable {
  private static final HostPort ANY = new HostPort("127.0.0.1", 0);

  private final Path directory;
  private final Closer closer = new Closer();
  private final Map<String, Node> nodes = new HashMap<>();
  private final Node head;
  private final Channels channels;

  TestCluster(Path directory, int leaves) {
    this.directory = directory;
    this.channels = closer.register("channels", new Channels(Credentials.none()));
    this.head = start("head", Set.of(Role.COORDINATOR), UnaryOperator.identity());
    for (int i = 1; i <= leaves; i++) {
      startLeaf("leaf-" + i);
    }
  }

  Node startLeaf(String name) {
    return start(name, Set.of(Role.LEAF), UnaryOperator.identity());
  }

  Node start(String name, Set<Role> roles, UnaryOperator<NodeConfig> change) {
    var defaults = NodeConfig.defaults();
    var catalog =
        name.equals("head")
            ? new CatalogPlace(
                Optional.of(directory.resolve("catalog")),
                Optional.empty(),
                defaults.catalog().limits())
            : new CatalogPlace(
                Optional.empty(), Optional.of(head.internal()), defaults.catalog().limits());
    var config =
        new NodeConfig(
            name,
            directory.resolve(name),
            ANY,
            ANY,
            Duration.ofSeconds(2),
            catalog,
            defaults.security(),
            defaults.gateway(),
            defaults.coordinator(),
            defaults.leaf());
    var node = new Node(change.apply(config), roles, Ticker.system(), Clock.systemUTC());
    node.start();
    nodes.put(name, node);
    closer.register(name, node);
    awaitNode(node, name, true);
    return node;
  }

  /** A gateway of the session grid that the addresses name; all gateways share one key ring. */
  Node startGateway(String name, HostPort grid, List<String> members) {
    return startGateway(name, grid, members, Optional.empty());
  }

  private Node startGateway(
      String name, HostPort grid, List<String> members, Optional<Path> pages) {
    try {
      KeyRing.createIfAbsent(directory.resolve("sessions.yaml"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return start(
        name,
        Set.of(Role.GATEWAY),
        config -> {
          var gateway = config.gateway();
          var session = gateway.session();
          return new NodeConfig(
              config.node(),
              config.directory(),
              config.internal(),
              config.grpc(),
              config.lease(),
              config.catalog(),
              config.security(),
              new GatewayConfig(
                  ANY,
                  pages,
                  new GridConfig(grid, members, Duration.ofSeconds(20)),
                  new SessionConfig(
                      Optional.of(directory.resolve("sessions.yaml")),
                      session.idleTimeout(),
                      session.maxAge(),
                      session.maxAttributes(),
                      session.maxNameLength(),
                      session.maxValue(),
                      session.maxTotal(),
                      session.secureCookie()),
                  gateway.limits(),
                  gateway.webSocket(),
                  gateway.deadlines(),
                  gateway.allowedOrigins(),
                  gateway.allowedHosts()),
              config.coordinator(),
              config.leaf());
        });
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
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Ends a node; the others see it go. */
  void stop(String name) {
    Objects.requireNonNull(nodes.get(name), name).close();
    awaitNode(head, name, false);
  }

  private static void awaitNode(Node witness, String name, boolean there) {
    var seen = new CountDownLatch(1);
    try (var _ =
        witness
            .catalog()
            .onChange(view -> {
              if (view.node(name).isPresent() == there) {
                seen.countDown();
              }
            })) {
      if (!seen.await(20, TimeUnit.SECONDS)) {
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
    return channels.to(head.grpc().orElseThrow().toString());
  }

  Node head() {
    return head;
  }

  @Override
  public void close() {
    closer.close();
  }
}
