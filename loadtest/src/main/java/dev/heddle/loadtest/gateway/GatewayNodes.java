package dev.heddle.loadtest.gateway;

import dev.heddle.gateway.session.KeyRing;
import dev.heddle.loadtest.chaos.ClusterLayout;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.NodeSpec;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * A node with coordinator and leaf, and gateways of one grid, on loopback.
 *
 * @param nodes the one with the coordinator, and then those of the gateways that are none of it
 * @param gateways where the gateways are, in the order of their nodes
 */
record GatewayNodes(List<NodeSpec> nodes, List<HostPort> gateways) {
  private static final String LOOPBACK = "127.0.0.1";

  GatewayNodes {
    nodes = List.copyOf(nodes);
    gateways = List.copyOf(gateways);
  }

  /** A process with everything but the gateway, and one with that. */
  static GatewayNodes apart(Path directory, FreePorts ports, int connections) {
    return of(directory, ports, 1, false, connections);
  }

  /** A process with everything, and one for each gateway more. */
  static GatewayNodes together(Path directory, FreePorts ports, int gateways, int connections) {
    return of(directory, ports, gateways, true, connections);
  }

  private static GatewayNodes of(
      Path directory, FreePorts ports, int gateways, boolean together, int connections) {
    var keys = directory.resolve("sessions.yaml");
    try {
      Files.createDirectories(directory);
      KeyRing.createIfAbsent(keys);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, keys + ": " + e, e);
    }
    var https = new ArrayList<HostPort>();
    var grid = new ArrayList<String>();
    for (int i = 0; i < gateways; i++) {
      https.add(ports.next(LOOPBACK));
      grid.add(ports.next(LOOPBACK).toString());
    }
    var sections = new ArrayList<String>();
    for (int i = 0; i < gateways; i++) {
      // Whoever pings a whole fleet, or moves one, must not be taken for gone, nor for too much.
      sections.add(
          """
          gateway:
            http: %s
            limits: {idle-timeout: 6m, connections: %d}
            web-socket: {connections: %d, ping-interval: 5m}
            resume: {window: 10m}
            hazelcast: {address: %s, members: %s, join-timeout: 60s}
            session: {keys: %s}
          """
              .formatted(
                  https.get(i),
                  2 * connections + 1_000,
                  2 * connections + 1_000,
                  json(grid.get(i)),
                  json(grid),
                  json(keys.toString())));
    }
    var nodes = new ArrayList<NodeSpec>();
    var core = ports.next(LOOPBACK);
    var roles =
        together ? List.of("gateway", "coordinator", "leaf") : List.of("coordinator", "leaf");
    var first = together ? sections.getFirst() : "";
    nodes.add(node(directory, ports, "core", roles, core, first + "catalog: {bootstrap: true}\n"));
    for (int i = together ? 1 : 0; i < gateways; i++) {
      var yaml = sections.get(i) + "catalog: {seeds: [" + json(core.toString()) + "]}\n";
      var internal = ports.next(LOOPBACK);
      nodes.add(node(directory, ports, "gateway-" + (i + 1), List.of("gateway"), internal, yaml));
    }
    return new GatewayNodes(nodes, https);
  }

  private static NodeSpec node(
      Path directory,
      FreePorts ports,
      String name,
      List<String> roles,
      HostPort internal,
      String more) {
    boolean core = roles.contains("leaf");
    Optional<HostPort> replication =
        core ? Optional.of(ports.next(LOOPBACK)) : Optional.<HostPort>empty();
    Optional<HostPort> grpc = core ? Optional.of(ports.next(LOOPBACK)) : Optional.<HostPort>empty();
    var home = directory.resolve(name);
    var data = home.resolve("data");
    var yaml = new StringBuilder();
    yaml.append("node: ").append(name).append('\n');
    yaml.append("directory: ").append(json(data.toString())).append('\n');
    yaml.append("internal: ").append(internal).append('\n');
    replication.ifPresent(at -> yaml.append("replication: ").append(at).append('\n'));
    grpc.ifPresent(at -> yaml.append("grpc: ").append(at).append('\n'));
    yaml.append(more);
    return new NodeSpec(
        name, roles, home, data, internal, replication, grpc, yaml.toString(), List.of());
  }

  private static String json(Object value) {
    return JsonMapper.shared().writeValueAsString(value);
  }

  ClusterLayout layout() {
    return new ClusterLayout(nodes);
  }

  /** The name of a gateway's node. */
  String node(int gateway) {
    int before = nodes.size() - gateways.size();
    return nodes.get(before + gateway).node();
  }
}
