package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.Role;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that come back without their disks. */
@Timeout(300)
class LostReplicaTest {
  @TempDir Path directory;
  private Cluster cluster;

  @BeforeEach
  void start() {
    cluster = new Cluster(directory, Cluster.Pace.lazy(), "a", "b", "c");
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  @Test
  void whoLostADiskElectsNobodyAndComesInAgain() throws IOException {
    cluster.create(Things.SCHEMA, 1, "a", "b", "c");
    assertEquals(List.of("a", "b", "c"), placement().begun());
    cluster.write(0, put("before"));
    String leader = cluster.leader(0);
    List<String> followers =
        List.of("a", "b", "c").stream().filter(name -> !name.equals(leader)).toList();
    String wiped = followers.getFirst();
    String behind = followers.getLast();
    cluster.current(behind, 0);
    cluster.stop(behind);
    WriteResult acknowledged = cluster.write(0, put("acknowledged"));
    cluster.stop(wiped);
    cluster.stop(leader);
    cluster.wipe(wiped);
    cluster.start(wiped);
    cluster.start(behind);
    within(
        Cluster.PATIENCE,
        "it says that it has lost its replica",
        () -> !placement().concerns(wiped));
    within(Cluster.PATIENCE, "it is open", () -> cluster.replica(behind, 0).isPresent());
    assertNotEquals(Role.LEADER, cluster.replica(behind, 0).orElseThrow().role());
    cluster.start(leader);
    within(
        Cluster.PATIENCE,
        "the two others have it",
        () -> {
          cluster.current(behind, 0);
          return cluster.store(behind).get("d1", 0, "acknowledged").document().isPresent();
        });
    within(
        Cluster.PATIENCE,
        "it is no member any more",
        () -> cluster.write(0, put("between")).index() > acknowledged.index());
    // As the controller does where a shard has too few replicas.
    DatasetRecord now = cluster.dataset();
    cluster.change(now.with(placement().moving(Optional.of(wiped), Optional.empty())));
    within(
        Cluster.PATIENCE,
        "it is there again",
        () -> placement().nodes().contains(wiped) && placement().begun().contains(wiped));
    assertEquals(3, cluster.sameContents(0, List.of("a", "b", "c")).size());
  }

  @Test
  void ofTwoTheOneThatLostItsDiskBeginsAnew() throws IOException {
    cluster.create(Things.SCHEMA, 1, "a", "b");
    cluster.write(0, put("before"));
    cluster.current("b", 0);
    cluster.stop("b");
    cluster.wipe("b");
    cluster.start("b");
    cluster.write(0, put("after"));
    assertEquals(2, cluster.sameContents(0, List.of("a", "b")).size());
    within(Cluster.PATIENCE, "both have it", () -> placement().begun().equals(List.of("a", "b")));
  }

  @Test
  void theOnlyReplicaDoesNotBeginAnew() throws IOException {
    cluster.create(Things.SCHEMA, 1, "a");
    cluster.write(0, put("before"));
    cluster.stop("a");
    cluster.wipe("a");
    cluster.start("a");
    within(
        Cluster.PATIENCE,
        "it says why",
        () ->
            cluster
                .replica("a", 0)
                .filter(status -> status.reason().contains("no other node has any"))
                .isPresent());
    HeddleException refused =
        assertThrows(HeddleException.class, () -> cluster.store("a").get("d1", 0, "before"));
    assertEquals(ErrorCode.UNAVAILABLE, refused.code());
    assertTrue(placement().nodes().contains("a"));
  }

  private ShardPlacement placement() {
    return cluster.dataset().shards().getFirst();
  }

  private static Operation put(String id) {
    return new Operation.Put(id, "{}".getBytes(StandardCharsets.UTF_8));
  }
}
