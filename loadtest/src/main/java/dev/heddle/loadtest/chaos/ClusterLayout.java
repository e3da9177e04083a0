package dev.heddle.loadtest.chaos;

import dev.heddle.process.HostPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;

/**
 * The nodes of a cluster and where they listen. The first leaf forms the cluster.
 *
 * @param nodes leaves first
 */
public record ClusterLayout(List<NodeSpec> nodes) {
  private static final String LOOPBACK = "127.0.0.1";

  public ClusterLayout {
    nodes = List.copyOf(nodes);
  }

  /**
   * What a layout is made of.
   *
   * @param directory has a folder for each node
   * @param leaves at least one
   * @param coordinators processes of their own; 0: each leaf is a coordinator, too
   * @param more lines of YAML for every node, with a line break at the end; may be empty
   * @param host of the node's internal services and of its replication, by the number of the leaf
   * @param publicHost of its public services
   */
  public record Plan(
      Path directory,
      int leaves,
      int coordinators,
      String more,
      IntFunction<String> host,
      IntFunction<String> publicHost,
      UnaryOperator<Path> data) {
    public Plan {
      if (leaves < 1 || coordinators < 0) {
        throw new IllegalArgumentException(
            "leaves: %d, coordinators: %d (expected: >= 1, >= 0)".formatted(leaves, coordinators));
      }
    }

    /** Everything on loopback, on ports that are free now. */
    public static Plan loopback(Path directory, int leaves, int coordinators) {
      return new Plan(
          directory,
          leaves,
          coordinators,
          "",
          leaf -> LOOPBACK,
          leaf -> LOOPBACK,
          home -> home.resolve("data"));
    }

    public Plan withMore(String yaml) {
      return new Plan(directory, leaves, coordinators, yaml, host, publicHost, data);
    }

    /** With nodes at other addresses than loopback. */
    public Plan withHosts(IntFunction<String> internal, IntFunction<String> open) {
      return new Plan(directory, leaves, coordinators, more, internal, open, data);
    }
  }

  public static ClusterLayout of(Plan plan) {
    var ports = new FreePorts();
    var internals =
        IntStream.range(0, plan.leaves).mapToObj(i -> ports.next(plan.host.apply(i))).toList();
    var nodes = new ArrayList<NodeSpec>();
    for (int i = 0; i < plan.leaves; i++) {
      nodes.add(leaf(plan, i, internals, ports));
    }
    for (int i = 0; i < plan.coordinators; i++) {
      nodes.add(coordinator(plan, i, internals, ports));
    }
    return new ClusterLayout(nodes);
  }

  private static NodeSpec leaf(Plan plan, int number, List<HostPort> seeds, FreePorts ports) {
    boolean both = plan.coordinators == 0;
    var internal = seeds.get(number);
    var replication = ports.next(plan.host.apply(number));
    Optional<HostPort> grpc =
        both ? Optional.of(ports.next(plan.publicHost.apply(number))) : Optional.empty();
    var others = seeds.stream().filter(seed -> !seed.equals(internal)).toList();
    var name = "leaf-" + (number + 1);
    var home = plan.directory.resolve(name);
    var data = plan.data.apply(home);
    var config =
        common(name, data, internal, grpc)
            + "replication: "
            + replication
            + "\n"
            + catalog(others)
            + (number == 0 ? "  bootstrap: true\n" : "")
            + plan.more;
    var roles = both ? List.of("leaf", "coordinator") : List.of("leaf");
    return new NodeSpec(
        name, roles, home, data, internal, Optional.of(replication), grpc, config, List.of());
  }

  private static NodeSpec coordinator(
      Plan plan, int number, List<HostPort> seeds, FreePorts ports) {
    var internal = ports.next(LOOPBACK);
    var grpc = ports.next(LOOPBACK);
    var name = "coordinator-" + (number + 1);
    var home = plan.directory.resolve(name);
    var data = home.resolve("data");
    var config = common(name, data, internal, Optional.of(grpc)) + catalog(seeds) + plan.more;
    return new NodeSpec(
        name,
        List.of("coordinator"),
        home,
        data,
        internal,
        Optional.empty(),
        Optional.of(grpc),
        config,
        List.of());
  }

  private static String common(String name, Path data, HostPort internal, Optional<HostPort> grpc) {
    return "node: "
        + name
        + "\ndirectory: "
        + JsonMapper.shared().writeValueAsString(data.toString())
        + "\ninternal: "
        + internal
        + "\n"
        + grpc.map(at -> "grpc: " + at + "\n").orElse("");
  }

  private static String catalog(List<HostPort> seeds) {
    var texts = seeds.stream().map(HostPort::toString).toList();
    return "catalog:\n  seeds: " + JsonMapper.shared().writeValueAsString(texts) + "\n";
  }

  public Stream<NodeSpec> leaves() {
    return nodes.stream().filter(NodeSpec::leaf);
  }

  /** Where the public services are. */
  public List<HostPort> coordinators() {
    return nodes.stream().flatMap(node -> node.grpc().stream()).toList();
  }
}
