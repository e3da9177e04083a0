package dev.heddle.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeConfigTest {
  @TempDir private Path folder;

  private NodeConfig read(String yaml) throws IOException {
    return NodeConfig.read(Files.writeString(folder.resolve("node.yaml"), yaml));
  }

  private String problems(String yaml) {
    HeddleException failure = assertThrows(HeddleException.class, () -> read(yaml));
    assertEquals(ErrorCode.INVALID_REQUEST, failure.code());
    return String.valueOf(failure.getMessage());
  }

  @Test
  void keepsDefaultsForWhatIsNotSaid() throws IOException {
    NodeConfig config =
        read("node: leaf-1\ndirectory: /data/leaf-1\ncatalog: {address: 127.0.0.1:7100}\n");
    assertEquals("leaf-1", config.node());
    assertEquals(Path.of("/data/leaf-1"), config.directory());
    assertEquals(Optional.of(new HostPort("127.0.0.1", 7100)), config.catalog().address());
    assertEquals(Duration.ofSeconds(3), config.lease());
    assertEquals(NodeConfig.defaults().leaf(), config.leaf());
    assertEquals(NodeConfig.defaults().coordinator(), config.coordinator());
    assertEquals(NodeConfig.defaults().gateway(), config.gateway());
  }

  @Test
  void readsEveryRoomsSettings() throws IOException {
    NodeConfig config =
        read(
            """
            node: all-1
            directory: /data/all-1
            internal: 127.0.0.1:7001
            grpc: 127.0.0.1:7002
            lease: 5s
            catalog: {directory: /data/catalog, limits: {max-entries: 7}}
            gateway: {http: "127.0.0.1:7003", pages: /pages, session: {keys: /keys.yaml}}
            coordinator: {default-deadline: 2s}
            leaf: {compute-threads: 3}
            """);
    assertEquals(new HostPort("127.0.0.1", 7001), config.internal());
    assertEquals(new HostPort("127.0.0.1", 7002), config.grpc());
    assertEquals(Duration.ofSeconds(5), config.lease());
    assertEquals(Optional.of(Path.of("/data/catalog")), config.catalog().directory());
    assertEquals(7, config.catalog().limits().maxEntries());
    assertEquals(new HostPort("127.0.0.1", 7003), config.gateway().http());
    assertEquals(Optional.of(Path.of("/pages")), config.gateway().pages());
    assertEquals(Duration.ofSeconds(2), config.coordinator().defaultDeadline());
    assertEquals(3, config.leaf().computeThreads());
  }

  @Test
  void reportsAllProblemsAtOnce() {
    String problems = problems("node: 'a b'\nlease: 1ms\nnonsense: 1\nleaf: {compute-queue: 0}\n");
    assertTrue(problems.contains("nonsense"), problems);
    assertTrue(problems.contains("compute-queue: 0"), problems);
    assertTrue(problems.contains("node.yaml"), problems);
  }

  @Test
  void saysWhatIsMissing() {
    String problems = problems("lease: 3s\n");
    assertTrue(problems.contains("node: missing"), problems);
    assertTrue(problems.contains("directory: missing"), problems);
    assertTrue(problems.contains("catalog: missing"), problems);
  }

  @Test
  void refusesTwoPlacesForTheCatalog() {
    String problems = problems("node: a\ndirectory: d\ncatalog: {address: 'h:1', directory: /c}\n");
    assertTrue(problems.contains("expected: one of them"), problems);
  }

  @Test
  void refusesALeaseThatEndsAtOnce() {
    assertTrue(problems("node: a\ndirectory: d\nlease: 1ms\n").contains("lease: 1ms"));
  }
}
