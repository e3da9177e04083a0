package dev.heddle.cli.demo;

import dev.heddle.gateway.session.KeyRing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;

/** Which processes the demo consists of, and their config files. */
final class DemoNodes {
  private static final String GATEWAY = "gateway-1";
  private static final String GATEWAY_HEAP = "1g";
  private static final String LEAF_HEAP = "512m";

  private final DemoOptions options;
  private final DemoMarker marker;
  private final Path pages;
  private final InternalPorts ports;

  /**
   * @param pages what the gateway serves at its root
   */
  DemoNodes(DemoOptions options, DemoMarker marker, Path pages, InternalPorts ports) {
    this.options = options;
    this.marker = marker;
    this.pages = pages;
    this.ports = ports;
  }

  /** Writes configs and keys; the gateway comes first, since it is to stop first. */
  List<NodeSpec> prepare() throws IOException {
    Files.createDirectories(options.data().resolve("nodes"));
    Path keys = options.data().resolve("keys");
    Files.createDirectories(keys);
    KeyRing.createIfAbsent(keys.resolve("sessions.yaml"));
    boolean alone = options.leaves() == 0;
    NodeSpec gateway =
        alone
            ? spec(GATEWAY, List.of("gateway", "coordinator", "leaf"), GATEWAY_HEAP, true)
            : spec(GATEWAY, List.of("gateway", "coordinator"), GATEWAY_HEAP, true);
    List<NodeSpec> leaves = new ArrayList<>();
    for (int i = 1; i <= options.leaves(); i++) {
      leaves.add(spec("leaf-" + i, List.of("leaf"), LEAF_HEAP, false));
    }
    List<String> seeds = leaves.stream().map(leaf -> loopback(leaf.internalPort())).toList();
    String gatewayYaml = gatewayConfig(gateway, keys.resolve("sessions.yaml"));
    write(gateway, gatewayYaml + (alone ? leafConfig(gateway, true, List.of()) : catalog(seeds)));
    for (NodeSpec leaf : leaves) {
      boolean first = leaf.equals(leaves.getFirst());
      write(leaf, nodeConfig(leaf) + leafConfig(leaf, first, seeds));
    }
    ports.save();
    List<NodeSpec> specs = new ArrayList<>(List.of(gateway));
    specs.addAll(leaves);
    return specs;
  }

  private NodeSpec spec(String node, List<String> roles, String heap, boolean vital)
      throws IOException {
    Path nodes = options.data().resolve("nodes");
    return new NodeSpec(
        node,
        roles,
        ports.internal(node),
        nodes.resolve(node + ".yaml"),
        nodes.resolve(node),
        options.data().resolve("logs").resolve(node + ".log"),
        heap,
        vital);
  }

  private static String nodeConfig(NodeSpec spec) {
    return """
    node: %s
    directory: %s
    internal: %s
    """
        .formatted(spec.node(), quoted(spec.directory()), loopback(spec.internalPort()));
  }

  private String gatewayConfig(NodeSpec gateway, Path keys) {
    return nodeConfig(gateway)
        + """
        grpc: %s
        gateway:
          http: %s
          pages: %s
          session:
            keys: %s
        """
            .formatted(
                loopback(options.grpcPort()),
                loopback(options.port()),
                quoted(pages),
                quoted(keys));
  }

  /**
   * @param first whether this leaf forms the cluster, while there is none
   */
  private String leafConfig(NodeSpec leaf, boolean first, List<String> seeds) throws IOException {
    List<String> others =
        seeds.stream().filter(seed -> !seed.equals(loopback(leaf.internalPort()))).toList();
    // Where nobody else is to be asked, it is this leaf's cluster whatever its directory holds.
    boolean bootstrap = first && (!marker.formed() || others.isEmpty());
    return "replication: "
        + loopback(ports.replication(leaf.node(), leaf.directory()))
        + "\n"
        + catalog(others)
        + (bootstrap ? "  bootstrap: true\n" : "");
  }

  private static String catalog(List<String> seeds) {
    return "catalog:\n  seeds: " + JsonMapper.shared().writeValueAsString(seeds) + "\n";
  }

  private static void write(NodeSpec spec, String yaml) throws IOException {
    Files.writeString(spec.config(), "# Written by `heddle demo` at each start.\n" + yaml);
  }

  private static String loopback(int port) {
    return "127.0.0.1:" + port;
  }

  /** A JSON string is a YAML string. */
  private static String quoted(Path path) {
    return JsonMapper.shared().writeValueAsString(path.toString());
  }
}
