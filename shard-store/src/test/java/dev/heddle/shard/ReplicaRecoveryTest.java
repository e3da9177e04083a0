package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Query;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.Role;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Replicas that were away, crashed, or lost their disk for a while. */
@Timeout(300)
class ReplicaRecoveryTest {
  private static final String[] NODES = {"a", "b", "c"};

  @TempDir Path directory;
  private final List<Cluster> clusters = new ArrayList<>();

  private static final Pattern SEGMENT = Pattern.compile("log_(?:inprogress_)?(\\d+)(?:-\\d+)?");

  @AfterEach
  void stop() {
    clusters.forEach(Cluster::close);
  }

  @Test
  void aFollowerThatWasAwayWhileTheLogWasCutFetchesTheState() throws IOException {
    Cluster cluster = cluster(Cluster.Pace.eager());
    Random random = new Random(Seed.draw());
    for (int round = 0; round < 2; round++) {
      write(cluster, random, 30);
      String away = cluster.follower(0);
      cluster.current(away, 0);
      cluster.stop(away);
      write(cluster, random, 60);
      awaitCut(cluster);
      write(cluster, random, 5);
      int before = cluster.fetches();
      cluster.start(away);
      List<String> contents = cluster.sameContents(0, List.of(NODES));
      assertTrue(contents.size() > 10);
      int fetched = cluster.fetches();
      assertTrue(fetched > before, () -> fetched + " fetches");
      // Nothing of the fetch is left, and the next start needs none.
      assertFalse(Files.exists(cluster.folder(away, 0).resolve("incoming")));
      assertFalse(Files.exists(cluster.folder(away, 0).resolve("replaced")));
      cluster.crash(away);
      cluster.start(away);
      assertEquals(contents, cluster.sameContents(0, List.of(NODES)));
      assertEquals(fetched, cluster.fetches());
    }
  }

  @Test
  void aReplicaThatFetchesAStateDoesNotPassForCurrent() {
    Cluster cluster = cluster(Cluster.Pace.eager());
    Random random = new Random(Seed.draw());
    write(cluster, random, 30);
    String away = cluster.follower(0);
    cluster.current(away, 0);
    cluster.stop(away);
    write(cluster, random, 30);
    awaitCut(cluster);
    WriteResult last = cluster.write(0, put("last", "{}"));
    cluster.holdFetches();
    cluster.start(away);
    within(
        Cluster.PATIENCE,
        "it fetches",
        () -> {
          Optional<ShardStatus> status = cluster.replica(away, 0);
          status.ifPresent(now -> assertFalse(now.available(), now.toString()));
          return status.filter(now -> now.progress().isPresent()).isPresent();
        });
    assertTrue(cluster.replica(away, 0).orElseThrow().stalenessMicros() > 60_000_000);
    assertTrue(cluster.store(away).get("d1", 0, "last").stalenessMicros() > 60_000_000);
    cluster.letFetchesGo();
    within(
        Cluster.PATIENCE,
        "it is current",
        () -> {
          ShardStatus now = cluster.replica(away, 0).orElseThrow();
          assertTrue(!now.available() || now.applied() >= last.index(), now.toString());
          return now.available() && now.lag() == 0 && now.stalenessMicros() < 60_000_000;
        });
    cluster.sameContents(0, List.of(NODES));
  }

  @Test
  void whatAFetchedStateKnowsIsRepeatedByItsReplica() throws IOException {
    Cluster cluster = cluster(Cluster.Pace.eager());
    String away = cluster.follower(0);
    cluster.current(away, 0);
    cluster.stop(away);
    RequestId request = cluster.request();
    List<Operation> once =
        List.of(new Operation.Put("once", bytes("{\"size\":1}"), OptionalLong.of(0)));
    WriteResult first = cluster.write(0, request, once);
    write(cluster, new Random(1), 40);
    awaitCut(cluster);
    cluster.start(away);
    cluster.current(away, 0);
    assertTrue(cluster.fetches() >= 1);
    // Until that one leads.
    for (int i = 0; i < 10 && !cluster.leader(0).equals(away); i++) {
      String leader = cluster.leader(0);
      cluster.stop(leader);
      assertFalse(cluster.leader(0).equals(leader));
      cluster.start(leader);
      cluster.current(leader, 0);
      cluster.current(away, 0);
    }
    assertEquals(first, cluster.write(0, request, once));
  }

  @Test
  void aCrashBetweenIndexAndCommitIsReplayedFromTheLog() {
    Cluster cluster = cluster(Cluster.Pace.lazy());
    Random random = new Random(Seed.draw());
    write(cluster, random, 60);
    List<String> before = cluster.sameContents(0, List.of(NODES));
    for (String node : NODES) {
      cluster.crash(node);
      cluster.start(node);
      cluster.current(node, 0);
      assertEquals(before, cluster.contents(node, 0), node);
    }
    // All at once: the logs are all there is.
    for (String node : NODES) {
      cluster.crash(node);
    }
    for (String node : NODES) {
      cluster.start(node);
    }
    assertEquals(before, cluster.sameContents(0, List.of(NODES)));
    write(cluster, random, 10);
    cluster.sameContents(0, List.of(NODES));
  }

