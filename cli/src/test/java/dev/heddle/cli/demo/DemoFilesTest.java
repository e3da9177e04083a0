package dev.heddle.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.node.NodeConfig;
import dev.heddle.cli.node.Role;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoFilesTest {
  @TempDir private Path folder;

  private DemoOptions options(int leaves, Optional<Path> corpus) {
    return new DemoOptions(DemoSample.SEARCH, 8080, 8081, leaves, 8, folder, corpus);
  }

  @Test
  void keepsInternalPortsOverStarts() throws IOException {
    Path file = folder.resolve("ports.json");
    InternalPorts first = InternalPorts.load(file);
    int port = first.internal("leaf-1");
    int replication = first.replication("leaf-1", folder.resolve("leaf-1"));
    assertNotEquals(port, replication);
    first.save();
    InternalPorts again = InternalPorts.load(file);
    assertEquals(port, again.internal("leaf-1"));
    assertEquals(replication, again.replication("leaf-1", folder.resolve("leaf-1")));
  }

  @Test
  void keepsTheReplicationPortThatANodeRemembersAndSaysWhenItIsTaken() throws IOException {
    Path file = folder.resolve("ports.json");
    Path node = Files.createDirectories(folder.resolve("leaf-1"));
    InternalPorts ports = InternalPorts.load(file);
    int port;
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      port = other.getLocalPort();
      Files.writeString(node.resolve("replication"), "127.0.0.1:" + port + "\n");
      HeddleException failure =
          assertThrows(HeddleException.class, () -> ports.replication("leaf-1", node));
      assertEquals(ErrorCode.CONFLICT, failure.code());
      assertTrue(String.valueOf(failure.getMessage()).contains("port " + port + " is in use"));
    }
    assertEquals(port, ports.replication("leaf-1", node));
  }

  @Test
  void aFormedClusterNeverLosesLeavesAndFormsNoOther() throws IOException {
    Path file = folder.resolve("cluster.json");
    DemoMarker first = DemoMarker.begin(file, 3);
    assertFalse(first.formed());
    first.formed(file);
    assertTrue(DemoMarker.begin(file, 3).formed());
    HeddleException failure = assertThrows(HeddleException.class, () -> DemoMarker.begin(file, 2));
    assertTrue(String.valueOf(failure.getMessage()).contains("--leaves: 2 (expected: 3 or more"));
    assertThrows(HeddleException.class, () -> DemoMarker.begin(file, 0));
    assertEquals(new DemoMarker(5, true), DemoMarker.begin(file, 5));
    assertThrows(HeddleException.class, () -> DemoMarker.begin(file, 3));
    Path alone = folder.resolve("alone.json");
    assertEquals(new DemoMarker(0, false), DemoMarker.begin(alone, 0));
    assertThrows(HeddleException.class, () -> DemoMarker.begin(alone, 1));
  }

  @Test
  void theFirstLeafFormsTheClusterOnceAndAllOthersGetSeeds() throws IOException {
    Path cluster = folder.resolve("cluster.json");
    DemoOptions options = options(3, Optional.empty());
    InternalPorts ports = InternalPorts.load(folder.resolve("ports.json"));
    DemoMarker marker = DemoMarker.begin(cluster, 3);
    List<NodeSpec> specs = new DemoNodes(options, marker, folder, ports).prepare();
    assertEquals(
        List.of("gateway-1", "leaf-1", "leaf-2", "leaf-3"),
        specs.stream().map(NodeSpec::node).toList());
    NodeConfig first = config(specs.get(1));
    assertTrue(first.catalog().bootstrap());
    assertEquals(2, first.catalog().seeds().size());
    for (NodeSpec other : List.of(specs.get(0), specs.get(2), specs.get(3))) {
      NodeConfig config = config(other);
      assertFalse(config.catalog().bootstrap());
      assertTrue(config.catalog().seeds().contains(first.internal()), other.node());
    }
    marker.formed(cluster);
    DemoMarker again = DemoMarker.begin(cluster, 3);
    specs = new DemoNodes(options, again, folder, ports).prepare();
    assertFalse(config(specs.get(1)).catalog().bootstrap());
    assertEquals(first.replication(), config(specs.get(1)).replication());
  }

  @Test
  void oneProcessWithAllRolesFormsItsOwnCluster() throws IOException {
    DemoMarker marker = DemoMarker.begin(folder.resolve("cluster.json"), 0);
    marker.formed(folder.resolve("cluster.json"));
    InternalPorts ports = InternalPorts.load(folder.resolve("ports.json"));
    List<NodeSpec> specs =
        new DemoNodes(
                options(0, Optional.empty()),
                DemoMarker.begin(folder.resolve("cluster.json"), 0),
                folder,
                ports)
            .prepare();
    assertEquals(1, specs.size());
    assertTrue(config(specs.getFirst()).catalog().bootstrap());
  }

  @Test
  void theChatHasTwoGatewaysThatAreOneGrid() throws IOException {
    for (int leaves : List.of(0, 1)) {
      Path cluster = folder.resolve("cluster-" + leaves + ".json");
      DemoMarker marker = DemoMarker.begin(cluster, leaves);
      InternalPorts ports = InternalPorts.load(folder.resolve("ports.json"));
      DemoOptions options = chat(8080, 8081, leaves, Optional.empty());
      List<NodeSpec> specs = new DemoNodes(options, marker, folder, ports).prepare();
      assertEquals(2 + leaves, specs.size());
      NodeSpec second = specs.get(1);
      assertEquals(List.of("gateway"), second.roles());
      assertFalse(second.vital(), "it is started again");
      GatewayConfig one = config(specs.getFirst()).gateway();
      GatewayConfig two = config(second).gateway();
      assertEquals("127.0.0.1:8080", one.http().toString());
      assertEquals("127.0.0.1:8082", two.http().toString());
      assertEquals("http://127.0.0.1:8082", options.secondUrl().orElseThrow());
      assertEquals(one.hazelcast().members(), two.hazelcast().members());
      assertEquals(
          List.of(one.hazelcast().address().toString(), two.hazelcast().address().toString()),
          one.hazelcast().members());
      assertEquals(one.session().keys(), two.session().keys());
      NodeSpec catalog = leaves == 0 ? specs.getFirst() : specs.getLast();
      assertEquals(
          List.of("127.0.0.1:" + catalog.internalPort()),
          config(second).catalog().seeds().stream().map(Object::toString).toList());
    }
  }

  private static NodeConfig config(NodeSpec spec) {
    Set<Role> roles = EnumSet.noneOf(Role.class);
    spec.roles().forEach(role -> roles.add(Role.valueOf(role.toUpperCase(Locale.ROOT))));
    return NodeConfig.read(spec.config(), roles);
  }

  @Test
  void choosesAnotherInternalPortWhenItIsTaken() throws IOException {
    Path file = folder.resolve("ports.json");
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      Files.writeString(file, "{\"leaf-1\":" + other.getLocalPort() + "}");
      assertNotEquals(other.getLocalPort(), InternalPorts.load(file).internal("leaf-1"));
    }
  }

  @Test
  void saysWhatIsWrongWithADamagedPortsFile() throws IOException {
    Path file = folder.resolve("ports.json");
    for (String damaged : List.of("{\"leaf-1\":", "{\"leaf-1\":\"x\"}", "{\"leaf-1\":70000}")) {
      Files.writeString(file, damaged);
      HeddleException failure =
          assertThrows(HeddleException.class, () -> InternalPorts.load(file), damaged);
      assertEquals(ErrorCode.STORAGE_FAILED, failure.code());
      assertTrue(String.valueOf(failure.getMessage()).contains("ports.json"));
    }
  }

  @Test
  void knowsAMarkerOfTheSameLoadOnly() throws IOException {
    Path corpus = Files.writeString(folder.resolve("c.jsonl"), "{}\n");
    LoadMarker marker = LoadMarker.wanted(options(3, Optional.of(corpus)), folder);
    Path file = folder.resolve("loaded.json");
    assertEquals(Optional.empty(), LoadMarker.read(file));
    marker.of("dataset-7", 12).write(file);
    LoadMarker read = LoadMarker.read(file).orElseThrow();
    assertEquals("dataset-7", read.dataset());
    assertEquals(12, read.documents());
    assertEquals(1, read.replicas());
    assertEquals(3, read.withReplicas(3).replicas());
    assertTrue(marker.sameLoad(read.withReplicas(3)));
    assertTrue(LoadMarker.wanted(options(4, Optional.of(corpus)), folder).sameLoad(read));
    Files.writeString(corpus, "{}\n{}\n");
    assertFalse(LoadMarker.wanted(options(3, Optional.of(corpus)), folder).sameLoad(read));
  }

  @Test
  void saysWhatIsWrongWithADamagedMarker() throws IOException {
    Path file = Files.writeString(folder.resolve("loaded.json"), "{\"dataset\":1");
    HeddleException failure = assertThrows(HeddleException.class, () -> LoadMarker.read(file));
    assertTrue(String.valueOf(failure.getMessage()).contains("remove the file to load again"));
  }

  @Test
  void rotatesLogsAndKeepsAFew() throws IOException {
    Path log = folder.resolve("logs/leaf-1.log");
    for (int i = 1; i <= 6; i++) {
      NodeLog.rotate(log);
      Files.writeString(log, "start " + i + "\nlast of " + i + "\n");
    }
    assertEquals(List.of("last of 6"), NodeLog.tail(log, 1));
    assertEquals(List.of("start 5", "last of 5"), NodeLog.tail(Path.of(log + ".1"), 10));
    assertTrue(Files.exists(Path.of(log + ".3")));
    assertFalse(Files.exists(Path.of(log + ".4")));
  }

  @Test
  void digestChangesWithContentAndNames() throws IOException {
    Path tree = Files.createDirectories(folder.resolve("tree"));
    Files.writeString(tree.resolve("a"), "1");
    String first = Digest.of(tree);
    assertEquals(first, Digest.of(tree));
    Files.writeString(tree.resolve("a"), "2");
    String second = Digest.of(tree);
    assertNotEquals(first, second);
    Files.move(tree.resolve("a"), tree.resolve("b"));
    assertNotEquals(second, Digest.of(tree));
  }

  @Test
  void showsRolesOnTheCommandLineOfEveryNode() {
    JavaLauncher launcher = new JavaLauncher(Path.of("/jdk/bin/java"), List.of("@flags"));
    NodeSpec spec =
        new NodeSpec(
            "leaf-1",
            List.of("leaf"),
            7000,
            folder.resolve("leaf-1.yaml"),
            folder.resolve("leaf-1"),
            folder.resolve("leaf-1.log"),
            "512m",
            false);
    String command = String.join(" ", launcher.command(spec));
    assertTrue(command.startsWith("/jdk/bin/java @flags -Xmx512m "), command);
    assertTrue(command.contains("dev.heddle.cli.Main node --roles leaf --config "), command);
    assertTrue(command.endsWith("--exit-with-parent"), command);
  }

  @Test
  void refusesOptionsOutOfRange() {
    assertThrows(IllegalArgumentException.class, () -> options(-1, Optional.empty()));
    assertThrows(IllegalArgumentException.class, () -> options(65, Optional.empty()));
    assertThrows(IllegalArgumentException.class, () -> chat(8080, 8080, 3, Optional.empty()));
    assertThrows(IllegalArgumentException.class, () -> chat(8080, 65_535, 3, Optional.empty()));
    assertThrows(
        IllegalArgumentException.class, () -> chat(8080, 8081, 3, Optional.of(Path.of("c.jsonl"))));
  }

  private DemoOptions chat(int port, int grpcPort, int leaves, Optional<Path> corpus) {
    return new DemoOptions(DemoSample.CHAT, port, grpcPort, leaves, 1, folder, corpus);
  }
}
