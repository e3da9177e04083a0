package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.FSDirectory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class LocalShardTest {
  @TempDir Path directory;

  @Test
  void whatIsInTheLogIsIndexedWhateverIsTakenHere() throws IOException {
    ShardStoreConfig defaults = ShardStoreConfig.defaults();
    ShardStoreConfig small =
        new ShardStoreConfig(
            defaults.indexBuffer(),
            DataSize.ofKiB(1),
            defaults.maxBatch(),
            defaults.maxWaitingWriters(),
            defaults.maxWaitingBytes(),
            defaults.refreshAfter(),
            defaults.settleAfter(),
            defaults.settleUpTo(),
            defaults.filterCache(),
            defaults.reopenAfter(),
            defaults.commitAfter(),
            defaults.commitBytes(),
            defaults.keepFree(),
            defaults.snapshots(),
            defaults.placement());
    byte[] large =
        ("{\"extra\":\"" + "x".repeat(400 << 10) + "\"}").getBytes(StandardCharsets.UTF_8);
    ShardEntry.Changes entry =
        new ShardEntry.Changes(
            new RequestId(new UUID(1, 2), 3),
            1,
            List.of(new Change("a", large)),
            new byte[] {ShardEntry.Changes.PUT},
            List.of());
    try (SharedMerges merges = new SharedMerges();
        LocalShard shard =
            new ShardOpening(small, new ShardFolders(directory), merges, ShardOpening.Disk.files())
                .open(LocalShards.identity(1, 0, LocalShards.INCARNATION), Things.SCHEMA, false)) {
      shard.apply(LocalShards.next(shard), entry, null);
      assertNull(shard.failure());
      StoredDocument stored = shard.get("a").orElseThrow();
      assertArrayEquals(large, stored.json());
      List<Operation> taken =
          List.of(
              new Operation.Put("b", large),
              new Operation.Patch(
                  "a", "{\"size\":1}".getBytes(StandardCharsets.UTF_8), OptionalLong.empty()));
      assertEquals(
          List.of(ErrorCode.TOO_LARGE, ErrorCode.TOO_LARGE),
          LocalShards.write(shard, new RequestId(new UUID(1, 2), 4), taken).errors().stream()
              .map(OperationError::code)
              .toList());
    }
  }

  /** As one that moves to another node while somebody begins to read it here. */
  @Test
  void aShardThatWasClosedMeanwhileHasNoBadDisk() throws IOException {
    try (LocalShards running = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = running.shard(0);
      IOException unreadable = new IOException("unreadable");
      assertEquals(ErrorCode.STORAGE_FAILED, shard.readFailed(unreadable).code());
      shard.close();
      AlreadyClosedException closed = assertThrows(AlreadyClosedException.class, shard::acquire);
      assertEquals(ErrorCode.UNAVAILABLE, shard.readFailed(closed).code());
    }
  }

  @Test
  void whatWasCommittedIsThereAfterACrashWithItsPosition() throws IOException {
    LogPosition committed;
    try (LocalShards running = new LocalShards(directory.resolve("a"), Things.SCHEMA, 1)) {
      running.put("1", "{\"title\":\"one\"}");
      running.put("2", "{\"title\":\"two\"}");
      running.delete("1");
      running.shard(0).commit();
      committed = running.shard(0).applied();
      assertEquals(committed, running.shard(0).committed());
      running.put("3", "{\"title\":\"three\"}");
      assertEquals(committed, running.shard(0).committed());
      CrashImage.copy(directory.resolve("a"), directory.resolve("b"));
    }
    try (LocalShards recovered = new LocalShards(directory.resolve("b"), Things.SCHEMA, 1)) {
      LocalShard shard = recovered.shard(0);
      assertEquals(committed, shard.applied());
      assertEquals(committed, shard.visible());
      assertEquals(Optional.empty(), shard.get("1"));
      assertEquals("{\"title\":\"two\"}", text(shard.get("2")));
      assertEquals(Optional.empty(), shard.get("3"), "was never committed");
      recovered.put("4", "{}");
      assertEquals(committed.index() + 1, shard.get("4").orElseThrow().version());
    }
  }

  @Test
  void aNewShardIsBeforeTheFirstEntry() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      assertEquals(LogPosition.NONE, shard.applied());
      assertEquals(LogPosition.NONE, shard.committed());
      assertEquals(LogPosition.NONE, shard.visible());
      assertEquals(0, shard.schemaVersion());
    }
    try (LocalShards again = new LocalShards(directory, Things.SCHEMA, 1)) {
      assertEquals(LogPosition.NONE, again.shard(0).applied());
    }
  }

  @Test
  void closingCommitsWhatWasAppliedAndAbandoningDoesNot() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      shards.put("1", "{}");
    }
    LocalShards crashing = new LocalShards(directory, Things.SCHEMA, 1);
    assertEquals(1, crashing.shard(0).applied().index());
    crashing.put("2", "{}");
    crashing.abandon();
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      assertEquals(new LogPosition(LocalShards.TERM, 1), shards.shard(0).applied());
      assertTrue(shards.shard(0).get("1").isPresent());
      assertTrue(shards.shard(0).get("2").isEmpty());
    }
  }

  @Test
  void anEntryOfTheLogsOwnMovesThePosition() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      shards.put("1", "{}");
      LocalShard shard = shards.shard(0);
      LogPosition passed = new LogPosition(LocalShards.TERM + 1, 7);
      shard.advance(passed);
      assertEquals(passed, shard.applied());
      assertTrue(shard.dirty());
      shard.refresh();
      assertEquals(passed, shard.visible());
      View view = shard.acquire();
      assertEquals(passed, view.at());
      shard.release(view);
      shard.commit();
      assertEquals(passed, shard.committed());
    }
    try (LocalShards again = new LocalShards(directory, Things.SCHEMA, 1)) {
      assertEquals(new LogPosition(LocalShards.TERM + 1, 7), again.shard(0).applied());
    }
  }

  @Test
  void aShardOfAnotherIncarnationIsNotOpened() throws IOException {
    new LocalShards(directory, Things.SCHEMA, 1).close();
    SharedMerges merges = new SharedMerges();
    ShardOpening opening = LocalShards.opening(directory, merges, ShardOpening.Disk.files());
    String other = UUID.randomUUID().toString();
    IOException refused =
        assertThrows(
            IOException.class,
            () -> opening.open(LocalShards.identity(1, 0, other), Things.SCHEMA, true));
    assertEquals(
        "incarnation: %s (expected: %s, as the catalog says)"
            .formatted(LocalShards.INCARNATION, other),
        refused.getMessage());
    merges.close();
  }

  @Test
  void aShardThatLostItsIndexIsNotTakenForAnEmptyOne() throws IOException {
    new LocalShards(directory, Things.SCHEMA, 1).close();
    Path index = directory.resolve("datasets/d-1/0/index");
    try (Stream<Path> files = Files.list(index)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    SharedMerges merges = new SharedMerges();
    ShardOpening opening = LocalShards.opening(directory, merges, ShardOpening.Disk.files());
    IOException refused =
        assertThrows(
            IOException.class,
            () ->
                opening.open(
                    LocalShards.identity(1, 0, LocalShards.INCARNATION), Things.SCHEMA, true));
    assertEquals("index: none (expected: the shard's index, which was here)", refused.getMessage());
    merges.close();
  }

  @Test
  void getSeesEveryWriteAtOnceWhileViewsChange() throws Exception {
    long seed = Seed.draw();
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      AtomicBoolean done = new AtomicBoolean();
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      Thread refreshing =
          start(
              failure,
              () -> {
                while (!done.get()) {
                  shard.refresh();
                }
              });
      AtomicInteger[] versions = {new AtomicInteger(), new AtomicInteger(), new AtomicInteger()};
      Thread reading =
          start(
              failure,
              () -> {
                while (!done.get()) {
                  for (int id = 0; id < versions.length; id++) {
                    int atLeast = versions[id].get();
                    int seen = version(shard.get("d" + id));
                    assertTrue(seen >= atLeast, "seed " + seed + " " + seen + " < " + atLeast);
                  }
                }
              });
      Random random = new Random(seed);
      for (int version = 1; version <= 3_000; version++) {
        int id = random.nextInt(versions.length);
        shards.put("d" + id, "{\"size\":" + version + "}");
        assertEquals(version, version(shard.get("d" + id)), "seed " + seed);
        versions[id].set(version);
      }
      done.set(true);
      reading.join();
      refreshing.join();
      assertNull(failure.get());
    }
  }

  @Test
  void whatIsFoundIsAsOfTheIndexThatIsTold() throws Exception {
    long seed = Seed.draw();
    // By index, how the one document stood: 0: not there.
    int[] stood = new int[1_501];
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      AtomicInteger planned = new AtomicInteger();
      AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
      AtomicBoolean done = new AtomicBoolean();
      Thread reading =
          start(
              failure,
              () -> {
                int refreshIn = 10;
                while (!done.get()) {
                  LocalShard.Found found = shard.find("d");
                  int index = Math.toIntExact(found.index());
                  assertTrue(index < planned.get(), "seed " + seed);
                  if (index >= 0) {
                    assertEquals(
                        stood[index], version(found.document()), "seed " + seed + " at " + index);
                  }
                  if (--refreshIn == 0) {
                    refreshIn = 10;
                    shard.refresh();
                  }
                }
              });
      Random random = new Random(seed);
      for (int index = 1; index < stood.length; index++) {
        boolean delete = stood[index - 1] > 0 && random.nextBoolean();
        stood[index] = delete ? 0 : index;
        planned.set(index + 1);
        // Others follow in the same entry, so that it takes a while.
        List<Operation> batch =
            Stream.concat(
                    Stream.of(
                        delete ? new Operation.Delete("d") : put("d", "{\"size\":" + index + "}")),
                    Stream.iterate(0, i -> i + 1)
                        .limit(5)
                        .map(i -> put("other" + i, "{\"title\":\"x\"}")))
                .toList();
        assertEquals(index, shards.write(shard, batch).index());
      }
      done.set(true);
      reading.join();
      assertNull(failure.get());
    }
  }

  @Test
  void aDeletedDocumentIsGoneAtOnce() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      shards.put("1", "{}");
      shards.delete("1");
      assertEquals(Optional.empty(), shard.get("1"));
      shard.refresh();
      assertEquals(Optional.empty(), shard.get("1"));
      shards.put("1", "{}");
      assertEquals(3, shard.get("1").orElseThrow().version());
    }
  }

  @Test
  void aLargeDocumentComesBackAsItWas() throws IOException {
    byte[] json =
        ("{ \"extra\" : \"" + "ä".repeat(240_000) + "\" }").getBytes(StandardCharsets.UTF_8);
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      assertEquals("", shards.put("1", new String(json, StandardCharsets.UTF_8)));
      shards.refresh();
      assertArrayEquals(json, shards.shard(0).get("1").orElseThrow().json());
    }
  }

  @Test
  void oneBadItemDoesNotSpoilItsBatch() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      WriteResult result =
          shards.write(
              shard, List.of(put("1", "{}"), put("2", "{\"size\":\"x\"}"), put("3", "{}")));
      assertEquals(1, result.errors().size());
      assertEquals(1, result.errors().getFirst().index());
      assertEquals("2", result.errors().getFirst().id());
      assertEquals(
          List.of(
              new OperationResult(0, result.index(), false),
              new OperationResult(2, result.index(), false)),
          result.results());
      assertTrue(shard.get("1").isPresent());
      assertTrue(shard.get("2").isEmpty());
      assertTrue(shard.get("3").isPresent());
    }
  }

  @Test
  void anEntryOnAFollowerMakesTheSameIndex() throws IOException {
    try (LocalShards leader = new LocalShards(directory.resolve("a"), Things.SCHEMA, 1);
        LocalShards follower = new LocalShards(directory.resolve("b"), Things.SCHEMA, 1)) {
      Things things = new Things(new Random(7));
      for (int i = 0; i < 50; i++) {
        LocalShard from = leader.shard(0);
        Decision decision =
            Decision.prepare(
                from, List.of(put("d" + i % 20, things.document()), new Operation.Delete("d3")));
        PendingChanges.Batch batch =
            decision.decide(new RequestId(new UUID(1, 2), i), 5, from::get);
        LogPosition at = LocalShards.next(from);
        from.apply(at, batch.entry(), batch.ready());
        follower
            .shard(0)
            .apply(at, ShardEntryWire.decode(ShardEntryWire.encode(batch.entry())), null);
      }
      assertEquals(leader.shard(0).applied(), follower.shard(0).applied());
      assertEquals(ShardContents.of(leader.shard(0)), ShardContents.of(follower.shard(0)));
      View one = leader.shard(0).acquire();
      View other = follower.shard(0).acquire();
      assertEquals(one.number(), other.number(), "the same view has the same number");
      leader.shard(0).release(one);
      follower.shard(0).release(other);
    }
  }

  @Test
  void aFailedRefreshHidesNothingFromGets() throws IOException {
    AtomicBoolean failing = new AtomicBoolean();
    LocalShards shards =
        new LocalShards(
            directory,
            Things.SCHEMA,
            1,
            folder -> new FailingDirectory(FSDirectory.open(folder), failing));
    LocalShard shard = shards.shard(0);
    shards.put("1", "{\"size\":1}");
    shards.put("2", "{\"size\":1}");
    shard.refresh();
    shards.put("1", "{\"size\":2}");
    shards.delete("2");
    failing.set(true);
    assertThrows(IOException.class, shard::refresh);
    for (int i = 0; i < 2; i++) {
      assertEquals(2, version(shard.get("1")));
      assertEquals(Optional.empty(), shard.get("2"));
      // Another one, that waited for the first, comes to the same.
      assertThrows(IOException.class, () -> shardRefresh(shard));
    }
    assertEquals(2, shard.visible().index());
    View view = shard.acquire();
    assertEquals(2, view.at().index());
    assertEquals(2, view.reader().numDocs());
    shard.release(view);
    shards.abandon();
  }

  private static void shardRefresh(LocalShard shard) throws IOException {
    try {
      shard.refresh();
    } catch (org.apache.lucene.store.AlreadyClosedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void aShardThatFailedTakesNothingMore() throws IOException {
    LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1);
    LocalShard shard = shards.shard(0);
    shards.put("1", "{}");
    shard.fail(new IOException("the disk is gone"));
    LogPosition next = LocalShards.next(shard);
    HeddleException refused =
        assertThrows(
            HeddleException.class,
            () -> shard.apply(next, new ShardEntry.SchemaChange(2, Things.SCHEMA), null));
    assertEquals(ErrorCode.STORAGE_FAILED, refused.code());
    assertTrue(shard.get("1").isPresent());
    assertEquals(1, shard.applied().index());
    shards.close();
    try (LocalShards again = new LocalShards(directory, Things.SCHEMA, 1)) {
      assertEquals(-1, again.shard(0).applied().index(), "what failed commits nothing");
    }
  }

  @Test
  void aClosedShardSaysSo() throws IOException {
    LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1);
    shards.close();
    HeddleException refused = assertThrows(HeddleException.class, () -> shards.put("1", "{}"));
    assertEquals("shard things/0: closed (expected: open)", refused.getMessage());
  }

  private static Operation put(String id, String json) {
    return new Operation.Put(id, json.getBytes(StandardCharsets.UTF_8));
  }

  private interface Work {
    void run() throws IOException;
  }

  private static Thread start(AtomicReference<@Nullable Throwable> failure, Work work) {
    return Thread.ofPlatform()
        .start(() -> {
          try {
            work.run();
          } catch (IOException | RuntimeException | AssertionError e) {
            failure.compareAndSet(null, e);
          }
        });
  }

  /** The number in the document; 0: there is none. */
  private static int version(Optional<StoredDocument> document) {
    return document
        .map(found -> Integer.parseInt(text(Optional.of(found)).replaceAll("\\D", "")))
        .orElse(0);
  }

  private static String text(Optional<StoredDocument> document) {
    return new String(document.orElseThrow().json(), StandardCharsets.UTF_8);
  }
}
