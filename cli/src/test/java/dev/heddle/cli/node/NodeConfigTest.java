package dev.heddle.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeConfigTest {
  @TempDir private Path folder;

  private NodeConfig read(String yaml, Role... roles) throws IOException {
    return NodeConfig.read(Files.writeString(folder.resolve("node.yaml"), yaml), Set.of(roles));
  }

  private String problems(String yaml, Role... roles) {
    HeddleException failure = assertThrows(HeddleException.class, () -> read(yaml, roles));
    assertEquals(ErrorCode.INVALID_REQUEST, failure.code());
    return String.valueOf(failure.getMessage());
  }

  @Test
  void keepsDefaultsForWhatIsNotSaid() throws IOException {
    NodeConfig config =
        read(
            "node: leaf-1\ndirectory: /data/leaf-1\ncatalog: {seeds: [127.0.0.1:7100]}\n",
            Role.LEAF);
    assertEquals("leaf-1", config.node());
    assertEquals(Path.of("/data/leaf-1"), config.directory());
    assertEquals(new HostPort("127.0.0.1", 0), config.internal());
    assertEquals(new HostPort("127.0.0.1", 0), config.replication());
    assertEquals(new HostPort("127.0.0.1", 8081), config.grpc());
    assertEquals(List.of(new HostPort("127.0.0.1", 7100)), config.catalog().seeds());
    assertFalse(config.catalog().bootstrap());
    assertEquals(Duration.ofSeconds(3), config.lease());
    assertEquals(NodeConfig.defaults().raft(), config.raft());
    assertEquals(NodeConfig.defaults().catalog().limits(), config.catalog().limits());
    assertEquals(NodeConfig.defaults().leaf(), config.leaf());
    assertEquals(NodeConfig.defaults().coordinator(), config.coordinator());
    assertEquals(NodeConfig.defaults().gateway(), config.gateway());
  }

  @Test
  void anEndMayTakeWhatClientsAreGivenToLeaveOnTop() throws IOException {
    String yaml =
        """
        node: all-1
        directory: /data/all-1
        catalog: {bootstrap: true}
        gateway: {drain: {notice: 20s, most: 1m}, limits: {stop-timeout: 7s}}
        """;
    NodeConfig config = read(yaml, Role.values());
    assertEquals(
        Duration.ofSeconds(15 + 20 + 60 + 2 * 7),
        NodeCommand.longestClose(config, Set.of(Role.values())));
    assertEquals(
        Duration.ofSeconds(15), NodeCommand.longestClose(config, Set.of(Role.COORDINATOR)));
  }

  @Test
  void withApiKeysTheJavaRuntimeIsOffUnlessTheConfigSaysOtherwise() throws IOException {
    String keyed =
        """
        node: all-1
        directory: /data/all-1
        catalog: {bootstrap: true}
        gateway: {session: {keys: /keys.yaml}}
        security: {api-keys: /api.yaml, cluster-secret: /ring}
        """;
    NodeConfig config = read(keyed, Role.values());
    assertFalse(config.leaf().engine().javaEnabled());
    assertFalse(config.coordinator().engine().javaEnabled());
    assertEquals(NodeConfig.defaults().leaf().engine().withJava(false), config.leaf().engine());
    NodeConfig told = read(keyed + "leaf: {engine: {java-enabled: true}}\n", Role.values());
    assertTrue(told.leaf().engine().javaEnabled());
    assertFalse(told.coordinator().engine().javaEnabled());
    assertTrue(NodeConfig.defaults().leaf().engine().javaEnabled());
  }

  @Test
  void readsEveryRoomsSettings() throws IOException {
    NodeConfig config =
        read(
            """
            node: all-1
            directory: /data/all-1
            internal: 127.0.0.1:7001
            replication: 127.0.0.1:7004
            grpc: 127.0.0.1:7002
            lease: 5s
            catalog: {bootstrap: true, limits: {max-entries: 7, replication: {most-voters: 3}}}
            raft: {election-min: 2s, election-max: 4s, retained: 10}
            gateway: {http: "127.0.0.1:7003", pages: /pages, session: {keys: /keys.yaml}}
            coordinator: {default-deadline: 2s}
            leaf: {compute-threads: 3}
            """,
            Role.values());
    assertEquals(new HostPort("127.0.0.1", 7001), config.internal());
    assertEquals(new HostPort("127.0.0.1", 7004), config.replication());
    assertEquals(new HostPort("127.0.0.1", 7002), config.grpc());
    assertEquals(Duration.ofSeconds(5), config.lease());
    assertTrue(config.catalog().bootstrap());
    assertEquals(List.of(), config.catalog().seeds());
    assertEquals(7, config.catalog().limits().maxEntries());
    assertEquals(3, config.catalog().limits().replication().mostVoters());
    assertEquals(Duration.ofSeconds(2), config.raft().electionMin());
    assertEquals(Duration.ofSeconds(4), config.raft().electionMax());
    assertEquals(10, config.raft().retained());
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
    String problems = problems("lease: 3s\n", Role.GATEWAY);
    assertTrue(problems.contains("node: missing"), problems);
    assertTrue(problems.contains("directory: missing"), problems);
    assertTrue(problems.contains("catalog.seeds: missing"), problems);
    assertFalse(problems.contains("bootstrap"), problems);
  }

  @Test
  void aLeafThatFormsNoClusterHasToKnowAnother() throws IOException {
    String alone = "node: a\ndirectory: d\ninternal: 127.0.0.1:7101\n";
    String problems = problems(alone, Role.LEAF);
    assertTrue(problems.contains("catalog.seeds: missing"), problems);
    assertTrue(problems.contains("bootstrap: true on the first leaf"), problems);
    String itself = alone + "catalog: {seeds: ['127.0.0.1:7101']}\n";
    assertTrue(problems(itself, Role.LEAF).contains("catalog.seeds: missing"));
    assertTrue(read(alone + "catalog: {bootstrap: true}", Role.LEAF).catalog().bootstrap());
  }

  @Test
  void onlyALeafFormsACluster() {
    String yaml = "node: a\ndirectory: d\ncatalog: {bootstrap: true, seeds: ['h:1']}\n";
    String problems = problems(yaml, Role.COORDINATOR, Role.GATEWAY);
    assertTrue(problems.contains("catalog.bootstrap: true (expected: false"), problems);
  }

  @Test
  void refusesSeedsThatCannotBeReached() {
    String yaml = "node: a\ndirectory: d\ncatalog: {seeds: %s}\n";
    String open = problems(yaml.formatted("['h:0']"), Role.LEAF);
    assertTrue(open.contains("seeds: h:0 (expected: a port of 1..65535)"), open);
    String twice = problems(yaml.formatted("['h:1', 'h:1']"), Role.LEAF);
    assertTrue(twice.contains("expected: each once"), twice);
  }

  @Test
  void saysWhatToWriteInPlaceOfOldKeys() {
    for (String old : List.of("address: 'h:1'", "directory: /c")) {
      String problems = problems("node: a\ndirectory: d\ncatalog: {" + old + "}\n", Role.LEAF);
      assertTrue(problems.contains("unknown key"), problems);
      assertTrue(problems.contains("expected: catalog.seeds: [host:port, ...]"), problems);
    }
  }

  @Test
  void refusesALeaseThatEndsAtOnce() {
    assertTrue(problems("node: a\ndirectory: d\nlease: 1ms\n").contains("lease: 1ms"));
  }
}
