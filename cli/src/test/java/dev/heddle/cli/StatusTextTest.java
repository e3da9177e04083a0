package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.client.ClusterAddress;
import dev.heddle.cli.client.ClusterInfo;
import dev.heddle.cli.client.DatasetInfo;
import dev.heddle.cli.client.NodeInfo;
import dev.heddle.cli.client.ReplicaInfo;
import dev.heddle.cli.client.ShardInfo;
import dev.heddle.process.HostPort;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class StatusTextTest {
  private static final ClusterAddress ADDRESS =
      new ClusterAddress(
          new HostPort("localhost", 8081),
          URI.create("http://localhost:8080"),
          Optional.empty(),
          "given");

  private static ReplicaInfo replica(String node, String role, long lag, Optional<Double> done) {
    return new ReplicaInfo(node, role, true, "", 3, 100 - lag, 100 - lag, lag, 4_000, done);
  }

  private static NodeInfo leaf(int i) {
    return new NodeInfo(
        "leaf-" + i, List.of("leaf"), "127.0.0.1:2110" + i, "", "", "127.0.0.1:2120" + i);
  }

  private static final ShardInfo WHOLE =
      new ShardInfo(
          0,
          1,
          List.of("leaf-1", "leaf-2", "leaf-3"),
          List.of(),
          List.of(),
          4_000,
          true,
          List.of(
              replica("leaf-1", "leader", 0, Optional.empty()),
              replica("leaf-2", "follower", 12, Optional.empty()),
              replica("leaf-3", "follower", 0, Optional.empty())));

  private static final ShardInfo MOVING =
      new ShardInfo(
          1,
          4,
          List.of("leaf-1", "leaf-2", "leaf-3"),
          List.of("leaf-4"),
          List.of("leaf-1"),
          4_000,
          true,
          List.of(
              replica("leaf-2", "leader", 0, Optional.empty()),
              replica("leaf-3", "follower", 0, Optional.empty()),
              replica("leaf-4", "joining", 0, Optional.of(0.42))));

  private static ClusterInfo cluster(List<NodeInfo> nodes, ShardInfo... shards) {
    return new ClusterInfo(
        "5c0f9f0e-8a43-4f3c-a5ad-1f9d1f9f2e11",
        nodes,
        List.of("leaf-1", "leaf-2", "leaf-3"),
        "leaf-2",
        87,
        List.of(
            new DatasetInfo(
                "dbpedia",
                "d-1",
                JsonMapper.shared().createObjectNode(),
                1,
                3,
                List.of(shards),
                8_000,
                "2026-11-21T10:00:00Z")));
  }

  private static void assertNarrow(String text) {
    text.lines().forEach(line -> assertTrue(line.length() <= 100, line));
  }

  @Test
  void showsNodesCatalogAndReplicas() {
    NodeInfo gateway =
        new NodeInfo(
            "gateway-1",
            List.of("coordinator", "gateway"),
            "127.0.0.1:21100",
            "127.0.0.1:8081",
            "127.0.0.1:8080",
            "");
    String text = StatusCommand.text(ADDRESS, cluster(List.of(gateway, leaf(1), leaf(2)), WHOLE));
    assertNarrow(text);
    assertTrue(text.contains("catalog  leader leaf-2, voters leaf-1 leaf-2 leaf-3, revision 87"));
    assertTrue(
        text.contains(
            "gateway-1  coordinator,gateway  internal 127.0.0.1:21100  grpc 127.0.0.1:8081"),
        text);
    assertTrue(text.contains("replication 127.0.0.1:21202"), text);
    assertTrue(text.contains("leaf-1  leaf-1, leaf-2, leaf-3   12  available"), text);
    assertFalse(text.contains("moves"), text);
  }

  @Test
  void showsWhoJoinsHowFarAndWhoIsAway() {
    String text = StatusCommand.text(ADDRESS, cluster(List.of(leaf(1)), WHOLE, MOVING));
    assertNarrow(text);
    assertTrue(text.contains("moves    2 replicas on the way"), text);
    assertTrue(text.contains("leaf-1 (away), leaf-2, leaf-3"), text);
    assertTrue(text.contains("leaf-4 joins (42.0 %)"), text);
    assertTrue(text.contains("leaf-1 leaves"), text);
  }

  @Test
  void staysNarrowWithLongNamesAndAllRolesInOneNode() {
    String node = "leaf-in-the-second-rack-of-hall-";
    List<String> nodes = List.of(node + 1, node + 2, node + 3);
    ShardInfo lost = new ShardInfo(7, 1, nodes, List.of(), List.of(), 0, false, List.of());
    NodeInfo all =
        new NodeInfo(
            "all-1",
            List.of("coordinator", "gateway", "leaf"),
            "10.123.123.123:21100",
            "10.123.123.123:8081",
            "10.123.123.123:8080",
            "10.123.123.123:21200");
    String text = StatusCommand.text(ADDRESS, cluster(List.of(all), lost));
    assertNarrow(text);
    assertTrue(text.contains("none"), text);
    assertTrue(text.contains("unavailable"), text);
    assertEquals(3, text.lines().filter(line -> line.contains(node)).count());
  }
}
