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
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;

/**
 * What a server process is told. In YAML with kebab-case keys; what is not said keeps its default.
 *
 * @param node its id, which must stay the same over restarts
 * @param directory its data, for this node alone
 * @param internal where its services for other nodes listen; port 0: any free one
 * @param grpc where the coordinator's public services listen; port 0: any free one
 * @param lease how long the others believe in this node after its last sign of life
 */
public record NodeConfig(
    String node,
    Path directory,
    HostPort internal,
    HostPort grpc,
    Duration lease,
    CatalogPlace catalog,
    Security security,
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
        new HostPort("127.0.0.1", 8081),
        Duration.ofSeconds(3),
        CatalogPlace.defaults(),
        Security.none(),
        GatewayConfig.defaults(),
        CoordinatorConfig.defaults(),
        LeafConfig.defaults());
  }

  /**
   * Reads a config file.
   *
   * @throws HeddleException INVALID_REQUEST with all problems of the file
   */
  public static NodeConfig read(Path file) {
    NodeConfig config = ConfigReader.readYaml(file, defaults());
    config.require("config " + file + ": ");
    return config;
  }

  private void require(String where) {
    StringBuilder missing = new StringBuilder();
    if (node.isEmpty()) {
      missing.append("\n  node: missing (expected: the node's id)");
    }
    if (directory.toString().isEmpty()) {
      missing.append("\n  directory: missing (expected: the node's data directory)");
    }
    if (catalog.directory().isEmpty() && catalog.address().isEmpty()) {
      missing.append(
          "\n  catalog: missing (expected: directory, or address of the node that has it)");
    }
    if (!missing.isEmpty()) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, where + missing);
    }
  }
}
