package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LocalShardTest {
  @TempDir Path directory;

  @Test
  void whatWasCommittedIsThereAfterACrash() throws IOException {
    try (LocalShards running = new LocalShards(directory.resolve("a"), Things.SCHEMA, 1)) {
      running.put("1", "{\"title\":\"one\"}");
      running.put("2", "{\"title\":\"two\"}");
      running.delete("1");
      running.shard(0).commit();
      running.put("3", "{\"title\":\"three\"}");
      copy(directory.resolve("a"), directory.resolve("b"));
    }
    try (LocalShards recovered = new LocalShards(directory.resolve("b"), Things.SCHEMA, 1)) {
      LocalShard shard = recovered.shard(0);
      assertEquals(3, shard.index());
      assertEquals(Optional.empty(), shard.get("1"));
      assertEquals("{\"title\":\"two\"}", text(shard.get("2")));
      assertEquals(Optional.empty(), shard.get("3"), "was never committed");
      recovered.put("4", "{}");
      assertEquals(4, shard.index());
    }
  }

  @Test
  void aShardOfAnotherIncarnationIsNotOpened() throws IOException {
    new LocalShards(directory, Things.SCHEMA, 1).close();
    SharedMerges merges = new SharedMerges();
    ShardOpening opening =
        new ShardOpening(
            ShardStoreConfig.defaults(),
            new ShardFolders(directory),
            merges,
            ShardOpening.Disk.files());
    ShardIdentity other = new ShardIdentity("default", "things", "d-1", 0, "i2");
    IOException refused =
        assertThrows(IOException.class, () -> opening.open(other, Things.SCHEMA, 1));
    assertEquals("incarnation: i1 (expected: i2, as the catalog says)", refused.getMessage());
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
    IOException refused =
        assertThrows(IOException.class, () -> new LocalShards(directory, Things.SCHEMA, 1));
    assertEquals("index: none (expected: the shard's index, which was here)", refused.getMessage());
  }

  @Test
  void getSeesEveryWriteAtOnceWhileViewsChange() throws Exception {
    long seed = new Random().nextLong();
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
  void aDeletedDocumentIsGoneAtOnce() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      shards.put("1", "{}");
      shards.delete("1");
      assertEquals(Optional.empty(), shard.get("1"));
      shard.refresh();
      assertEquals(Optional.empty(), shard.get("1"));
      assertEquals(2, shard.index());
      shards.delete("1");
      assertEquals(2, shard.index(), "nothing was there to delete");
    }
  }

  @Test
  void aLargeDocumentComesBackAsItWas() throws IOException {
    byte[] json =
        ("{ \"extra\" : \"" + "ä".repeat(500_000) + "\" }").getBytes(StandardCharsets.UTF_8);
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      assertEquals("", shards.put("1", new String(json, StandardCharsets.UTF_8)));
      shards.refresh();
      assertArrayEquals(json, shards.shard(0).get("1").orElseThrow());
    }
  }

  @Test
  void oneBadItemDoesNotSpoilItsBatch() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      List<OperationError> errors = new ArrayList<>();
      shard.apply(
          shard.prepare(
              List.of(put("1", "{}"), put("2", "{\"size\":\"x\"}"), put("3", "{}")), errors),
          errors);
      assertEquals(1, errors.size());
      assertEquals(1, errors.getFirst().index());
      assertEquals("2", errors.getFirst().id());
      assertTrue(shard.get("1").isPresent());
      assertTrue(shard.get("2").isEmpty());
      assertTrue(shard.get("3").isPresent());
      assertEquals(2, shard.index());
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

  private static int version(Optional<byte[]> json) {
    return json.map(bytes -> Integer.parseInt(text(Optional.of(bytes)).replaceAll("\\D", "")))
        .orElse(0);
  }

  private static String text(Optional<byte[]> json) {
    return new String(json.orElseThrow(), StandardCharsets.UTF_8);
  }

  /** What a crashed process leaves: all files as they are, but for the lock of a dead process. */
  static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else if (!path.endsWith("write.lock")) {
          try {
            Files.copy(path, target);
          } catch (NoSuchFileException e) {
            // A merge under way lets go of its files; what a commit names stays until the next.
            Files.deleteIfExists(target);
          }
        }
      }
    }
  }
}
