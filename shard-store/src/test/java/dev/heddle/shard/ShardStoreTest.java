package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.function.Query;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.FilterDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ShardStoreTest {
  private static final String NODE = "leaf-1";

  @TempDir Path directory;
  private int mostWriters = 64;
  private LocalCatalog catalog;
  private CatalogClient client;

  @BeforeEach
  void start() {
    catalog = LocalCatalog.start(directory.resolve("catalog"));
    client = catalog.client();
  }

  @AfterEach
  void stop() {
    catalog.close();
  }

  @Test
  void anAcknowledgedWriteSurvivesACrash() throws IOException {
    long revision = create("d1", 2, 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      WriteResult first = store.write("d1", 1, 1, List.of(put("1"), put("2"), delete("9")), soon());
      assertEquals(new WriteResult(2, "i1", List.of(), 0), first);
      WriteResult second = store.write("d1", 1, 1, List.of(delete("1"), put("3")), soon());
      assertEquals(new WriteResult(4, "i1", List.of(), 1), second);
      LocalShardTest.copy(directory.resolve("a"), directory.resolve("b"));
    }
    try (ShardStore store = store("b")) {
      store.awaitShards("d1", revision, soon());
      assertTrue(store.get("d1", 1, 1, "1").isEmpty());
      assertTrue(store.get("d1", 1, 1, "2").isPresent());
      assertTrue(store.get("d1", 1, 1, "3").isPresent());
      assertEquals(5, store.write("d1", 1, 1, List.of(put("4")), soon()).index());
    }
  }

  @Test
  void manyWritersShareCommitsAndLoseNothing() throws Exception {
    long revision = create("d1", 2, 1);
    try (ShardStore store = store("a");
        ExecutorService writers = Executors.newFixedThreadPool(16)) {
      store.awaitShards("d1", revision, soon());
      List<Future<WriteResult>> writes = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        Operation one = put("x" + i);
        int shard = i % 2;
        writes.add(writers.submit(() -> store.write("d1", shard, 1, List.of(one), soon())));
      }
      for (Future<WriteResult> write : writes) {
        assertEquals(List.of(), write.get().errors());
      }
      LocalShardTest.copy(directory.resolve("a"), directory.resolve("b"));
    }
    try (ShardStore store = store("b")) {
      store.awaitShards("d1", revision, soon());
      for (int i = 0; i < 200; i++) {
        assertTrue(store.get("d1", i % 2, 1, "x" + i).isPresent(), "x" + i);
      }
      assertEquals(100, store.status().getFirst().index());
    }
  }

  @Test
  void searchesSeeAWriteALittleLater() {
    long revision = create("d1", 1, 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      long view = store.status().getFirst().view();
      store.write("d1", 0, 1, List.of(put("1")), soon());
      assertTrue(store.get("d1", 0, 1, "1").isPresent());
      eventually("the write is seen", () -> store.status().getFirst().documents() == 1);
      assertTrue(store.status().getFirst().view() != view);
      ReadScope scope =
          new ReadScope(StatisticsSnapshot.of(ShardStatistics.NONE), () -> false, new ShardMeter());
      try (ShardReader reader = store.open("d1", 0, 1, scope)) {
        assertEquals(1, reader.count(new Query.All()));
      }
    }
  }

  @Test
  void anIdleShardSettlesIntoOneSegment() {
    long revision = create("d1", 1, 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      for (int i = 0; i < 5; i++) {
        store.write("d1", 0, 1, List.of(put("same"), put("x" + i)), soon());
      }
      eventually("merged", () -> segments(store) == 1);
      ShardStatistics statistics = store.statistics("d1", List.of(0), List.of(), true);
      assertEquals(6, statistics.documents());
      FieldFigures title = statistics.fields().getOrDefault("title", FieldFigures.NONE);
      assertEquals(6, title.documents(), "no deleted ones are left");
    }
  }

  private static int segments(ShardStore store) {
    ReadScope scope =
        new ReadScope(StatisticsSnapshot.of(ShardStatistics.NONE), () -> false, new ShardMeter());
    try (ShardReader reader = store.open("d1", 0, 1, scope)) {
      return reader.documents() == 6 ? reader.segments().size() : -1;
    }
  }

  @Test
  void onlyShardsPlacedHereInThisGenerationAreServed() {
    long revision = create("d1", 1, 3);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      assertCode(ErrorCode.NOT_OWNER, () -> store.get("d1", 0, 2, "1"));
      assertCode(ErrorCode.NOT_OWNER, () -> store.get("d1", 1, 3, "1"));
      assertCode(ErrorCode.NOT_OWNER, () -> store.get("d2", 0, 3, "1"));
      assertTrue(store.get("d1", 0, 3, "1").isEmpty());
    }
  }

  @Test
  void aDroppedDatasetIsDeletedAndAnotherOfTheNameIsEmpty() throws IOException {
    long revision = create("d1", 1, 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      store.write("d1", 0, 1, List.of(put("1")), soon());
      client.write(List.of(Change.delete(dataset("d1", 1, 1).key())));
      eventually("deleted", () -> !Files.exists(directory.resolve("a/datasets/d1")));
      long again = create("d2", 1, 1);
      store.awaitShards("d2", again, soon());
      assertCode(ErrorCode.NOT_OWNER, () -> store.get("d1", 0, 1, "1"));
      assertTrue(store.get("d2", 0, 1, "1").isEmpty());
    }
  }

  @Test
  void whatWasDroppedWhileTheNodeWasAwayIsDeletedOnItsReturn() {
    long revision = create("d1", 1, 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
    }
    client.write(List.of(Change.delete(dataset("d1", 1, 1).key())));
    try (ShardStore store = store("a")) {
      eventually("deleted", () -> !Files.exists(directory.resolve("a/datasets/d1")));
      assertEquals(List.of(), store.status());
    }
  }

  @Test
  void anEmptyCatalogDeletesNothing() {
    create("d0", 1, 1);
    long revision = create("d1", 1, 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      store.write("d1", 0, 1, List.of(put("1")), soon());
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
      assertTrue(store.get("d1", 0, 1, "1").isPresent());
    }
  }

  @Test
  void aBrokenShardSaysWhyWhileTheOthersServe() throws IOException {
    long revision = create("d1", 2, 1);
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      store.write("d1", 0, 1, List.of(put("1")), soon());
      store.write("d1", 1, 1, List.of(put("2")), soon());
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
      assertTrue(store.get("d1", 1, 1, "2").isPresent());
      assertCode(ErrorCode.UNAVAILABLE, () -> store.get("d1", 0, 1, "1"));
      assertFalse(store.status().getFirst().available());
      assertTrue(store.status().getLast().available());
    }
  }

  @Test
  void aFullDiskFailsTheWriteAndNotTheNode() {
    long revision = create("d1", 2, 1);
    AtomicBoolean full = new AtomicBoolean();
    ShardOpening.Disk disk = folder -> new FullableDirectory(FSDirectory.open(folder), full);
    try (ShardStore store = store("a", client, disk)) {
      store.awaitShards("d1", revision, soon());
      store.write("d1", 0, 1, List.of(put("1")), soon());
      full.set(true);
      assertCode(
          ErrorCode.STORAGE_FAILED, () -> store.write("d1", 0, 1, List.of(put("2")), soon()));
      eventually("reported", () -> !store.status().getFirst().available());
      assertTrue(
          store.status().getFirst().reason().contains("No space left"),
          store.status().getFirst().reason());
      full.set(false);
      eventually("open again", () -> store.status().getFirst().available());
      assertTrue(store.get("d1", 0, 1, "1").isPresent());
      assertTrue(store.get("d1", 0, 1, "2").isEmpty(), "it was refused");
      assertEquals(2, store.write("d1", 0, 1, List.of(put("3")), soon()).index());
    }
  }

  @Test
  void tooMuchAtOnceIsRefused() throws Exception {
    long revision = create("d1", 1, 1);
    mostWriters = 4;
    try (ShardStore store = store("a")) {
      store.awaitShards("d1", revision, soon());
      assertCode(
          ErrorCode.TOO_LARGE,
          () ->
              store.write(
                  "d1", 0, 1, IntStream.range(0, 51).mapToObj(i -> put("x" + i)).toList(), soon()));
      try (ExecutorService writers = Executors.newFixedThreadPool(12)) {
        List<Future<ErrorCode>> results =
            writers
                .invokeAll(
                    IntStream.range(0, 400)
                        .<java.util.concurrent.Callable<ErrorCode>>mapToObj(i ->
                            () ->
                                codeOf(
                                    () -> store.write("d1", 0, 1, List.of(put("y" + i)), soon())))
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

  /** INTERNAL stands for success. */
  private static ErrorCode codeOf(Runnable call) {
    try {
      call.run();
      return ErrorCode.INTERNAL;
    } catch (HeddleException e) {
      return e.code();
    }
  }

  private static final class FullableDirectory extends FilterDirectory {
    private final AtomicBoolean full;

    FullableDirectory(Directory in, AtomicBoolean full) {
      super(in);
      this.full = full;
    }

    @Override
    public void sync(Collection<String> names) throws IOException {
      if (full.get()) {
        throw new IOException("No space left on device");
      }
      super.sync(names);
    }
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
            Duration.ofMillis(50));
    return new ShardStore(
        config,
        NODE,
        directory.resolve(name),
        following,
        Ticker.system(),
        new SimpleMeterRegistry(),
        disk);
  }

  private long create(String id, int shards, long generation) {
    return LocalCatalog.write(client, List.of(Change.put(dataset(id, shards, generation))));
  }

  private static DatasetRecord dataset(String id, int shards, long generation) {
    return new DatasetRecord(
        "default",
        "things",
        id,
        Things.SCHEMA,
        IntStream.range(0, shards)
            .mapToObj(shard -> new ShardPlacement(shard, generation, "i1", List.of(NODE)))
            .toList(),
        Instant.EPOCH);
  }

  private static Operation put(String id) {
    return new Operation.Put(id, ("{\"title\":\"" + id + "\"}").getBytes(StandardCharsets.UTF_8));
  }

  private static Operation delete(String id) {
    return new Operation.Delete(id);
  }

  private static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(20), Ticker.system());
  }

  private static HeddleException assertCode(ErrorCode code, Runnable call) {
    HeddleException thrown = assertThrows(HeddleException.class, call::run);
    assertEquals(code, thrown.code(), thrown.getMessage());
    return thrown;
  }
}
