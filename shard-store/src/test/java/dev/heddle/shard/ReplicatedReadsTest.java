package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.function.Query;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.replication.Role;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What reads on any of three replicas see. */
@Timeout(300)
class ReplicatedReadsTest {
  private static final String[] NODES = {"a", "b", "c"};
  private static final long SOON_SECONDS = 60;

  @TempDir Path directory;
  private Cluster cluster;

  @BeforeEach
  void start() {
    cluster = new Cluster(directory, Cluster.Pace.lazy(), NODES);
    cluster.create(Things.SCHEMA, 1, NODES);
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  @Test
  void aSessionReadWaitsForItsPositionAndSeesIt() throws Exception {
    WriteResult first = cluster.write(0, put("x0", "{}"));
    for (String node : NODES) {
      cluster.current(node, 0);
      // Of an entry that is yet to come.
      ShardPosition later =
          new ShardPosition(first.incarnation(), cluster.store(node).status("d1", 0).applied() + 1);
      CompletableFuture<Long> searched = session(node, later, true);
      CompletableFuture<Long> got = session(node, later, false);
      assertFalse(searched.isDone());
      assertFalse(got.isDone());
      WriteResult next = cluster.write(0, put("x" + node, "{}"));
      assertTrue(next.index() >= later.index());
      got.get(SOON_SECONDS, TimeUnit.SECONDS);
      searched.get(SOON_SECONDS, TimeUnit.SECONDS);
      ShardPosition written = new ShardPosition(next.incarnation(), next.index());
      session(node, written, true).get(SOON_SECONDS, TimeUnit.SECONDS);
      assertTrue(cluster.contents(node, 0).contains("x" + node + '@' + next.index() + "={}"));
      try (ShardReader reader = cluster.store(node).open("d1", 0, scope())) {
        assertTrue(reader.position() >= next.index());
        assertTrue(reader.get("x" + node).isPresent());
      }
    }
  }

  @Test
  void whoWroteFindsItOnEveryReplica() throws Exception {
    long seed = Seed.draw();
    Random random = new Random(seed);
    for (int i = 0; i < 40; i++) {
      String id = "x" + random.nextInt(10);
      WriteResult written = cluster.write(0, put(id, "{\"size\":" + i + "}"));
      ShardPosition position = new ShardPosition(written.incarnation(), written.index());
      String node = NODES[random.nextInt(NODES.length)];
      boolean searched = random.nextBoolean();
      session(node, position, searched).get(SOON_SECONDS, TimeUnit.SECONDS);
      if (searched) {
        try (ShardReader reader = cluster.store(node).open("d1", 0, scope())) {
          assertEquals(
              1,
              reader.count(new Query.Range("size", (long) i, null, (long) i, null)),
              "seed " + seed);
        }
      } else {
        ReadDocument read = cluster.store(node).get("d1", 0, id);
        assertEquals(written.index(), read.document().orElseThrow().version(), "seed " + seed);
        assertTrue(read.index() >= written.index());
      }
    }
  }

  /** One writer, and readers that go from replica to replica with what they have seen. */
  @Test
  void aSessionNeverGoesBack() throws Exception {
    long seed = Seed.draw();
    AtomicBoolean done = new AtomicBoolean();
    try (ExecutorService readers = Executors.newFixedThreadPool(3)) {
      List<Future<Integer>> running = new ArrayList<>();
      for (int reader = 0; reader < 3; reader++) {
        Random random = new Random(seed + reader);
        running.add(readers.submit(() -> sessions(random, done, seed)));
      }
      for (int i = 1; i <= 150; i++) {
        // Every third time it goes, and comes again.
        cluster.write(0, i % 3 == 0 ? new Operation.Delete("x") : put("x", "{\"size\":" + i + "}"));
      }
      done.set(true);
      for (Future<Integer> reader : running) {
        assertTrue(reader.get() > 10);
      }
    }
  }

  private int sessions(Random random, AtomicBoolean done, long seed) throws Exception {
    Optional<ShardPosition> seen = Optional.empty();
    long version = 0;
    boolean gone = false;
    int reads = 0;
    for (; !done.get() || reads <= 10; reads++) {
      String node = NODES[random.nextInt(NODES.length)];
      cluster
          .store(node)
          .ready("d1", 0, ReadLevel.SESSION, seen, false)
          .get(SOON_SECONDS, TimeUnit.SECONDS);
      ReadDocument read = cluster.store(node).get("d1", 0, "x");
      String hint = "seed " + seed + " on " + node + " at " + read.index();
      assertTrue(read.index() >= seen.map(ShardPosition::index).orElse(-1L), hint);
      if (read.document().isPresent()) {
        long found = read.document().get().version();
        assertTrue(gone ? found > version : found >= version, hint);
        assertTrue(found <= read.index(), hint);
        version = found;
        gone = false;
      } else if (version > 0) {
        gone = true;
        version = Math.max(version, read.index());
      }
      seen = Optional.of(new ShardPosition(read.incarnation(), read.index()));
    }
    return reads;
  }

  @Test
  void aLinearizableReadSeesTheLastAcknowledgedWriteOnEveryReplica() throws Exception {
    for (int i = 0; i < 20; i++) {
      WriteResult written = cluster.write(0, put("x", "{\"size\":" + i + "}"));
      for (String node : NODES) {
        cluster.current(node, 0);
        assertEquals(
            written.index(),
            cluster.store(node).get("d1", 0, "x").document().orElseThrow().version());
        assertEquals(
            List.of("x@" + written.index() + "={\"size\":" + i + "}"), cluster.contents(node, 0));
      }
    }
    within(
        Cluster.PATIENCE,
        "the leader is as old as what a majority last answered",
        () -> cluster.store(cluster.leader(0)).get("d1", 0, "x").stalenessMicros() < 60_000_000);
  }

  @Test
  void aPositionOfAnotherHistoryIsLostAtOnce() {
    WriteResult written = cluster.write(0, put("x", "{}"));
    String dropped = written.incarnation();
    assertLost(new ShardPosition(UUID.randomUUID().toString(), 1));
    DatasetRecord before = cluster.dataset();
    LocalCatalog.write(cluster.catalog(), List.of(Change.delete(before.key())));
    DatasetRecord again =
        new DatasetRecord(
            before.tenant(),
            before.name(),
            before.id(),
            before.schema(),
            1,
            3,
            List.of(new ShardPlacement(0, 1, UUID.randomUUID().toString(), List.of(NODES))),
            before.createdAt());
    cluster.await(cluster.change(again), NODES);
    cluster.write(0, put("y", "{}"));
    assertLost(new ShardPosition(dropped, written.index()));
    assertLost(new ShardPosition(dropped, written.index() + 1_000_000));
    assertEquals(1, cluster.sameContents(0, List.of(NODES)).size());
  }

  private void assertLost(ShardPosition position) {
    for (String node : NODES) {
      CompletableFuture<Long> ready = session(node, position, true);
      assertTrue(ready.isDone(), "at once");
      ExecutionException failure = assertThrows(ExecutionException.class, ready::get);
      assertEquals(
          ErrorCode.POSITION_LOST,
          assertInstanceOf(HeddleException.class, failure.getCause()).code());
    }
  }

  @Test
  void withoutAMajorityReadsGoOnThatDoNotNeedOne() throws Exception {
    WriteResult written = cluster.write(0, put("x", "{}"));
    String last = cluster.follower(0);
    cluster.current(last, 0);
    within(
        Cluster.PATIENCE,
        "it knows how old it is",
        () ->
            cluster.store(last).get("d1", 0, "x").stalenessMicros()
                < Currency.UNKNOWN.toMillis() * 1_000);
    for (String node : NODES) {
      if (!node.equals(last)) {
        cluster.stop(node);
      }
    }
    session(last, new ShardPosition(written.incarnation(), written.index()), true)
        .get(SOON_SECONDS, TimeUnit.SECONDS);
    assertEquals(List.of("x@" + written.index() + "={}"), cluster.contents(last, 0));
    long stale = cluster.store(last).get("d1", 0, "x").stalenessMicros();
    within(
        Cluster.PATIENCE,
        "it says that it grows older",
        () -> cluster.store(last).get("d1", 0, "x").stalenessMicros() > stale + 200_000);
    assertEquals(
        ErrorCode.NO_MAJORITY,
        code(cluster.store(last).ready("d1", 0, ReadLevel.LINEARIZABLE, Optional.empty(), true)));
    AtomicReference<ErrorCode> refusal = new AtomicReference<>(ErrorCode.INTERNAL);
    within(
        Cluster.PATIENCE,
        "it knows of no leader",
        () -> {
          HeddleException refused =
              assertThrows(
                  HeddleException.class,
                  () ->
                      cluster
                          .store(last)
                          .write(
                              "d1",
                              0,
                              cluster.request(),
                              List.of(put("y", "{}")),
                              Deadline.after(Duration.ofSeconds(5), Ticker.system())));
          refusal.set(refused.code());
          return refused.code() != ErrorCode.NOT_LEADER;
        });
    assertEquals(ErrorCode.NO_MAJORITY, refusal.get());
    for (String node : NODES) {
      if (!node.equals(last)) {
        cluster.start(node);
      }
    }
    cluster.write(0, put("y", "{}"));
    assertEquals(2, cluster.sameContents(0, List.of(NODES)).size());
  }

  @Test
  void aLeaderWithoutFollowersAcknowledgesNothing() {
    cluster.write(0, put("x", "{}"));
    String leader = cluster.leader(0);
    for (String node : NODES) {
      if (!node.equals(leader)) {
        cluster.stop(node);
      }
    }
    RequestId request = cluster.request();
    HeddleException refused =
        assertThrows(
            HeddleException.class,
            () ->
                cluster
                    .store(leader)
                    .write(
                        "d1",
                        0,
                        request,
                        List.of(put("y", "{}")),
                        Deadline.after(Duration.ofSeconds(2), Ticker.system())));
    assertTrue(
        List.of(
                ErrorCode.DEADLINE_EXCEEDED,
                ErrorCode.UNAVAILABLE,
                ErrorCode.NO_MAJORITY,
                ErrorCode.NOT_LEADER)
            .contains(refused.code()),
        refused.getMessage());
    assertTrue(cluster.store(leader).get("d1", 0, "y").document().isEmpty());
    within(
        Cluster.PATIENCE,
        "steps down",
        () -> cluster.store(leader).status("d1", 0).role() != Role.LEADER);
    for (String node : NODES) {
      if (!node.equals(leader)) {
        cluster.start(node);
      }
    }
    // Whoever asks again by the same name has it done once.
    WriteResult written = cluster.write(0, request, List.of(put("y", "{}")));
    assertEquals(
        List.of("x", "y@" + written.index() + "={}"),
        cluster.sameContents(0, List.of(NODES)).stream()
            .map(line -> line.startsWith("x@") ? "x" : line)
            .toList());
  }

  @Test
  void aReaderThatGivesUpIsForgotten() {
    WriteResult written = cluster.write(0, put("x", "{}"));
    String node = cluster.follower(0);
    ShardPosition never = new ShardPosition(written.incarnation(), 1_000_000_000);
    for (int i = 0; i < 12_000; i++) {
      CompletableFuture<Long> ready = session(node, never, true);
      assertFalse(ready.isDone(), "as others made room");
      ready.cancel(false);
    }
  }

  private CompletableFuture<Long> session(String node, ShardPosition position, boolean searched) {
    return cluster.store(node).ready("d1", 0, ReadLevel.SESSION, Optional.of(position), searched);
  }

  private static ErrorCode code(CompletableFuture<Long> ready) {
    ExecutionException failure =
        assertThrows(ExecutionException.class, () -> ready.get(SOON_SECONDS, TimeUnit.SECONDS));
    return assertInstanceOf(HeddleException.class, failure.getCause()).code();
  }

  private static ReadScope scope() {
    return new ReadScope(
        StatisticsSnapshot.of(ShardStatistics.NONE), () -> false, new ShardMeter());
  }

  private static Operation put(String id, String json) {
    return new Operation.Put(id, json.getBytes(StandardCharsets.UTF_8));
  }
}
