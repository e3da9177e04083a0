package dev.heddle.cli.chaos;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.loadtest.chaos.ClusterLayout;
import dev.heddle.loadtest.chaos.DocumentsGrpcClient;
import dev.heddle.loadtest.chaos.Leaders;
import dev.heddle.loadtest.chaos.Pacing;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.chaos.ReadLevel;
import dev.heddle.loadtest.chaos.ReplicaComparison;
import dev.heddle.loadtest.chaos.ReplicasGrpcClient;
import dev.heddle.loadtest.chaos.SmallDisk;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A leaf whose data lies on a small disk of its own, which is filled up. */
@Tag("chaos")
@Timeout(1_200)
class FullDiskTest {
  private static final DataSize SIZE = DataSize.ofMiB(160);
  private static final Duration START = Duration.ofMinutes(3);

  /**
   * A shard whose disk was full is opened again every ten seconds, on a machine that may be busy.
   */
  private static final Duration SOON = Duration.ofMinutes(3);

  private static final Duration CALL = Duration.ofSeconds(20);
  private static final Duration SCAN = Duration.ofSeconds(60);

  /** Calls in one test that may come to nothing on a machine that stands still now and then. */
  private static final int MOST_AGAIN = 10;

  private static final int MOST_SETUPS = 5;

  @TempDir Path directory;

  private final Closer closer = new Closer();
  private final Map<String, String> written = new HashMap<>();
  private int attempts;
  private int again;

  @AfterEach
  void close() {
    closer.close();
  }

  private SmallDisk disk() throws Exception {
    var home = Files.createDirectories(directory.resolve("leaf-1"));
    var data = Files.createDirectories(home.resolve("data"));
    var missing = SmallDisk.missing(data);
    assumeTrue(missing.isEmpty(), () -> "skipped: " + missing);
    return closer.register("disk", new SmallDisk(data, SIZE));
  }

  private ProcessCluster cluster(int leaves) throws InterruptedException {
    var plan =
        ClusterLayout.Plan.loopback(directory, leaves, 0)
            .withMore("leaf:\n  shards:\n    keep-free: 48MiB\n");
    var cluster =
        closer.register(
            "cluster",
            new ProcessCluster(ClusterLayout.of(plan), NodeJava.command(), Ticker.system()));
    cluster.start(START);
    return cluster;
  }

  private DocumentsGrpcClient client(ProcessCluster cluster) {
    return client(cluster, "heap");
  }

  private DocumentsGrpcClient client(ProcessCluster cluster, String dataset) {
    var channels = closer.register("channels to " + dataset, new Channels(Credentials.none()));
    return new DocumentsGrpcClient(
        channels, cluster.layout().coordinators(), Optional.empty(), dataset, CALL);
  }

  /** Why a write fails; empty: it does not. */
  private Optional<ErrorCode> write(DocumentsGrpcClient client) {
    var id = "document-" + ++attempts;
    var json = "{\"v\":\"" + id + "\",\"text\":\"" + "x".repeat(4_000) + "\"}";
    try {
      client.put(id, json, OptionalLong.empty());
      written.put(id, json);
      return Optional.empty();
    } catch (HeddleException e) {
      return Optional.of(e.code());
    }
  }

  /** The outcome of a write that has one, if only after some more. */
  private Optional<ErrorCode> outcome(DocumentsGrpcClient client) {
    var outcome = write(client);
    while (outcome.isPresent()
        && outcome.get().kind() == ErrorCode.Kind.INTERNAL
        && again < MOST_AGAIN) {
      again++;
      outcome = write(client);
    }
    return outcome;
  }

  private void assertAllThere(DocumentsGrpcClient client) throws InterruptedException {
    var there = new HashMap<String, String>();
    Pacing.retried(SCAN, Ticker.system(), () -> client.scan(ReadLevel.LINEARIZABLE))
        .forEach(each -> there.put(each.id(), each.json()));
    written.forEach((id, json) -> assertEquals(json, there.get(id), id));
  }

  /**
   * Three leaves with a replica each.
   *
   * @param scans a client for them
   */
  private record Three(
      ProcessCluster cluster,
      DocumentsGrpcClient client,
      ReplicasGrpcClient scans,
      String datasetId,
      Leaders leaders) {}

  /** Three leaves, of which the one with the small disk follows. */
  private Three threeLedByAnother() throws Exception {
    var cluster = cluster(3);
    var client = client(cluster);
    client.create(1, 3);
    within(SOON, "first write", () -> write(client).isEmpty());
    var channels = closer.register("inside", new Channels(Credentials.none()));
    var replicas = new ReplicasGrpcClient(channels, Duration.ofSeconds(2));
    var datasetId = client.datasetId();
    var leaders = new Leaders(cluster, replicas, datasetId);
    var scans = new ReplicasGrpcClient(channels, SCAN);
    var three = new Three(cluster, client, scans, datasetId, leaders);
    follow(three);
    return three;
  }

