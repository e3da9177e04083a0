package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Schema;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.function.Query;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.replication.Role;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.lucene.store.FSDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A node alone: every shard has one replica. */
@Timeout(300)
class ShardStoreTest {
  private static final String NODE = "leaf-1";

  @TempDir Path directory;
  private final UUID self = UUID.randomUUID();
  private final AtomicLong calls = new AtomicLong();
  private int mostWriters = 64;
  private DataSize keepFree = new DataSize(0);
  private Duration commitAfter = Duration.ofMillis(50);
  private LocalCatalog catalog;
  private CatalogClient client;

  @BeforeEach
  void start() {
    catalog = LocalCatalog.start(directory.resolve("catalog"), NODE);
    client = catalog.client();
  }

  @AfterEach
  void stop() {
    catalog.close();
  }

  @Test
  void anAcknowledgedWriteSurvivesACrash() throws IOException {
    commitAfter = Duration.ofHours(1);
    long revision = create("d1", 2);
    WriteResult second;
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      WriteResult first = write(store, 1, put("1"), put("2"), delete("9"));
      assertEquals(List.of(), first.errors());
      assertEquals(new OperationResult(2, 0, false), first.results().getLast());
      assertEquals(incarnation("d1", 1), first.incarnation());
      second = write(store, 1, delete("1"), put("3"));
      assertEquals(
          List.of(new OperationResult(0, 0, true), new OperationResult(1, second.index(), false)),
          second.results());
      assertTrue(second.index() > first.index());
      CrashImage.copy(directory.resolve("a"), directory.resolve("b"));
    }
    try (ShardStore store = store("b")) {
      store.awaitShards("d1", revision, soon());
      current(store, 1);
      assertTrue(get(store, 1, "1").document().isEmpty());
      assertTrue(get(store, 1, "2").document().isPresent());
      assertEquals(second.index(), get(store, 1, "3").document().orElseThrow().version());
      assertTrue(get(store, 1, "3").index() >= second.index());
      assertTrue(write(store, 1, put("4")).index() > second.index());
    }
  }

  @Test
  void manyWritersLoseNothing() throws Exception {
    long revision = create("d1", 2);
    try (ShardStore store = store("a");
        ExecutorService writers = Executors.newFixedThreadPool(16)) {
      store.awaitShards("d1", revision, soon());
      List<Future<WriteResult>> writes = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        Operation one = put("x" + i);
        int shard = i % 2;
        writes.add(writers.submit(() -> write(store, shard, one)));
      }
      for (Future<WriteResult> write : writes) {
        assertEquals(List.of(), write.get().errors());
      }
    }
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      current(store, 0);
      current(store, 1);
      for (int i = 0; i < 200; i++) {
        assertTrue(get(store, i % 2, "x" + i).document().isPresent(), "x" + i);
      }
      eventually("seen", () -> store.status().getFirst().documents() == 100);
    }
  }

  @Test
  void searchesSeeAWriteALittleLater() {
    long revision = create("d1", 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      long view = store.status().getFirst().view();
      WriteResult written = write(store, 0, put("1"));
      assertTrue(get(store, 0, "1").document().isPresent());
      eventually("the write is seen", () -> store.status().getFirst().documents() == 1);
      assertTrue(store.status().getFirst().view() != view);
      eventually("and told of", () -> store.status().getFirst().visible() >= written.index());
      try (ShardReader reader = store.open("d1", 0, scope())) {
        assertEquals(1, reader.count(new Query.All()));
        assertTrue(reader.position() >= written.index());
        assertEquals(incarnation("d1", 0), reader.incarnation());
      }
    }
  }

  @Test
  void anIdleShardSettlesIntoOneSegmentAndCommitsIt() {
    long revision = create("d1", 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      for (int i = 0; i < 5; i++) {
        write(store, 0, put("same"), put("x" + i));
      }
      eventually(
          "merged", () -> segments(store) == 1 && store.status().getFirst().deletedRatio() == 0);
      ShardStatistics statistics = store.statistics("d1", List.of(0), List.of(), true);
      assertEquals(6, statistics.documents());
      FieldFigures title = statistics.fields().getOrDefault("title", FieldFigures.NONE);
      assertEquals(6, title.documents(), "no deleted ones are left");
      assertEquals(1, store.status().getFirst().segments());
    }
  }

  private static int segments(ShardStore store) {
    try (ShardReader reader = store.open("d1", 0, scope())) {
      return reader.documents() == 6 ? reader.segments().size() : -1;
    }
  }

  @Test
  void onlyShardsPlacedHereAreServed() {
    long revision =
        LocalCatalog.write(
            client,
            List.of(
                Change.put(
                    dataset(
                        "d1",
                        List.of(
                            placement("d1", 0, List.of(NODE)),
                            placement("d1", 1, List.of("leaf-2")))))));
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      assertTrue(get(store, 0, "1").document().isEmpty());
      assertCode(ErrorCode.NOT_OWNER, () -> get(store, 1, "1"));
      assertCode(ErrorCode.NOT_OWNER, () -> get(store, 2, "1"));
      assertCode(ErrorCode.NOT_OWNER, () -> store.get("d2", 0, "1"));
      assertCode(ErrorCode.NOT_OWNER, () -> write(store, 1, put("1")));
      assertEquals(1, store.status().size());
      assertEquals(Role.LEADER, store.status("d1", 0).role());
      assertEquals(NODE, store.status("d1", 0).leader());
    }
  }

  @Test
  void aDroppedDatasetIsDeletedAndAnotherOfTheNameIsEmpty() {
    long revision = create("d1", 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      WriteResult written = write(store, 0, put("1"));
      client.write(List.of(Change.delete(dataset("d1", 1).key())));
      eventually("deleted", () -> !Files.exists(directory.resolve("a/datasets/d1")));
      long again = create("d2", 1);
      store.awaitShards("d2", again, soon());
      assertCode(ErrorCode.NOT_OWNER, () -> get(store, 0, "1"));
      ReadDocument read = store.get("d2", 0, "1");
      assertTrue(read.document().isEmpty());
      assertFalse(read.incarnation().equals(written.incarnation()));
    }
  }

  @Test
  void whatWasDroppedWhileTheNodeWasAwayIsDeletedOnItsReturn() {
    long revision = create("d1", 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
    }
    client.write(List.of(Change.delete(dataset("d1", 1).key())));
    try (ShardStore store = store("a")) {
      eventually("deleted", () -> !Files.exists(directory.resolve("a/datasets/d1")));
      assertEquals(List.of(), store.status());
    }
  }

  @Test
  void anEmptyCatalogDeletesNothing() {
    create("d0", 1);
    long revision = create("d1", 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      write(store, 0, put("1"));
    }
    try (LocalCatalog lost = LocalCatalog.start(directory.resolve("lost"));
        CatalogClient empty = lost.client();
        ShardStore store = store("a", empty, ShardOpening.Disk.files())) {
      store.awaitShards("none", 0, soon());
      assertEquals(List.of(), store.status());
      assertTrue(Files.exists(directory.resolve("a/datasets/d1/0/shard.json")));
    }
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      assertTrue(get(store, 0, "1").document().isPresent());
    }
  }

  @Test
  void aBrokenShardSaysWhyWhileTheOthersServe() throws IOException {
    long revision = create("d1", 2);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      write(store, 0, put("1"));
      write(store, 1, put("2"));
    }
    try (var files = Files.list(directory.resolve("a/datasets/d1/0/index"))) {
      for (Path file : files.filter(f -> f.getFileName().toString().endsWith(".si")).toList()) {
        Files.write(file, new byte[] {1, 2, 3}, StandardOpenOption.TRUNCATE_EXISTING);
      }
    }
    try (ShardStore store = store("a")) {
      HeddleException broken =
          assertCode(ErrorCode.UNAVAILABLE, () -> store.awaitShards("d1", revision, soon()));
      assertTrue(broken.getMessage().contains("things/0: "), broken.getMessage());
      assertTrue(get(store, 1, "2").document().isPresent());
      assertCode(ErrorCode.UNAVAILABLE, () -> get(store, 0, "1"));
      assertFalse(store.status().getFirst().available());
      assertEquals(Role.CLOSED, store.status().getFirst().role());
      eventually("the other one is available", () -> store.status().getLast().available());
    }
  }

  @Test
  void aFailingDiskEndsTheShardAndNotTheNode() {
    long revision = create("d1", 2);
    AtomicBoolean failing = new AtomicBoolean();
    ShardOpening.Disk disk =
        folder ->
            folder.endsWith("0/index")
                ? new FailingDirectory(FSDirectory.open(folder), failing)
                : FSDirectory.open(folder);
    try (ShardStore store = store("a", client, disk)) {
      store.awaitShards("d1", revision, soon());
      write(store, 0, put("1"));
      eventually("seen", () -> store.status("d1", 0).documents() == 1);
      // The log is on another disk, as far as this test is concerned: the entry counts.
      WriteResult last = write(store, 0, put("2"));
      failing.set(true);
      // Until something has to go to the disk: a write that is under way then is in doubt.
      eventually(
          "writes fail",
          () -> {
            try {
              write(store, 0, put("more"));
              return false;
            } catch (HeddleException e) {
              return true;
            }
          });
      eventually(
          "reported",
          () ->
              !store.status("d1", 0).available()
                  && store.status("d1", 0).reason().contains("No space left"));
      write(store, 1, put("3"));
      failing.set(false);
      eventually(
          "open again",
          () ->
              store.status("d1", 0).available() && store.status("d1", 0).applied() >= last.index());
      assertTrue(get(store, 0, "1").document().isPresent());
      assertTrue(get(store, 0, "2").document().isPresent(), "it was acknowledged");
      assertTrue(write(store, 0, put("3")).index() > last.index());
    }
  }

  @Test
  void aFullDiskRefusesWritesWhileReadsGoOn() throws IOException {
    long revision = create("d1", 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      write(store, 0, put("1"));
    }
    keepFree = new DataSize(Files.getFileStore(directory).getTotalSpace());
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      current(store, 0);
      assertCode(ErrorCode.STORAGE_FULL, () -> write(store, 0, put("2")));
      assertTrue(get(store, 0, "1").document().isPresent());
      assertTrue(get(store, 0, "2").document().isEmpty());
      assertEquals(1, store.scan("d1", 0, "", 10).documents().size());
      try (ShardReader reader = store.open("d1", 0, scope())) {
        assertEquals(1, reader.count(new Query.All()));
      }
    }
    keepFree = new DataSize(0);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      assertEquals(List.of(), write(store, 0, put("2")).errors());
    }
  }

  @Test
  void aWriteAfterTheCatalogsChangeGoesByTheNewSchema() {
    long revision = create("d1", 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      assertEquals(1, write(store, 0, other("1")).errors().size());
      DatasetRecord before = dataset("d1", 1);
      List<dev.heddle.catalog.Field> fields = new ArrayList<>(before.schema().fields());
      fields.add(dev.heddle.catalog.Field.text("other", "standard", 1));
      Schema schema = new Schema(fields, "", 0, false);
      long altered =
          LocalCatalog.write(
              client,
              List.of(
                  Change.put(
                      new DatasetRecord(
                          "default",
                          "things",
                          "d1",
                          schema,
                          2,
                          1,
                          before.shards(),
                          Instant.EPOCH))));
      store.awaitShards("d1", altered, soon());
      assertEquals(List.of(), write(store, 0, other("1")).errors());
    }
  }

  @Test
  void tooMuchAtOnceIsRefused() throws Exception {
    long revision = create("d1", 1);
    mostWriters = 4;
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      assertCode(
          ErrorCode.TOO_LARGE,
          () ->
              write(
                  store,
                  0,
                  IntStream.range(0, 51).mapToObj(i -> put("x" + i)).toArray(Operation[]::new)));
      try (ExecutorService writers = Executors.newFixedThreadPool(12)) {
        List<Future<ErrorCode>> results =
            writers
                .invokeAll(
                    IntStream.range(0, 400)
                        .<java.util.concurrent.Callable<ErrorCode>>mapToObj(
                            i -> () -> codeOf(() -> write(store, 0, put("y" + i))))
                        .toList())
                .stream()
                .toList();
        List<ErrorCode> codes = new ArrayList<>();
        for (Future<ErrorCode> result : results) {
          codes.add(result.get());
        }
        long refused = codes.stream().filter(code -> code == ErrorCode.QUEUE_FULL).count();
        long done = codes.stream().filter(code -> code == ErrorCode.INTERNAL).count();
        assertTrue(refused > 0 && done > 0, refused + " refused, " + done + " done");
        assertEquals(400, refused + done);
        eventually("all seen", () -> store.status().getFirst().documents() == done);
      }
    }
  }

  @Test
  void aBatchHasToFitAnEntryOfTheLog() {
    long revision = create("d1", 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      byte[] json =
          ("{\"extra\":\"" + "x".repeat(300 << 10) + "\"}").getBytes(StandardCharsets.UTF_8);
      assertCode(
          ErrorCode.TOO_LARGE,
          () -> write(store, 0, new Operation.Put("1", json), new Operation.Put("2", json)));
      assertTrue(get(store, 0, "1").document().isEmpty(), "nothing was done");
      assertEquals(List.of(), write(store, 0, new Operation.Put("1", json)).errors());
    }
  }

  @Test
  void repeatsThatRunAtTheSameTimeAreDoneOnce() throws Exception {
    long revision = create("d1", 1);
    try (ShardStore store = store("a");
        ExecutorService writers = Executors.newFixedThreadPool(8)) {
      store.awaitShards("d1", revision, soon());
      for (int round = 0; round < 100; round++) {
        RequestId request = new RequestId(self, calls.incrementAndGet());
        List<Operation> once = List.of(put("r" + round), delete("r" + (round - 1)));
        List<Future<WriteResult>> repeats = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          repeats.add(writers.submit(() -> store.write("d1", 0, request, once, soon())));
        }
        WriteResult first = repeats.getFirst().get();
        assertEquals(round > 0, first.results().getLast().found());
        for (Future<WriteResult> repeat : repeats) {
          assertEquals(first, repeat.get(), "round " + round);
        }
      }
    }
  }

  /** INTERNAL stands for success. */
  private static ErrorCode codeOf(Runnable call) {
    try {
      call.run();
      return ErrorCode.INTERNAL;
    } catch (HeddleException e) {
      return e.code();
    }
  }

  /** Waits for a leader, where there is none yet. */
  private WriteResult write(ShardStore store, int shard, Operation... operations) {
    RequestId request = new RequestId(self, calls.incrementAndGet());
    Supplier<WriteResult> once =
        () -> store.write("d1", shard, request, List.of(operations), soon());
    try {
      return once.get();
    } catch (HeddleException e) {
      if (e.code() != ErrorCode.NO_MAJORITY) {
        throw e;
      }
    }
    List<WriteResult> done = new ArrayList<>();
    eventually("a leader", () -> codeOf(() -> done.add(once.get())) != ErrorCode.NO_MAJORITY);
    return done.isEmpty() ? once.get() : done.getFirst();
  }

  /** Waits until the replica has everything that was acknowledged. */
  private static void current(ShardStore store, int shard) {
    eventually(
        "current",
        () -> {
          var ready = store.ready("d1", shard, ReadLevel.LINEARIZABLE, Optional.empty(), true);
          return codeOf(() -> settled(ready)) == ErrorCode.INTERNAL;
        });
  }

  private static void settled(CompletableFuture<Long> ready) {
    try {
      ready.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof HeddleException known ? known : e;
    }
  }

  private static ReadDocument get(ShardStore store, int shard, String id) {
    return store.get("d1", shard, id);
  }

  private static ReadScope scope() {
    return new ReadScope(
        StatisticsSnapshot.of(ShardStatistics.NONE), () -> false, new ShardMeter());
  }

  private ShardStore store(String name) {
    return store(name, client, ShardOpening.Disk.files());
  }

  private ShardStore store(String name, CatalogClient following, ShardOpening.Disk disk) {
    ShardStoreConfig defaults = ShardStoreConfig.defaults();
    ShardStoreConfig config =
        new ShardStoreConfig(
            defaults.indexBuffer(),
            defaults.maxDocument(),
            50,
            mostWriters,
            defaults.maxWaitingBytes(),
            Duration.ofMillis(20),
            Duration.ofMillis(200),
            defaults.settleUpTo(),
            defaults.filterCache(),
            Duration.ofMillis(50),
            commitAfter,
            defaults.commitBytes(),
            keepFree,
            defaults.snapshots(),
            defaults.placement());
    return new ShardStore(
        config,
        NODE,
        directory.resolve(name),
        following,
        catalog.channels(),
        catalog.raft(),
        Ticker.system(),
        Clock.systemUTC(),
        new SimpleMeterRegistry(),
        disk);
  }

  private long create(String id, int shards) {
    return LocalCatalog.write(client, List.of(Change.put(dataset(id, shards))));
  }

  private static DatasetRecord dataset(String id, int shards) {
    return dataset(
        id,
        IntStream.range(0, shards).mapToObj(shard -> placement(id, shard, List.of(NODE))).toList());
  }

  private static DatasetRecord dataset(String id, List<ShardPlacement> shards) {
    return new DatasetRecord("default", "things", id, Things.SCHEMA, 1, 1, shards, Instant.EPOCH);
  }

  private static ShardPlacement placement(String id, int shard, List<String> nodes) {
    return new ShardPlacement(shard, 1, incarnation(id, shard), nodes);
  }

  private static String incarnation(String id, int shard) {
    return UUID.nameUUIDFromBytes((id + '/' + shard).getBytes(StandardCharsets.UTF_8)).toString();
  }

  private static Operation put(String id) {
    return new Operation.Put(id, ("{\"title\":\"" + id + "\"}").getBytes(StandardCharsets.UTF_8));
  }

  private static Operation other(String id) {
    return new Operation.Put(id, "{\"other\":\"x\"}".getBytes(StandardCharsets.UTF_8));
  }

  private static Operation delete(String id) {
    return new Operation.Delete(id);
  }

  private static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(60), Ticker.system());
  }

  private static HeddleException assertCode(ErrorCode code, Runnable call) {
    HeddleException thrown = assertThrows(HeddleException.class, call::run);
    assertEquals(code, thrown.code(), thrown.getMessage());
    return thrown;
  }
}