  @Test
  void anImageOfTheFilesAtSomeMomentReplaysToTheSameContent() throws IOException {
    Cluster cluster = cluster(Cluster.Pace.lazy());
    Random random = new Random(Seed.draw());
    write(cluster, random, 40);
    List<String> before = cluster.sameContents(0, List.of(NODES));
    String node = cluster.follower(0);
    Path image = directory.resolve("image");
    CrashImage.copy(cluster.folder(node, 0), image);
    cluster.stop(node);
    delete(cluster.folder(node, 0));
    CrashImage.copy(image, cluster.folder(node, 0));
    cluster.start(node);
    assertEquals(before, cluster.sameContents(0, List.of(NODES)));
  }

  @Test
  void aFailingDiskClosesOneReplicaWhoseReadsGoOn() {
    Cluster cluster = cluster(Cluster.Pace.eager());
    for (String failing : List.of(cluster.follower(0), cluster.leader(0))) {
      write(cluster, new Random(failing.hashCode()), 10);
      List<String> before = cluster.sameContents(0, List.of(NODES));
      cluster.fail(failing, true);
      cluster.write(0, put("after " + failing, "{}"));
      within(
          Cluster.PATIENCE,
          "the failure is told",
          () -> {
            // It is opened again and again meanwhile, and reads what it has.
            readable(cluster, failing, before);
            return !cluster.store(failing).status("d1", 0).available();
          });
      WriteResult last = cluster.write(0, put("last " + failing, "{}"));
      for (String node : NODES) {
        if (!node.equals(failing)) {
          cluster.current(node, 0);
          assertTrue(cluster.store(node).status("d1", 0).available());
          assertTrue(cluster.store(node).get("d1", 0, "last " + failing).document().isPresent());
        }
      }
      cluster.fail(failing, false);
      within(
          Cluster.PATIENCE,
          "opened again in place",
          () -> {
            ShardStatus status = cluster.store(failing).status("d1", 0);
            return status.available()
                && status.role() != Role.CLOSED
                && status.applied() >= last.index();
          });
      cluster.sameContents(0, List.of(NODES));
    }
  }

  /** Whatever it has is whole: all of a state that once was, or it says that it is being opened. */
  private static void readable(Cluster cluster, String node, List<String> before) {
    if (!cluster.store(node).status("d1", 0).available()) {
      return;
    }
    try (ShardReader reader = cluster.store(node).open("d1", 0, scope())) {
      assertTrue(reader.count(new Query.All()) >= 0);
      assertTrue(reader.documents() <= before.size() + 1);
    } catch (HeddleException e) {
      assertTrue(
          e.code() == ErrorCode.UNAVAILABLE || e.code() == ErrorCode.STORAGE_FAILED,
          e.getMessage());
    }
  }

  /** Writes until no log reaches back to what was written first here. */
  private static void awaitCut(Cluster cluster) {
    String entry = "{\"extra\":\"" + "x".repeat(100_000) + "\"}";
    long first = cluster.write(0, put("cut", entry)).index();
    for (String node : cluster.names()) {
      Path log = cluster.folder(node, 0).resolve("log");
      within(
          Cluster.PATIENCE,
          "the log of " + node + " is cut",
          () -> {
            cluster.write(0, put("cut", entry));
            try (Stream<Path> files = Files.walk(log)) {
              return files.mapToLong(ReplicaRecoveryTest::firstIndex).min().orElseThrow() > first;
            } catch (UncheckedIOException e) {
              // It goes right now.
              return false;
            }
          });
    }
  }

  /** Of a segment; of anything else the largest number. */
  private static long firstIndex(Path file) {
    Matcher segment = SEGMENT.matcher(file.getFileName().toString());
    return segment.matches() ? Long.parseLong(segment.group(1)) : Long.MAX_VALUE;
  }

  private Cluster cluster(Cluster.Pace pace) {
    Cluster cluster = new Cluster(directory.resolve("cluster"), pace, NODES);
    clusters.add(cluster);
    cluster.create(Things.SCHEMA, 1, NODES);
    return cluster;
  }

  private static void write(Cluster cluster, Random random, int batches) {
    for (int i = 0; i < batches; i++) {
      String id = "d" + random.nextInt(30);
      if (random.nextInt(4) == 0) {
        cluster.write(0, new Operation.Delete(id));
      } else {
        cluster.write(
            0,
            put(id, "{\"size\":" + i + "}"),
            put("d" + random.nextInt(30), "{\"title\":\"" + i + "\"}"));
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(folder)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.delete(file);
    }
  }

  private static ReadScope scope() {
    return new ReadScope(
        StatisticsSnapshot.of(ShardStatistics.NONE), () -> false, new ShardMeter());
  }

  private static Operation put(String id, String json) {
    return new Operation.Put(id, bytes(json));
  }

  private static byte[] bytes(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
