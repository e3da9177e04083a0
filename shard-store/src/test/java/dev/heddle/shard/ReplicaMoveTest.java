package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Shards that move to other nodes while they are written to. */
@Timeout(300)
class ReplicaMoveTest {
  @TempDir Path directory;
  private Cluster cluster;

  @BeforeEach
  void start() {
    cluster = new Cluster(directory, Cluster.Pace.eager(), "a", "b", "c", "d");
    cluster.create(Things.SCHEMA, 2, "a", "b", "c");
    cluster.known("d");
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  @Test
  void aNewNodeJoinsAndAFollowerLeaves() {
    String leader = cluster.leader(0);
    move(Set.of("a", "b").stream().filter(n -> !n.equals(leader)).findFirst().orElseThrow());
  }

  @Test
  void aNewNodeJoinsAndTheLeaderLeaves() {
    move(cluster.leader(0));
  }

  private void move(String leaving) {
    for (int i = 0; i < 40; i++) {
      cluster.write(0, put("x" + i % 25, "{\"size\":" + i + "}"));
    }
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    Thread writing =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (int i = 0; !done.get(); i++) {
                  cluster.write(0, put("y" + i % 50, "{\"size\":" + i + "}"));
                }
              } catch (RuntimeException | AssertionError e) {
                failure.set(e);
              }
            });
    DatasetRecord before = cluster.dataset();
    ShardPlacement placement = before.shards().getFirst();
    cluster.change(before.with(placement.moving(Optional.of("d"), Optional.of(leaving))));
    within(
        Cluster.PATIENCE,
        "the catalog says that it is done",
        () -> {
          ShardPlacement now = cluster.dataset().shards().getFirst();
          return now.nodes().contains("d")
              && !now.nodes().contains(leaving)
              && now.joining().isEmpty()
              && now.leaving().isEmpty();
        });
    within(
        Cluster.PATIENCE, "the files are deleted", () -> !Files.exists(cluster.folder(leaving, 0)));
    done.set(true);
    try {
      writing.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    if (failure.get() != null) {
      throw new AssertionError("writes went on", failure.get());
    }
    ShardPlacement settled = cluster.dataset().shards().getFirst();
    assertEquals(placement.generation() + 2, settled.generation());
    assertEquals(placement.incarnation(), settled.incarnation());
    assertEquals(3, settled.nodes().size());
    WriteResult last = cluster.write(0, put("last", "{}"));
    List<String> contents = cluster.sameContents(0, settled.nodes());
    assertTrue(contents.contains("last@" + last.index() + "={}"));
    assertTrue(contents.stream().anyMatch(line -> line.startsWith("x7@")));
    HeddleException refused =
        assertThrows(HeddleException.class, () -> cluster.store(leaving).get("d1", 0, "x1"));
    assertEquals(ErrorCode.NOT_OWNER, refused.code());
    // Its other shard is as it was.
    cluster.write(1, put("other", "{}"));
    assertEquals(1, cluster.sameContents(1, List.of("a", "b", "c")).size());
    // The new one keeps it over a restart, and counts in majorities.
    cluster.crash("d");
    cluster.start("d");
    String stopped =
        settled.nodes().stream().filter(name -> !name.equals("d")).findFirst().orElseThrow();
    cluster.stop(stopped);
    cluster.write(0, put("with d", "{}"));
    cluster.start(stopped);
    cluster.sameContents(0, settled.nodes());
  }

  @Test
  void aNodeThatWasAwayWhileItsShardMovedDeletesItOnItsReturn() {
    cluster.write(0, put("x", "{}"));
    String leader = cluster.leader(0);
    String leaving = leader.equals("a") ? "b" : "a";
    cluster.current(leaving, 0);
    cluster.stop(leaving);
    DatasetRecord before = cluster.dataset();
    cluster.change(
        before.with(before.shards().getFirst().moving(Optional.of("d"), Optional.of(leaving))));
    within(
        Cluster.PATIENCE,
        "settled",
        () ->
            cluster.dataset().shards().getFirst().leaving().isEmpty()
                && cluster.dataset().shards().getFirst().nodes().contains("d"));
    assertTrue(Files.exists(cluster.folder(leaving, 0)));
    cluster.start(leaving);
    within(Cluster.PATIENCE, "deleted", () -> !Files.exists(cluster.folder(leaving, 0)));
    within(
        Cluster.PATIENCE,
        "the other one is open",
        () -> cluster.store(leaving).status().stream().anyMatch(s -> s.shard() == 1));
    cluster.write(0, put("y", "{}"));
    assertEquals(2, cluster.sameContents(0, cluster.dataset().shards().getFirst().nodes()).size());
  }

  private static Operation put(String id, String json) {
    return new Operation.Put(id, json.getBytes(StandardCharsets.UTF_8));
  }
}
