package dev.heddle.cli.demo;

import dev.heddle.cli.node.FreePort;
import dev.heddle.cli.node.RememberedAddress;
import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The ports by which the nodes reach each other: any free ones at first, the same ones at later
 * starts. Those of the internal services may change when somebody else has taken them; those of
 * replication must not, since the nodes have written them into their logs.
 */
final class InternalPorts {
  private static final String HOST = "127.0.0.1";
  private static final String REPLICATION = " replication";

  private final Path file;
  private final Map<String, Integer> ports = new TreeMap<>();

  private InternalPorts(Path file) {
    this.file = file;
  }

  /**
   * @throws HeddleException STORAGE_FAILED if the file is there and makes no sense
   */
  static InternalPorts load(Path file) throws IOException {
    InternalPorts loaded = new InternalPorts(file);
    if (Files.exists(file)) {
      try {
        for (var node : JsonMapper.shared().readTree(Files.readString(file)).properties()) {
          loaded.ports.put(node.getKey(), port(file, node.getValue()));
        }
      } catch (JacksonException e) {
        throw damaged(file, e.getOriginalMessage());
      }
    }
    return loaded;
  }

  private static int port(Path file, JsonNode value) {
    if (!value.isInt() || value.intValue() < 1 || value.intValue() > 65_535) {
      throw damaged(file, value.toString());
    }
    return value.intValue();
  }

  private static HeddleException damaged(Path file, String what) {
    return new HeddleException(
        ErrorCode.STORAGE_FAILED,
        file + ": " + what + " (expected: ports by node; remove the file to have new ones)");
  }

  /** The port of the node's internal services, one that can be had now. */
  int internal(String node) {
    Integer known = ports.get(node);
    return known != null && isFree(known) ? known : choose(node);
  }

  /**
   * The port at which the node replicates.
   *
   * @param directory of the node: what it remembers counts more than our file
   * @throws HeddleException CONFLICT if somebody else has taken it
   */
  int replication(String node, Path directory) {
    String key = node + REPLICATION;
    Optional<HostPort> remembered = RememberedAddress.in(directory);
    if (remembered.isEmpty()) {
      Integer known = ports.get(key);
      return known != null && isFree(known) ? known : choose(key);
    }
    int port = remembered.get().port();
    if (!isFree(port)) {
      throw new HeddleException(
          ErrorCode.CONFLICT,
          "port "
              + port
              + " is in use (expected: free for "
              + node
              + ", whose data the other nodes know under it; end the process that has it)");
    }
    ports.put(key, port);
    return port;
  }

  private int choose(String key) {
    int chosen;
    do {
      chosen = FreePort.any(HOST).port();
    } while (ports.containsValue(chosen));
    ports.put(key, chosen);
    return chosen;
  }

  void save() throws IOException {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    ports.forEach(json::put);
    DurableFiles.replace(file, (json + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Whether a server could listen on the port of loopback. */
  static boolean isFree(int port) {
    return FreePort.isFree(new HostPort(HOST, port));
  }
}
