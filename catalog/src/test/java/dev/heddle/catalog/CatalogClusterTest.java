package dev.heddle.catalog;

import static dev.heddle.process.testing.Eventually.eventually;
import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.Cluster.Node;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualTicker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Several members in one JVM: the catalog lives as long as a majority of its voters does. */
@Timeout(300)
class CatalogClusterTest {
  private final List<Cluster> clusters = new ArrayList<>();

  @TempDir Path directory;

  @AfterEach
  void close() {
    clusters.forEach(Cluster::close);
  }

  private Cluster cluster() {
    return kept(new Cluster(directory));
  }

  private Cluster kept(Cluster cluster) {
    clusters.add(cluster);
    return cluster;
  }

  private static void refused(ErrorCode code, String words, Executable what) {
    HeddleException failure = assertThrows(HeddleException.class, what);
    assertSame(code, failure.code(), failure.getMessage());
    assertTrue(failure.getMessage().contains(words), failure.getMessage());
  }

  @Test
  void emptyNodesNeverFormAClusterAndJoinOneWhenItAppears() {
    Cluster cluster = cluster();
    Node one = cluster.join("n1", "n2");
    Node two = cluster.start("n2", false, List.of("n1", "n0"), Cluster.TTL);
    long start = System.nanoTime();
    eventually("they ask for some time", () -> System.nanoTime() - start > 1_500_000_000L);
    for (Node node : List.of(one, two)) {
      assertEquals(Optional.empty(), node.server().clusterId());
      assertEquals(List.of(), node.voters());
      assertFalse(node.client().ready());
      assertFalse(node.server().ready());
      refused(
          ErrorCode.NOT_LEADER,
          "not a voter",
          () -> node.server().write(List.of(Cluster.put("a", "1"))));
      refused(ErrorCode.NOT_LEADER, "not a voter", () -> node.server().watch(() -> {}, "", 0));
    }
    refused(ErrorCode.UNAVAILABLE, "none yet", () -> one.server().join("n2", true));
    Node founder = cluster.found("n0");
    for (Node node : List.of(one, two)) {
      within(
          Cluster.PATIENCE,
          node.name() + " joins, by the one that it knows",
          () -> node.server().clusterId().isPresent());
      assertEquals(founder.server().clusterId(), node.server().clusterId());
    }
    cluster.awaitVoters(3);
    assertTrue(one.client().ready());
  }

  @Test
  void anEmptyNodeWithoutAnyoneToAskIsRefused() {
    Cluster cluster = cluster();
    refused(
        ErrorCode.INVALID_REQUEST,
        "expected: a member to ask, or to be told to bootstrap",
        () -> cluster.start("n0", false, List.of(), Cluster.TTL));
  }

  @Test
  void votersGrowFromOneToThreeToFiveAndAreNeverTwoOrFour() throws Exception {
    Cluster cluster = cluster();
    Node first = cluster.found("n0");
    cluster.awaitVoters(1);
    Set<Integer> sizes = new ConcurrentSkipListSet<>();
    AtomicBoolean done = new AtomicBoolean();
    Thread sampler =
        Thread.ofVirtual()
            .start(() -> {
              while (!done.get()) {
                sizes.add(first.voters().size());
                LockSupport.parkNanos(100_000);
              }
            });
    cluster.join("n1", "n0");
    cluster.awaitKnown("n1");
    // The leader knows of it before it hears so.
    within(
        Cluster.PATIENCE,
        "it knows which cluster it is in",
        () -> first.server().clusterId().equals(cluster.node("n1").server().clusterId()));
    assertEquals(List.of("n0"), first.voters());
    // The one that it knows is not a voter itself, but knows who is.
    cluster.join("n2", "n1");
    cluster.awaitVoters(3);
    cluster.join("n3", "n0");
    cluster.awaitKnown("n3");
    assertEquals(3, cluster.leader().voters().size());
    within(
        Cluster.PATIENCE,
        "it knows who votes",
        () -> cluster.node("n3").voters().equals(List.of("n0", "n1", "n2")));
    cluster.join("n4", "n3");
    cluster.awaitVoters(5);
    long revision = Cluster.write(cluster.client("n4"), "a", "1");
    for (String name : cluster.leader().voters()) {
      cluster.awaitRevision(name, revision);
    }
    done.set(true);
    sampler.join();
    assertEquals(Set.of(1, 3, 5), sizes);
    assertEquals(List.of("n0", "n1", "n2", "n3", "n4"), first.voters().stream().sorted().toList());
  }

