package dev.heddle.cli.chaos;

import dev.heddle.gateway.session.KeyRing;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.NodeSpec;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * A cluster whose gateways are to suffer: they share a grid, a key ring and API keys, and one other
 * node is coordinator and leaf.
 *
 * @param nodes the other node first, then {@code gateway-0} and so on
 * @param doors where the gateways serve HTTP
 */
record GatewayNodes(List<NodeSpec> nodes, List<HostPort> doors) {
  /**
   * Where a node is.
   *
   * @param host its address
   * @param door its address as the test sees it
   * @param wrapper what its command line begins with
   */
  record Place(String host, String door, List<String> wrapper) {
    static final Place LOOPBACK = new Place("127.0.0.1", "127.0.0.1", List.of());
  }

  /**
   * Lays the cluster out.
   *
   * @param directory for all its files
   * @param keys of the API, in YAML
   * @param places of the gateways
   * @param core of the other node
   * @param stored whether cookie sessions are to survive a restart
   */
  static GatewayNodes of(
      Path directory, List<String> keys, List<Place> places, Place core, boolean stored)
      throws IOException {
    var ports = new FreePorts();
    var ring = directory.resolve("sessions.yaml");
    KeyRing.createIfAbsent(ring);
    var doors = new ArrayList<HostPort>();
    var grid = new ArrayList<String>();
    for (Place place : places) {
      doors.add(ports.next(place.door));
      grid.add(ports.next(place.host).toString());
    }
    String security =
        "security:\n  api-keys: %s\n  cluster-secret: %s\n"
            .formatted(
                privately(directory.resolve("keys.yaml"), "keys: " + keys),
                privately(directory.resolve("secret"), "test:0123456789abcdef-secret\n"));
    var internal = ports.next(core.host);
    var replication = ports.next(core.host);
    var grpc = ports.next(core.host);
    var nodes = new ArrayList<NodeSpec>();
    nodes.add(
        node(
            directory.resolve("core"),
            List.of("coordinator", "leaf"),
            internal,
            Optional.of(replication),
            Optional.of(grpc),
            "replication: %s\ngrpc: %s\ncatalog: {bootstrap: true}\n".formatted(replication, grpc)
                + security,
            core));
    for (int i = 0; i < places.size(); i++) {
      // All wait for all: on a busy machine one may start long after another.
      String store =
          stored ? ", store: " + json(directory.resolve("store-" + i)) + ", store-wait: 2m" : "";
      String section =
          """
          gateway:
            http: %s
            hazelcast: {address: %s, members: %s, join-timeout: 60s}
            session: {keys: %s%s}
          catalog: {seeds: [%s]}
          """
              .formatted(
                  doors.get(i),
                  json(grid.get(i)),
                  JsonMapper.shared().writeValueAsString(grid),
                  json(ring),
                  store,
                  json(internal));
      nodes.add(
          node(
              directory.resolve("gateway-" + i),
              List.of("gateway"),
              ports.next(places.get(i).host),
              Optional.empty(),
              Optional.empty(),
              section + security,
              places.get(i)));
    }
    return new GatewayNodes(nodes, doors);
  }

  /** Called as its folder. */
  private static NodeSpec node(
      Path home,
      List<String> roles,
      HostPort internal,
      Optional<HostPort> replication,
      Optional<HostPort> grpc,
      String more,
      Place place) {
    var name = home.getFileName().toString();
    var data = home.resolve("data");
    String yaml = "node: %s\ndirectory: %s\ninternal: %s\n".formatted(name, json(data), internal);
    return new NodeSpec(
        name, roles, home, data, internal, replication, grpc, yaml + more, place.wrapper);
  }

  private static Path privately(Path file, String text) throws IOException {
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    return Files.writeString(file, text);
  }

  /** A JSON string is a YAML string. */
  private static String json(Object value) {
    return JsonMapper.shared().writeValueAsString(value.toString());
  }
}
