package dev.heddle.cli.demo;

import dev.heddle.gateway.session.KeyRing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** Which processes the demo consists of, and their config files. */
final class DemoNodes {
  private static final String GATEWAY = "gateway-1";
  private static final String SECOND = "gateway-2";
  private static final String GATEWAY_HEAP = "1g";
  private static final String SECOND_HEAP = "512m";
  private static final String LEAF_HEAP = "512m";

  private final DemoOptions options;
  private final DemoMarker marker;
  private final Path pages;
  private final InternalPorts ports;

  /**
   * @param pages what the gateways serve at their roots
   */
  DemoNodes(DemoOptions options, DemoMarker marker, Path pages, InternalPorts ports) {
    this.options = options;
    this.marker = marker;
    this.pages = pages;
    this.ports = ports;
  }

  /** Writes configs and keys; the first gateway comes first. */
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
    String gatewayYaml = gatewayConfig(gateway, options.port(), keys.resolve("sessions.yaml"));
    write(gateway, gatewayYaml + (alone ? leafConfig(gateway, true, List.of()) : catalog(seeds)));
    List<NodeSpec> specs = new ArrayList<>(List.of(gateway));
    if (options.secondPort().isPresent()) {
      NodeSpec second = spec(SECOND, List.of("gateway"), SECOND_HEAP, false);
      int port = options.secondPort().getAsInt();
      List<String> known = alone ? List.of(loopback(gateway.internalPort())) : seeds;
      write(second, gatewayConfig(second, port, keys.resolve("sessions.yaml")) + catalog(known));
      specs.add(second);
    }
    for (NodeSpec leaf : leaves) {
      boolean first = leaf.equals(leaves.getFirst());
      write(leaf, nodeConfig(leaf) + leafConfig(leaf, first, seeds));
    }
    ports.save();
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

  /**
   * @param port of HTTP
   */
  private String gatewayConfig(NodeSpec gateway, int port, Path keys) throws IOException {
    return nodeConfig(gateway)
        + """
        grpc: %s
        gateway:
          http: %s
          pages: %s
          session:
            keys: %s
            store: %s
        """
            .formatted(
                loopback(options.grpcPort()),
                loopback(port),
                quoted(pages),
                quoted(keys),
                quoted(gateway.directory().resolve("sessions")))
        + grid(gateway);
  }

  /** Gateways that share cookie sessions and connections; one alone needs no address. */
  private String grid(NodeSpec gateway) throws IOException {
    if (options.secondPort().isEmpty()) {
      return "";
    }
    Map<String, String> members = new LinkedHashMap<>();
    for (String node : List.of(GATEWAY, SECOND)) {
      members.put(node, loopback(ports.internal(node + " grid")));
    }
    return "  hazelcast:\n    address: "
        + members.get(gateway.node())
        + "\n    members: "
        + JsonMapper.shared().writeValueAsString(members.values())
        // Who knows of the other, but cannot join it by then, ends: a busy machine takes its time.
        + "\n    join-timeout: 60s\n";
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