  private void follow(Three three) throws Exception {
    three.cluster().kill("leaf-1");
    within(SOON, "the others go on", () -> write(three.client()).isEmpty());
    three.cluster().start(START);
    within(
        SOON,
        "it is back, as a follower",
        () ->
            three.leaders().replicas().size() == 3
                && three
                    .leaders()
                    .leader(0)
                    .filter(leader -> !leader.equals("leaf-1"))
                    .isPresent());
  }

  /**
   * Takes all the space of the one that follows. Returns the leader: where a busy machine has made
   * another one of it in between, all is done again.
   */
  private String fill(SmallDisk disk, Three three) throws Exception {
    for (int i = 0; i < MOST_SETUPS; i++) {
      disk.fill(DataSize.ofKiB(0));
      within(SOON, "a leader", () -> three.leaders().leader(0).isPresent());
      var leader = three.leaders().leader(0);
      if (leader.isPresent() && !leader.get().equals("leaf-1")) {
        return leader.get();
      }
      disk.empty();
      follow(three);
    }
    throw new AssertionError("leaf-1 leads again and again (expected: another one)");
  }

  private void assertAlike(Three three) throws Exception {
    var comparison =
        ReplicaComparison.of(
            three.cluster(),
            three.leaders(),
            three.scans(),
            three.datasetId(),
            1,
            3,
            SOON,
            Ticker.system());
    assertEquals(List.of(), comparison.problems());
    assertAllThere(three.client());
  }

  @Test
  void refusesWritesAndServesReadsUntilThereIsSpaceAgain() throws Exception {
    var disk = disk();
    var cluster = cluster(1);
    var client = client(cluster);
    client.create(1, 1);
    within(SOON, "first write", () -> write(client).isEmpty());
    for (int i = 0; i < 200; i++) {
      assertEquals(Optional.empty(), outcome(client));
    }

    disk.fill(DataSize.ofMiB(40));

    within(
        SOON,
        "refuses for want of space",
        () -> write(client).equals(Optional.of(ErrorCode.STORAGE_FULL)));
    assertAllThere(client);
    // Somebody else takes all the rest.
    disk.fill(DataSize.ofKiB(0));
    for (int i = 0; i < 20; i++) {
      assertEquals(Optional.of(ErrorCode.STORAGE_FULL), outcome(client));
    }
    assertAllThere(client);
    assertTrue(cluster.running("leaf-1"), "the process lives");

    disk.empty();

    within(SOON, "takes writes again", () -> write(client).isEmpty());
    assertAllThere(client);
    cluster.kill("leaf-1");
    cluster.start(START);
    within(SOON, "takes writes after a restart", () -> write(client).isEmpty());
    assertAllThere(client);
  }

  @Test
  void aReplicaWithoutSpaceHoldsNobodyUpAndCatchesUp() throws Exception {
    var disk = disk();
    var three = threeLedByAnother();
    var cluster = three.cluster();
    var client = three.client();

    var _ = fill(disk, three);

    for (int i = 0; i < 300; i++) {
      assertEquals(Optional.empty(), outcome(client), "write " + i);
    }
    assertAllThere(client);
    assertTrue(cluster.running("leaf-1"), "the process lives");

    disk.empty();

    within(SOON, "takes writes", () -> write(client).isEmpty());
    assertAlike(three);
    assertTrue(
        Pacing.retried(
                SCAN,
                Ticker.system(),
                () -> client.get(written.keySet().iterator().next(), ReadLevel.LINEARIZABLE))
            .isPresent());
  }

  @Test
  void aReplicaThatIsAskedForItsVoteWithoutSpaceComesBack() throws Exception {
    var disk = disk();
    var three = threeLedByAnother();
    var cluster = three.cluster();
    var client = three.client();

    cluster.kill(fill(disk, three));
    // Neither of the two that are left can win without the vote of the other.
    write(client);
    cluster.start(START);
    disk.empty();

    within(SOON, "takes writes", () -> write(client).isEmpty());
    assertAlike(three);

    // Of the two members of the catalog that are left it takes both.
    cluster.kill(cluster.running("leaf-2") ? "leaf-2" : "leaf-3");
    var more = client(cluster, "more");
    within(SOON, "the catalog takes changes", () -> created(more));
  }

  private static boolean created(DocumentsGrpcClient client) {
    try {
      client.create(1, 1);
      return true;
    } catch (HeddleException e) {
      return e.code() == ErrorCode.ALREADY_EXISTS;
    }
  }
}
