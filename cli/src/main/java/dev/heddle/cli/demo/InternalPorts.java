package dev.heddle.cli.demo;

import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The ports of the nodes' internal services: any free ones at first, the same ones at later starts,
 * as long as nobody else has taken them.
 */
final class InternalPorts {
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

  /** The node's port, one that can be had now. */
  int of(String node) throws IOException {
    Integer known = ports.get(node);
    if (known != null && isFree(known)) {
      return known;
    }
    int chosen;
    do {
      try (ServerSocket any = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
        chosen = any.getLocalPort();
      }
    } while (ports.containsValue(chosen));
    ports.put(node, chosen);
    return chosen;
  }

  void save() throws IOException {
    ObjectNode json = JsonMapper.shared().createObjectNode();
    ports.forEach(json::put);
    DurableFiles.replace(file, (json + "\n").getBytes(StandardCharsets.UTF_8));
  }

  /** Whether a server could listen on the port of loopback. */
  static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 1);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
