package dev.heddle.catalog;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.ManualTicker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class CatalogClientTest {
  private static final Ticker SYSTEM = Ticker.system();

  /** How an impatient client may fail while the catalog comes back. */
  private static final Set<ErrorCode> PASSING =
      Set.of(ErrorCode.CATALOG_UNAVAILABLE, ErrorCode.NO_MAJORITY, ErrorCode.DEADLINE_EXCEEDED);

  private static final Duration LONG = Duration.ofSeconds(60);

  private final Closer closer = new Closer();

  @TempDir Path directory;

  @AfterEach
  void close() {
    closer.close();
  }

  private LocalCatalog start() {
    return closer.register("catalog", LocalCatalog.start(directory));
  }

  /** A client over TCP, as from another process. */
  private CatalogClient remote(String address) {
    Channels channels = closer.register("channels", new Channels(Credentials.none()));
    return closer.register("client", CatalogGrpcClient.connect(channels, address, SYSTEM));
  }

  /** One that gives up soon. */
  private CatalogClient impatient(String address) {
    Channels channels = closer.register("channels", new Channels(Credentials.none()));
    CatalogClientConfig config =
        new CatalogClientConfig(
            Duration.ofMillis(20), Duration.ofMillis(100), Duration.ofMillis(400));
    return closer.register(
        "client", CatalogGrpcClient.connect(channels, List.of(address), SYSTEM, config));
  }

  private static void refused(ErrorCode code, org.junit.jupiter.api.function.Executable what) {
    HeddleException failure = assertThrows(HeddleException.class, what);
    assertSame(code, failure.code(), failure.getMessage());
  }

  private static CatalogView await(CatalogClient client, long revision) throws Exception {
    return client.awaitRevision(revision, Deadline.after(LONG, SYSTEM));
  }

  @Test
  void everyClientSeesWhatOneWrites() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient local = catalog.client();
    CatalogClient remote = remote(catalog.address());
    long revision = local.write(List.of(Change.create(Records.dataset("default", "d", 8))));
    for (CatalogClient client : List.of(local, remote)) {
      CatalogView view = await(client, revision);
      assertEquals(Records.dataset("default", "d", 8), view.dataset("default", "d").orElseThrow());
      assertEquals(revision, view.revisionOf(CatalogKeys.dataset("default", "d")));
      assertTrue(client.ready());
      assertEquals("", client.reason());
    }
    refused(
        ErrorCode.REVISION_CONFLICT,
        () -> remote.write(List.of(Change.create(Records.dataset("default", "d", 1)))));
    long gone = remote.write(List.of(Change.delete(CatalogKeys.dataset("default", "d"), revision)));
    assertTrue(await(local, gone).dataset("default", "d").isEmpty());
  }

  @Test
  void beforeTheFirstSnapshotTheViewIsEmpty() {
    CatalogClient client = impatient("127.0.0.1:1");
    assertFalse(client.ready());
    eventually("it says why", () -> client.reason().contains("127.0.0.1:1: UNAVAILABLE"));
    assertEquals(-1, client.view().revision());
    refused(ErrorCode.CATALOG_UNAVAILABLE, client::known);
    refused(
        ErrorCode.CATALOG_UNAVAILABLE,
        () -> client.awaitRevision(0, Deadline.after(Duration.ofMillis(20), SYSTEM)));
    refused(
        ErrorCode.CATALOG_UNAVAILABLE,
        () -> client.write(List.of(Change.put(Records.app("a", "")))));
  }

  @Test
  void waitingForARevisionEndsWithTheDeadlineAlsoOnAManualTicker() throws Exception {
    LocalCatalog catalog = start();
    ManualTicker ticker = new ManualTicker();
    CatalogClient client =
        closer.register(
            "manual", CatalogGrpcClient.connect(catalog.channels(), catalog.address(), ticker));
    client.awaitRevision(1, Deadline.after(LONG, ticker));
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Deadline deadline = Deadline.after(LONG, ticker);
    Thread waiter =
        Thread.ofVirtual()
            .start(() -> {
              try {
                client.awaitRevision(99, deadline);
              } catch (HeddleException | InterruptedException e) {
                failure.set(e);
              }
            });
    eventually("it waits", () -> waiter.getState() != Thread.State.RUNNABLE);
    ticker.advance(LONG);
    assertTrue(waiter.join(LONG));
    assertSame(ErrorCode.DEADLINE_EXCEEDED, ((HeddleException) failure.get()).code());
  }

  @Test
  void theLastViewStaysAndTheWatchResumesAfterARestartOnTheSamePort() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient local = catalog.client();
    CatalogClient remote = impatient(catalog.address());
    await(remote, 1);
    long revision = LocalCatalog.write(local, List.of(Change.put(Records.app("a", "1"))));
    await(remote, revision);
    catalog.stopServer();
    refused(
        ErrorCode.CATALOG_UNAVAILABLE,
        () -> remote.write(List.of(Change.put(Records.app("a", "2")))));
    for (CatalogClient client : List.of(local, remote)) {
      assertTrue(client.ready());
      assertEquals("1", client.view().app("default", "a").orElseThrow().yaml());
    }
    catalog.restartServer();
    AtomicReference<Long> written = new AtomicReference<>();
    eventually(
        "writes work again",
        () -> {
          try {
            written.set(remote.write(List.of(Change.put(Records.app("a", "3")))));
            return true;
          } catch (HeddleException e) {
            assertTrue(PASSING.contains(e.code()), e.getMessage());
            return false;
          }
        });
    for (CatalogClient client : List.of(local, remote)) {
      assertEquals("3", await(client, written.get()).app("default", "a").orElseThrow().yaml());
    }
  }

  @Test
  void listenersAreCalledAtOnceThenInOrderAndNeverTwiceAtATime() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient client = catalog.client();
    List<Long> seen = new CopyOnWriteArrayList<>();
    Set<Thread> threads = new HashSet<>();
    AutoCloseable subscription =
        client.onChange(view -> {
          seen.add(view.revision());
          threads.add(Thread.currentThread());
        });
    assertEquals(List.of(1L), seen);
    long last = 0;
    for (int i = 0; i < 30; i++) {
      last = client.write(List.of(Change.put(Records.app("a", "" + i))));
    }
    long expected = last;
    eventually("the last one is seen", () -> seen.getLast() == expected);
    List<Long> sorted = new ArrayList<>(seen);
    sorted.sort(Long::compare);
    assertEquals(sorted, seen);
    assertEquals(new HashSet<>(seen).size(), seen.size());
    assertEquals(2, threads.size(), "the caller's, then the client's");
    subscription.close();
    LocalCatalog.write(client, List.of(Change.put(Records.app("a", "later"))));
    AtomicReference<CatalogView> other = new AtomicReference<>();
    client.onChange(other::set);
    assertEquals("later", other.get().app("default", "a").orElseThrow().yaml());
    assertEquals(expected, seen.getLast());
  }

  @Test
  void aSlowOrFailingListenerHoldsUpNeitherTheViewNorTheOthers() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient client = catalog.client();
    CountDownLatch release = new CountDownLatch(1);
    List<Long> slow = new CopyOnWriteArrayList<>();
    AtomicReference<CatalogView> other = new AtomicReference<>();
    client.onChange(view -> {
      slow.add(view.revision());
      if (view.revision() > 1) {
        await(release);
        throw new IllegalStateException("a listener of this test fails");
      }
    });
    client.onChange(other::set);
    long last = 0;
    for (int i = 0; i < 5; i++) {
      last = LocalCatalog.write(client, List.of(Change.put(Records.app("a", "" + i))));
      eventually("the slow one has the first", () -> slow.size() == 2);
    }
    assertEquals("4", client.view().app("default", "a").orElseThrow().yaml());
    release.countDown();
    long expected = last;
    eventually("the other one sees it", () -> other.get().revision() == expected);
    eventually("the slow one skips to it", () -> slow.getLast() == expected);
    assertEquals(3, slow.size());
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(60, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aRegisteredNodeIsKnownUntilItsClientCloses() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient watcher = catalog.client();
    CatalogClient node = remote(catalog.address());
    node.register(Records.node("n", "1"), Duration.ofSeconds(30));
    eventually("it is known", () -> watcher.view().node("n").isPresent());
    node.register(
        new NodeRecord("n", "1", Set.of("gateway"), "127.0.0.1:2", "", "", ""),
        Duration.ofSeconds(30));
    eventually("the new record is known", () -> watcher.view().nodesWith("gateway").size() == 1);
    node.close();
    eventually("it is gone", () -> watcher.view().nodes().isEmpty());
  }

  @Test
  void leasesAreRenewedWellBeforeTheyEnd() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient watcher = catalog.client();
    List<Integer> nodes = new CopyOnWriteArrayList<>();
    CatalogClient node = catalog.client();
    Duration ttl = Duration.ofSeconds(5);
    node.register(Records.node("n", "1"), ttl);
    eventually("it is known", () -> watcher.view().node("n").isPresent());
    watcher.onChange(view -> nodes.add(view.nodes().size()));
    long start = System.nanoTime();
    eventually("more than its ttl passes", () -> System.nanoTime() - start > ttl.toNanos() * 5 / 4);
    assertEquals(List.of(1), nodes);
  }

  @Test
  void aNodeThatComesBackTakesOverAndTheOldRunStops() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient watcher = catalog.client();
    CatalogClient old = catalog.client();
    old.register(Records.node("n", "old"), Duration.ofSeconds(30));
    eventually("the old run is known", () -> watcher.view().node("n").isPresent());
    CatalogClient fresh = catalog.client();
    fresh.register(Records.node("n", "new"), Duration.ofSeconds(30));
    eventually(
        "the new run is known",
        () ->
            watcher
                .view()
                .node("n")
                .map(NodeRecord::incarnation)
                .equals(java.util.Optional.of("new")));
    old.close();
    assertEquals("new", watcher.view().node("n").orElseThrow().incarnation());
    assertEquals(
        "new", await(watcher, catalog.server().revision()).node("n").orElseThrow().incarnation());
  }

  @Test
  void aNodeSurvivesARestartOfTheCatalogInEveryView() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient watcher = catalog.client();
    CatalogClient node = remote(catalog.address());
    node.register(Records.node("n", "1"), Duration.ofSeconds(30));
    eventually("it is known", () -> watcher.view().node("n").isPresent());
    List<Integer> nodes = new CopyOnWriteArrayList<>();
    watcher.onChange(view -> nodes.add(view.nodes().size()));
    catalog.restartServer();
    long revision =
        LocalCatalog.write(catalog.client(), List.of(Change.put(Records.app("a", "1"))));
    await(watcher, revision);
    assertEquals(Set.of(1), new HashSet<>(nodes));
  }

  @Test
  void aCatalogLargerThanAMessageArrivesWhole() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient writer = catalog.client();
    String text = "x".repeat(250_000);
    long revision = 0;
    for (int i = 0; i < 40; i++) {
      revision = writer.write(List.of(Change.put(Records.app("a" + i, text + i))));
    }
    CatalogView view = await(remote(catalog.address()), revision);
    assertEquals(40, view.apps("default").size());
    assertEquals(text + 7, view.app("default", "a7").orElseThrow().yaml());
  }

  @Test
  void leasesEndOnAManualTickerAndEveryClientSeesIt() throws Exception {
    ManualTicker ticker = new ManualTicker();
    LocalCatalog catalog =
        closer.register(
            "catalog",
            LocalCatalog.start(
                directory, ticker, CatalogServerTest.config(10, 10, 10, DataSize.ofMiB(1))));
    CatalogClient watcher = catalog.client();
    NodeRecord silent = Records.node("n", "1");
    catalog.server().renew(silent, CatalogJson.write(silent), Duration.ofSeconds(3));
    eventually("it is known", () -> watcher.view().node("n").isPresent());
    ticker.advance(Duration.ofSeconds(3));
    assertEquals(1, catalog.server().expire());
    eventually("it is gone", () -> watcher.view().nodes().isEmpty());
  }

  @Test
  void aClosedClientKeepsItsViewAndItsListenersAreSilent() throws Exception {
    LocalCatalog catalog = start();
    CatalogClient client = catalog.client();
    List<Long> seen = new CopyOnWriteArrayList<>();
    client.onChange(view -> seen.add(view.revision()));
    client.close();
    client.close();
    catalog.client().write(List.of(Change.put(Records.app("a", "1"))));
    assertEquals(List.of(1L), seen);
    assertEquals(1, client.view().revision());
    assertThrows(
        IllegalStateException.class,
        () -> client.register(Records.node("n", "1"), Duration.ofSeconds(1)));
  }
}