  @Test
  void whenTheLeaderIsLostWritesGoOnAndNobodyGoesBack() {
    Cluster cluster = cluster().ofThree();
    CatalogClient writer = cluster.client("n0", "n1", "n2");
    CatalogClient watcher = cluster.client("n1");
    List<Long> seen = new CopyOnWriteArrayList<>();
    watcher.onChange(view -> seen.add(view.revision()));
    long before = Cluster.write(writer, "a", "0");
    Node lost = cluster.leader();
    cluster.kill(lost.name());
    for (int i = 1; i <= 5; i++) {
      Cluster.write(writer, "a", "" + i);
    }
    assertNotEquals(lost.name(), cluster.leader().name());
    within(Cluster.PATIENCE, "the watcher sees it", () -> text(watcher, "a").equals("5"));
    List<Long> sorted = seen.stream().sorted().toList();
    assertEquals(sorted, seen);
    // One write each: nothing was applied twice on the way.
    long apps = writer.view().revisionOf(CatalogKeys.app("default", "a")) - before;
    assertTrue(apps >= 5, "revisions " + apps);
    cluster.start(lost.name(), false, List.of(), Cluster.TTL);
    cluster.awaitRevision(lost.name(), cluster.leader().server().revision());
    cluster.awaitServing(lost.name());
    assertEquals(3, cluster.leader().voters().size());
  }

  private static String text(CatalogClient client, String app) {
    return client.view().app("default", app).map(AppRecord::yaml).orElse("");
  }

  @Test
  void aClientThatKnowsOnlyAFollowerFindsTheLeader() {
    Cluster cluster = cluster().ofThree();
    String follower = cluster.followers().getFirst();
    refused(
        ErrorCode.NOT_LEADER,
        "leader: " + cluster.leader().name(),
        () -> cluster.node(follower).server().write(List.of(Cluster.put("a", "0"))));
    CatalogClient client = cluster.client(follower);
    Cluster.write(client, "a", "1");
    assertEquals("1", text(client, "a"));
  }

  @Test
  void underANewLeaderEveryLeaseHasItsFullTimeAgain() {
    ManualTicker ticker = new ManualTicker();
    CatalogConfig config = Cluster.config(Cluster.quick());
    CatalogConfig manual =
        new CatalogConfig(
            config.maxEntry(),
            config.maxEntries(),
            config.maxTotal(),
            config.maxChanges(),
            config.maxWatchers(),
            config.watcherBuffer(),
            config.minTtl(),
            config.maxTtl(),
            Duration.ofHours(1),
            config.replication());
    Cluster cluster = kept(new Cluster(directory, ticker, manual, Cluster.elections())).ofThree();
    NodeRecord silent = new NodeRecord("silent", "1", Set.of("gateway"), "127.0.0.1:1", "", "", "");
    Node before = cluster.leader();
    before.server().renew(silent, CatalogJson.write(silent), Duration.ofMinutes(1));
    ticker.advance(Duration.ofSeconds(59));
    cluster.kill(before.name());
    Node after = cluster.leader();
    cluster.awaitServing(after.name());
    assertEquals(0, before.server().expire());
    after.server().expire();
    assertTrue(Cluster.view(after.server()).node("silent").isPresent());
    ticker.advance(Duration.ofSeconds(59));
    after.server().expire();
    assertTrue(Cluster.view(after.server()).node("silent").isPresent());
    ticker.advance(Duration.ofSeconds(1));
    within(
        Cluster.PATIENCE,
        "it ends",
        () -> {
          after.server().expire();
          return Cluster.view(after.server()).node("silent").isEmpty();
        });
  }

  @Test
  void aWriteThatIsTriedAgainElsewhereAppliesOnce() {
    Cluster cluster = cluster().ofThree();
    Command.Call call = new Command.Call(UUID.randomUUID(), 1);
    Node first = cluster.leader();
    Command.Write write =
        new Command.Write(
            Optional.of(call), List.of(Cluster.put("a", "1")), first.server().limits());
    long revision = first.server().write(write);
    assertEquals(revision, first.server().write(write));
    cluster.kill(first.name());
    Node second = cluster.leader();
    second.server().write(List.of(Cluster.put("a", "2")));
    assertEquals(revision, second.server().write(write));
    assertEquals("2", Cluster.view(second.server()).app("default", "a").orElseThrow().yaml());
  }
}
