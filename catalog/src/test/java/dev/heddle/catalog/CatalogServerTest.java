package dev.heddle.catalog;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogState.RawChange;
import dev.heddle.catalog.Command.Lease;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.ManualTicker;
import dev.heddle.replication.RaftNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class CatalogServerTest {
  private static final Duration TTL = Duration.ofSeconds(3);

  private final ManualTicker ticker = new ManualTicker();
  private final List<CatalogServer> servers = new ArrayList<>();
  private final Channels channels = new Channels(Credentials.none());
  private final RaftNode raft =
      new RaftNode("n0", new HostPort("127.0.0.1", 0), LocalCatalog.alone());

  @TempDir Path directory;

  @BeforeEach
  void start() {
    raft.start();
  }

  @AfterEach
  void close() {
    servers.forEach(CatalogServer::close);
    raft.close();
    channels.close();
  }

  /** Looks at leases only when told to. */
  static CatalogConfig config(int maxEntries, int maxWatchers, int buffer, DataSize maxTotal) {
    return new CatalogConfig(
        DataSize.ofKiB(4),
        maxEntries,
        maxTotal,
        10,
        maxWatchers,
        buffer,
        Duration.ofMillis(100),
        Duration.ofMinutes(1),
        Duration.ofHours(1),
        CatalogConfig.Replication.defaults());
  }

  private CatalogServer open() {
    return open(config(100, 10, 3, DataSize.ofMiB(1)));
  }

  private CatalogServer open(CatalogConfig config) {
    CatalogServer server = unstarted(config);
    server.start();
    eventually("it leads and serves", server::ready);
    return server;
  }

  private CatalogServer unstarted(CatalogConfig config) {
    CatalogServer server =
        new CatalogServer(config, "n0", directory, raft, true, List.of(), channels, ticker);
    servers.add(server);
    return server;
  }

  private static RawChange put(String name, String text, OptionalLong expected) {
    AppRecord app = Records.app(name, text);
    return new RawChange(app.key(), Optional.of(CatalogJson.write(app)), expected);
  }

  private static RawChange put(String name, String text) {
    return put(name, text, OptionalLong.empty());
  }

  private static RawChange delete(String name) {
    return new RawChange(CatalogKeys.app("default", name), Optional.empty(), OptionalLong.empty());
  }

  private static long renew(CatalogServer server, String node, String incarnation) {
    NodeRecord value = Records.node(node, incarnation);
    return server.renew(value, CatalogJson.write(value), TTL);
  }

  private static CatalogView view(CatalogServer server) {
    try (CatalogWatch watch = watch(server, () -> {})) {
      return CatalogView.empty().with(watch.poll().orElseThrow());
    }
  }

  private static CatalogWatch watch(CatalogServer server, Runnable signal) {
    return server.watch(signal, "", 0);
  }

  private static void refused(ErrorCode code, Executable what) {
    HeddleException failure = assertThrows(HeddleException.class, what);
    assertSame(code, failure.code(), failure.getMessage());
  }

  @Test
  void aNewCatalogIsEmptyAndHasAnId() {
    CatalogServer server = open();
    assertEquals(1, server.revision());
    assertEquals(36, server.clusterId().orElseThrow().length());
    CatalogMembers members = server.members();
    assertEquals(server.clusterId(), members.clusterId());
    assertEquals(List.of("n0"), members.voters());
    assertEquals(Optional.of("n0"), members.leader());
    assertTrue(view(server).nodes().isEmpty());
  }

  @Test
  void writesSurviveARestart() {
    CatalogServer server = open();
    long revision = server.write(List.of(put("a", "1"), put("b", "2")));
    assertEquals(2, revision);
    assertEquals(3, server.write(List.of(delete("a"))));
    server.close();
    CatalogServer again = open();
    assertEquals(server.clusterId(), again.clusterId());
    assertTrue(again.clusterId().isPresent());
    assertEquals(3, again.revision());
    CatalogView view = view(again);
    assertEquals("2", view.app("default", "b").orElseThrow().yaml());
    assertEquals(2, view.revisionOf("app/default/b"));
    assertTrue(view.app("default", "a").isEmpty());
  }

  @Test
  void allChangesApplyOrNone() {
    CatalogServer server = open();
    server.write(List.of(put("a", "1")));
    refused(
        ErrorCode.REVISION_CONFLICT,
        () -> server.write(List.of(put("b", "1"), put("a", "2", OptionalLong.of(0)))));
    refused(
        ErrorCode.REVISION_CONFLICT,
        () -> server.write(List.of(put("b", "1", OptionalLong.of(7)))));
    assertEquals(2, server.revision());
    assertTrue(view(server).app("default", "b").isEmpty());
    assertEquals(3, server.write(List.of(put("a", "2", OptionalLong.of(2)))));
  }

  @Test
  void refusesWhatIsNotAValidWrite() {
    CatalogServer server = open();
    refused(ErrorCode.LIMIT_REACHED, () -> server.write(List.of()));
    List<RawChange> many = new ArrayList<>();
    for (int i = 0; i < 11; i++) {
      many.add(put("a" + i, ""));
    }
    refused(ErrorCode.LIMIT_REACHED, () -> server.write(many));
    refused(ErrorCode.INVALID_REQUEST, () -> server.write(List.of(put("a", ""), delete("a"))));
    refused(ErrorCode.TOO_LARGE, () -> server.write(List.of(put("a", "x".repeat(5_000)))));
    refused(
        ErrorCode.INVALID_REQUEST,
        () ->
            server.write(
                List.of(new RawChange("app/default/a", Optional.of("{}"), OptionalLong.empty()))));
    refused(
        ErrorCode.INVALID_REQUEST,
        () ->
            server.write(List.of(new RawChange("node/n", Optional.empty(), OptionalLong.empty()))));
    assertEquals(1, server.revision());
  }

  @Test
  void limitsHoldButLetShrink() {
    CatalogServer few = open(config(2, 10, 3, DataSize.ofMiB(1)));
    few.write(List.of(put("a", ""), put("b", "")));
    refused(ErrorCode.LIMIT_REACHED, () -> few.write(List.of(put("c", ""))));
    few.write(List.of(delete("a"), put("c", "")));
    few.close();
    CatalogServer small = open(config(100, 10, 3, DataSize.ofKiB(1)));
    refused(ErrorCode.LIMIT_REACHED, () -> small.write(List.of(put("d", "x".repeat(1000)))));
    small.write(List.of(put("d", "x".repeat(500))));
    small.close();
    CatalogServer tiny = open(config(1, 10, 3, DataSize.ofBytes(100)));
    tiny.write(List.of(delete("d")));
  }

  @Test
  void ofTwoWritersWhoReadTheSameOnlyOneWins() throws Exception {
    CatalogServer server = open();
    AtomicInteger conflicts = new AtomicInteger();
    int writers = 4;
    int rounds = 25;
    CountDownLatch go = new CountDownLatch(1);
    List<Future<?>> running = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < writers; i++) {
        running.add(
            threads.submit(() -> {
              go.await();
              for (int done = 0; done < rounds; ) {
                CatalogView view = view(server);
                int count =
                    view.app("default", "count").map(app -> Integer.parseInt(app.yaml())).orElse(0);
                long expected = view.revisionOf("app/default/count");
                try {
                  server.write(List.of(put("count", "" + (count + 1), OptionalLong.of(expected))));
                  done++;
                } catch (HeddleException e) {
                  assertSame(ErrorCode.REVISION_CONFLICT, e.code());
                  conflicts.incrementAndGet();
                }
              }
              return null;
            }));
      }
      go.countDown();
      for (Future<?> one : running) {
        one.get();
      }
    }
    assertEquals("" + writers * rounds, view(server).app("default", "count").orElseThrow().yaml());
    assertEquals(1 + writers * rounds, server.revision());
  }

  @Test
  void onlyOneServerHasADirectory() {
    open();
    refused(ErrorCode.CONFLICT, this::open);
  }

  @Test
  void aLeaseEndsWhenItIsNotRenewed() {
    CatalogServer server = open();
    renew(server, "n1", "1");
    renew(server, "n2", "1");
    long joined = server.revision();
    ticker.advance(Duration.ofSeconds(2));
    assertEquals(joined, renew(server, "n1", "1"));
    assertEquals(0, server.expire());
    ticker.advance(Duration.ofSeconds(1));
    assertEquals(1, server.expire());
    assertEquals(joined + 1, server.revision());
    assertEquals(List.of("n1"), view(server).nodes().stream().map(NodeRecord::node).toList());
    ticker.advance(Duration.ofMillis(1999));
    assertEquals(0, server.expire());
    ticker.advance(Duration.ofMillis(1));
    assertEquals(1, server.expire());
    assertTrue(view(server).nodes().isEmpty());
    renew(server, "n1", "1");
    assertEquals(1, view(server).nodes().size());
  }

  @Test
  void afterARestartEveryLeaseHasItsFullTimeAgain() {
    CatalogServer server = open();
    renew(server, "n", "1");
    ticker.advance(Duration.ofMillis(2999));
    server.close();
    ticker.advance(Duration.ofDays(1));
    CatalogServer again = open();
    assertEquals(0, again.expire());
    assertEquals(1, view(again).nodes().size());
    long revision = again.revision();
    assertEquals(revision, renew(again, "n", "1"));
    ticker.advance(TTL);
    assertEquals(1, again.expire());
  }

  @Test
  void theNewerRunOfANodeWinsAndTheOlderIsToldSo() {
    CatalogServer server = open();
    renew(server, "n", "old");
    renew(server, "n", "new");
    HeddleException told = assertThrows(HeddleException.class, () -> renew(server, "n", "old"));
    assertSame(ErrorCode.GONE, told.code());
    assertTrue(told.getMessage().contains("expected: new"), told.getMessage());
    server.endLease(new Lease("n", "old", 0));
    assertEquals("new", view(server).node("n").orElseThrow().incarnation());
    server.close();
    CatalogServer again = open();
    refused(ErrorCode.GONE, () -> renew(again, "n", "old"));
    renew(again, "n", "new");
    again.endLease(new Lease("n", "new", 0));
    assertTrue(view(again).node("n").isEmpty());
    again.endLease(new Lease("n", "new", 0));
  }

  @Test
  void aChangedRecordIsSeenAndUnusualTtlsAreRefused() {
    CatalogServer server = open();
    renew(server, "n", "1");
    NodeRecord moved =
        new NodeRecord("n", "1", java.util.Set.of("leaf"), "127.0.0.1:2", "", "", "");
    server.renew(moved, CatalogJson.write(moved), TTL);
    assertEquals("127.0.0.1:2", view(server).node("n").orElseThrow().internal());
    refused(
        ErrorCode.OUT_OF_RANGE,
        () -> server.renew(moved, CatalogJson.write(moved), Duration.ofMillis(1)));
    refused(
        ErrorCode.OUT_OF_RANGE,
        () -> server.renew(moved, CatalogJson.write(moved), Duration.ofDays(1)));
  }

  @Test
  void aWatchGetsASnapshotThenEveryChangeInOrder() {
    CatalogServer server = open();
    server.write(List.of(put("a", "1")));
    AtomicInteger signals = new AtomicInteger();
    CatalogWatch watch = watch(server, signals::incrementAndGet);
    server.write(List.of(put("b", "1")));
    CatalogUpdate snapshot = watch.poll().orElseThrow();
    assertTrue(snapshot.snapshot());
    assertEquals(3, snapshot.revision());
    assertEquals(2, snapshot.changed().size());
    assertTrue(watch.poll().isEmpty());
    server.write(List.of(put("c", "1")));
    server.write(List.of(delete("a"), delete("none")));
    eventually("it is told", () -> signals.get() > 0);
    CatalogUpdate first = watch.poll().orElseThrow();
    assertFalse(first.snapshot());
    assertEquals(4, first.revision());
    CatalogUpdate second = watch.poll().orElseThrow();
    assertEquals(List.of("app/default/a"), second.removed());
    assertEquals(5, second.revision());
    assertTrue(watch.poll().isEmpty());
  }

  @Test
  void aSlowWatcherGetsAFreshSnapshotInsteadOfAGrowingQueue() {
    CatalogServer server = open();
    CatalogWatch watch = watch(server, () -> {});
    assertTrue(watch.poll().orElseThrow().snapshot());
    for (int i = 0; i < 10; i++) {
      server.write(List.of(put("a" + i, "1")));
    }
    CatalogUpdate update = watch.poll().orElseThrow();
    assertTrue(update.snapshot());
    assertEquals(11, update.revision());
    assertEquals(10, update.changed().size());
    assertTrue(watch.poll().isEmpty());
    server.write(List.of(put("b", "1")));
    assertFalse(watch.poll().orElseThrow().snapshot());
  }

  @Test
  void watchersAreLimitedAndMakeRoomWhenTheyGo() {
    CatalogServer server = open(config(10, 2, 3, DataSize.ofMiB(1)));
    CatalogWatch first = watch(server, () -> {});
    watch(server, () -> {});
    refused(ErrorCode.LIMIT_REACHED, () -> watch(server, () -> {}));
    first.close();
    assertTrue(first.poll().isEmpty());
    watch(server, () -> {});
  }

  @Test
  void aWatcherIsRefusedRatherThanTakenBackOrToAnotherCluster() {
    CatalogServer server = open();
    long revision = server.write(List.of(put("a", "1")));
    String cluster = server.clusterId().orElseThrow();
    refused(ErrorCode.STALE_REPLICA, () -> server.watch(() -> {}, cluster, revision + 1));
    refused(ErrorCode.CONFLICT, () -> server.watch(() -> {}, "another", revision));
    try (CatalogWatch watch = server.watch(() -> {}, cluster, revision)) {
      assertEquals(revision, watch.poll().orElseThrow().revision());
    }
  }

  @Test
  void aWriteMustFitIntoAnEntryOfTheLog() {
    CatalogServer server = open(CatalogConfig.defaults());
    String text = "x".repeat(250_000);
    server.write(List.of(put("a", text), put("b", text)));
    refused(
        ErrorCode.TOO_LARGE,
        () -> server.write(List.of(put("a", text), put("b", text), put("c", text))));
    assertEquals(2, server.revision());
  }

  @Test
  void watchersNeverMissAChangeWhileOthersWrite() throws Exception {
    CatalogServer server = open();
    int writes = 60;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> writer =
          threads.submit(() -> {
            for (int i = 0; i < writes; i++) {
              server.write(List.of(put("a" + i % 5, "" + i)));
            }
          });
      List<Future<CatalogView>> watchers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        watchers.add(
            threads.submit(() -> {
              CatalogView view = CatalogView.empty();
              CatalogWatch watch = watch(server, () -> {});
              while (view.revision() < writes + 1) {
                Optional<CatalogUpdate> update = watch.poll();
                if (update.isEmpty()) {
                  LockSupport.parkNanos(100_000);
                  continue;
                }
                assertTrue(update.get().revision() > view.revision());
                assertTrue(
                    update.get().snapshot() || update.get().revision() == view.revision() + 1);
                view = view.with(update.get());
              }
              return view;
            }));
      }
      writer.get();
      for (Future<CatalogView> watcher : watchers) {
        assertEquals(view(server).apps("default"), watcher.get().apps("default"));
      }
    }
  }

  @Test
  void aClosedServerRefuses() {
    CatalogServer server = open();
    CatalogWatch watch = watch(server, () -> {});
    server.close();
    server.close();
    assertTrue(watch.ended());
    refused(ErrorCode.UNAVAILABLE, () -> server.write(List.of(put("a", "1"))));
    refused(ErrorCode.UNAVAILABLE, () -> watch(server, () -> {}));
    assertThrows(IllegalStateException.class, server::start);
    CatalogServer fresh = unstarted(CatalogConfig.defaults());
    assertThrows(IllegalStateException.class, fresh::service);
  }
}
