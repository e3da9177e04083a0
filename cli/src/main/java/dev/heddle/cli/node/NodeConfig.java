package dev.heddle.cli.node;

import dev.heddle.coordinator.CoordinatorConfig;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.leaf.LeafConfig;
import dev.heddle.process.ConfigReader;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Security;
import dev.heddle.process.TracingConfig;
import dev.heddle.replication.RaftConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a server process is told. In YAML with kebab-case keys; what is not said keeps its default.
 *
 * @param node its id, which must stay the same over restarts
 * @param directory its data, for this node alone
 * @param internal where its services for other nodes listen; port 0: any free one
 * @param replication of a leaf: where it takes part in the replication of data; must stay the same
 *     over restarts; port 0: any free one at the first start, that one ever after
 * @param grpc where the coordinator's public services listen; port 0: any free one
 * @param lease how long the others believe in this node after its last sign of life
 * @param tracing where its spans go; by default nowhere
 */
public record NodeConfig(
    String node,
    Path directory,
    HostPort internal,
    HostPort replication,
    HostPort grpc,
    Duration lease,
    CatalogPlace catalog,
    RaftConfig raft,
    Security security,
    TracingConfig tracing,
    GatewayConfig gateway,
    CoordinatorConfig coordinator,
    LeafConfig leaf) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");
  private static final Duration SHORTEST_LEASE = Duration.ofMillis(500);

  public NodeConfig {
    if (!node.isEmpty() && !NAME.matcher(node).matches()) {
      throw new IllegalArgumentException(
          "node: " + node + " (expected: 1..64 letters, digits, _ . -)");
    }
    if (lease.compareTo(SHORTEST_LEASE) < 0) {
      throw new IllegalArgumentException(
          "lease: " + DurationFormat.format(lease) + " (expected: >= 500ms)");
    }
  }

  /** What holds where a config file says nothing; node, directory and catalog have to be said. */
  public static NodeConfig defaults() {
    return new NodeConfig(
        "",
        Path.of(""),
        new HostPort("127.0.0.1", 0),
        new HostPort("127.0.0.1", 0),
        new HostPort("127.0.0.1", 8081),
        Duration.ofSeconds(3),
        CatalogPlace.defaults(),
        RaftConfig.defaults(),
        Security.none(),
        TracingConfig.defaults(),
        GatewayConfig.defaults(),
        CoordinatorConfig.defaults(),
        LeafConfig.defaults());
  }

  /**
   * The same where clients have API keys: code of tenants is not code that the operator trusts, so
   * that the java runtime is off unless the config says otherwise.
   */
  private NodeConfig forTenants() {
    return new NodeConfig(
        node,
        directory,
        internal,
        replication,
        grpc,
        lease,
        catalog,
        raft,
        security,
        tracing,
        gateway,
        coordinator.withEngine(coordinator.engine().withJava(false)),
        leaf.withEngine(leaf.engine().withJava(false)));
  }

  /**
   * Reads a config file.
   *
   * @param roles of the node
   * @throws HeddleException INVALID_REQUEST with all problems of the file
   */
  public static NodeConfig read(Path file, Set<Role> roles) {
    NodeConfig config;
    try {
      config = ConfigReader.readYaml(file, defaults());
      if (config.security().apiKeys().isPresent()) {
        config = ConfigReader.readYaml(file, defaults().forTenants());
      }
    } catch (HeddleException e) {
      throw withHint(e);
    }
    List<String> problems = config.problems(roles);
    if (!problems.isEmpty()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "config " + file + ":\n  " + String.join("\n  ", problems));
    }
    return config;
  }

  /** What is missing, or does not fit the roles. */
  List<String> problems(Set<Role> roles) {
    List<String> problems = new ArrayList<>();
    if (node.isEmpty()) {
      problems.add("node: missing (expected: the node's id)");
    }
    if (directory.toString().isEmpty()) {
      problems.add("directory: missing (expected: the node's data directory)");
    }
    boolean leaf = roles.contains(Role.LEAF);
    if (catalog.bootstrap() && !leaf) {
      problems.add(
          "catalog.bootstrap: true (expected: false without the role leaf, which has the catalog)");
    }
    boolean others = catalog.seeds().stream().anyMatch(seed -> !seed.equals(internal));
    if (!others && !catalog.bootstrap()) {
      problems.add(
          "catalog.seeds: missing (expected: internal addresses of leaf nodes"
              + (leaf ? ", or catalog.bootstrap: true on the first leaf of a new cluster)" : ")"));
    }
    return problems;
  }

  /** The keys of a time when one node had the catalog. */
  private static HeddleException withHint(HeddleException failure) {
    String message = String.valueOf(failure.getMessage());
    boolean old =
        message.contains("catalog.address: unknown key")
            || message.contains("catalog.directory: unknown key");
    return old
        ? new HeddleException(
            failure.code(),
            message
                + "\n  catalog.address and catalog.directory are no more: the leaf nodes replicate"
                + " the catalog (expected: catalog.seeds: [host:port, ...] with internal addresses"
                + " of leaf nodes; catalog.bootstrap: true on the first leaf of a new cluster)",
            failure)
        : failure;
  }
}
