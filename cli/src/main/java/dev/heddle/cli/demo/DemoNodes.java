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
  private final Path pages;
  private final InternalPorts ports;

  /**
   * @param pages what the gateway serves at its root
   */
  DemoNodes(DemoOptions options, Path pages, InternalPorts ports) {
    this.options = options;
    this.pages = pages;
    this.ports = ports;
  }

  /** Writes configs and keys; the gateway comes first, since it is to stop first. */
  List<NodeSpec> prepare() throws IOException {
    Files.createDirectories(options.data().resolve("nodes"));
    Path keys = options.data().resolve("keys");
    Files.createDirectories(keys);
    KeyRing.createIfAbsent(keys.resolve("sessions.yaml"));
    List<NodeSpec> specs = new ArrayList<>();
    List<String> roles = new ArrayList<>(List.of("gateway", "coordinator"));
    if (options.leaves() == 0) {
      roles.add("leaf");
    }
    NodeSpec gateway = spec(GATEWAY, roles, GATEWAY_HEAP, true);
    write(gateway, gatewayConfig(gateway, keys.resolve("sessions.yaml")));
    specs.add(gateway);
    for (int i = 1; i <= options.leaves(); i++) {
      NodeSpec leaf = spec("leaf-" + i, List.of("leaf"), LEAF_HEAP, false);
      write(leaf, leafConfig(leaf, gateway.internalPort()));
      specs.add(leaf);
    }
    ports.save();
    return specs;
  }

  private NodeSpec spec(String node, List<String> roles, String heap, boolean vital)
      throws IOException {
    Path nodes = options.data().resolve("nodes");
    return new NodeSpec(
        node,
        roles,
        ports.of(node),
        nodes.resolve(node + ".yaml"),
        nodes.resolve(node),
        options.data().resolve("logs").resolve(node + ".log"),
        heap,
        vital);
  }

  private String gatewayConfig(NodeSpec gateway, Path keys) {
    return """
    node: %s
    directory: %s
    internal: 127.0.0.1:%d
    grpc: 127.0.0.1:%d
    catalog:
      directory: %s
    gateway:
      http: 127.0.0.1:%d
      pages: %s
      session:
        keys: %s
    """
        .formatted(
            gateway.node(),
            quoted(gateway.directory()),
            gateway.internalPort(),
            options.grpcPort(),
            quoted(gateway.directory().resolve("catalog")),
            options.port(),
            quoted(pages),
            quoted(keys));
  }

  private static String leafConfig(NodeSpec leaf, int catalogPort) {
    return """
    node: %s
    directory: %s
    internal: 127.0.0.1:%d
    catalog:
      address: 127.0.0.1:%d
    """
        .formatted(leaf.node(), quoted(leaf.directory()), leaf.internalPort(), catalogPort);
  }

  private static void write(NodeSpec spec, String yaml) throws IOException {
    Files.writeString(spec.config(), "# Written by `heddle demo` at each start.\n" + yaml);
  }

  /** A JSON string is a YAML string. */
  private static String quoted(Path path) {
    return JsonMapper.shared().writeValueAsString(path.toString());
  }
}
