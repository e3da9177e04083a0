package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.chaos.ClusterLayout;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.NodeSpec;
import dev.heddle.process.HostPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * Nodes with a gateway among them, on loopback.
 *
 * @param nodes all of them
 * @param http of the gateway
 */
public record FunctionNodes(List<NodeSpec> nodes, HostPort http) {
  private static final String LOOPBACK = "127.0.0.1";

  public FunctionNodes {
    nodes = List.copyOf(nodes);
  }

  public ClusterLayout layout() {
    return new ClusterLayout(nodes);
  }

  /** One process that does everything. */
  public static FunctionNodes together(Path directory, FreePorts ports) {
    var http = ports.next(LOOPBACK);
    var node =
        new Making(directory, ports, ports.next(LOOPBACK))
            .node("all", List.of("gateway", "coordinator", "leaf"), http, List.of(), true);
    return new FunctionNodes(List.of(node), http);
  }

  /** A process with the gateway and the coordinator, and one for each leaf. */
  public static FunctionNodes apart(Path directory, FreePorts ports, int leaves) {
    var http = ports.next(LOOPBACK);
    List<NodeSpec> nodes = new ArrayList<>();
    List<HostPort> seeds = new ArrayList<>();
    for (int i = 1; i <= leaves; i++) {
      var internal = ports.next(LOOPBACK);
      nodes.add(leaf(directory, ports, internal, "leaf-" + i, seeds, i == 1));
      seeds.add(internal);
    }
    nodes.add(
        new Making(directory, ports, ports.next(LOOPBACK))
            .node("head", List.of("gateway", "coordinator"), http, seeds, false));
    return new FunctionNodes(nodes, http);
  }

  /** A leaf that joins the others later. */
  public NodeSpec lateLeaf(Path directory, FreePorts ports, String name) {
    var seeds = nodes.stream().filter(NodeSpec::leaf).map(NodeSpec::internal).toList();
    return leaf(directory, ports, ports.next(LOOPBACK), name, seeds, false);
  }

  /**
   * A leaf with a gateway, for its metrics, that joins the others later.
   *
   * @param http of that gateway
   * @param more lines of its config, with a line break at the end
   */
  NodeSpec lateNode(Path directory, FreePorts ports, String name, HostPort http, String more) {
    var seeds = nodes.stream().filter(NodeSpec::leaf).map(NodeSpec::internal).toList();
    var node =
        new Making(directory, ports, ports.next(LOOPBACK))
            .node(name, List.of("gateway", "leaf"), http, seeds, false);
    return more(node, more);
  }

  /**
   * With more in the config of each.
   *
   * @param yaml lines with a line break at the end
   */
  public FunctionNodes withMore(String yaml) {
    return new FunctionNodes(nodes.stream().map(node -> more(node, yaml)).toList(), http);
  }

  private static NodeSpec more(NodeSpec node, String yaml) {
    return new NodeSpec(
        node.node(),
        node.roles(),
        node.home(),
        node.data(),
        node.internal(),
        node.replication(),
        node.grpc(),
        node.config() + yaml,
        node.wrapper());
  }

  /**
   * These and one more coordinator, without a gateway.
   *
   * @param more lines of its config, with a line break at the end
   */
  public FunctionNodes withCoordinator(Path directory, FreePorts ports, String name, String more) {
    var seeds = nodes.stream().filter(NodeSpec::leaf).map(NodeSpec::internal).toList();
    var internal = ports.next(LOOPBACK);
    var node =
        new Making(directory, ports, internal)
            .node(name, List.of("coordinator"), internal, seeds, false);
    var all = new ArrayList<>(nodes);
    all.add(more(node, more));
    return new FunctionNodes(all, http);
  }

  private static NodeSpec leaf(
      Path directory,
      FreePorts ports,
      HostPort internal,
      String name,
      List<HostPort> seeds,
      boolean first) {
    return new Making(directory, ports, internal)
        .node(name, List.of("leaf"), internal, seeds, first);
  }

  /** What one node is made with. */
  private record Making(Path directory, FreePorts ports, HostPort internal) {
    /**
     * @param http of a gateway; else it does not matter
     * @param first whether it forms the cluster
     */
    NodeSpec node(
        String name, List<String> roles, HostPort http, List<HostPort> seeds, boolean first) {
      Optional<HostPort> replication = roles.contains("leaf") ? port() : Optional.empty();
      Optional<HostPort> grpc = roles.contains("coordinator") ? port() : Optional.empty();
      var home = directory.resolve(name);
      var data = home.resolve("data");
      var yaml = new StringBuilder();
      yaml.append("node: ").append(name).append('\n');
      yaml.append("directory: ").append(json(data.toString())).append('\n');
      yaml.append("internal: ").append(internal).append('\n');
      replication.ifPresent(at -> yaml.append("replication: ").append(at).append('\n'));
      grpc.ifPresent(at -> yaml.append("grpc: ").append(at).append('\n'));
      if (roles.contains("gateway")) {
        yaml.append("gateway:\n  http: ").append(http).append('\n');
        // Calls that compute on a busy machine, or wait for long, are not to be cut.
        yaml.append("  limits: {idle-timeout: 6m}\n");
        // Nor are deploys, which compile.
        yaml.append("  deadlines: {administration: 3m}\n");
      }
      var addresses = seeds.stream().map(HostPort::toString).toList();
      yaml.append("catalog:\n  seeds: ").append(json(addresses)).append('\n');
      yaml.append(first ? "  bootstrap: true\n" : "");
      return new NodeSpec(
          name, roles, home, data, internal, replication, grpc, yaml.toString(), List.of());
    }

    private Optional<HostPort> port() {
      return Optional.of(ports.next(LOOPBACK));
    }

    private static String json(Object value) {
      return JsonMapper.shared().writeValueAsString(value);
    }
  }
}
