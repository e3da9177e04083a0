package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IncomingSnapshotTest {
  private static final Map<String, String> OLD = Map.of("_0.cfs", "old", "segments_1", "old");
  private static final Map<String, String> NEW =
      Map.of("_7.cfs", "new", "_8.cfs", "new", "segments_9", "new");

  @TempDir Path directory;
  private int folders;

  @Test
  void aCompleteOneTakesThePlaceOfThePresentOne() throws IOException {
    Path shard = shard(true);
    IncomingSnapshot.finish(shard);
    assertOnlyIndex(NEW, shard);
    IncomingSnapshot.finish(shard);
    assertOnlyIndex(NEW, shard);
  }

  @Test
  void afterACrashBetweenAnyTwoStepsTheNextStartGoesOn() throws IOException {
    int steps = 0;
    for (Path whole = shard(true); IncomingSnapshot.step(whole); ) {
      steps++;
    }
    assertEquals(4, steps);
    for (int crash = 0; crash <= steps; crash++) {
      Path shard = shard(true);
      for (int i = 0; i < crash; i++) {
        assertTrue(IncomingSnapshot.step(shard));
        assertOneIsWhole(shard);
      }
      IncomingSnapshot.finish(shard);
      assertOnlyIndex(NEW, shard);
    }
  }

  @Test
  void afterACrashAmongTheDeletionsTheNextStartGoesOn() throws IOException {
    for (String deleted : OLD.keySet()) {
      Path shard = shard(true);
      while (!Files.exists(shard.resolve("index/segments_9"))) {
        assertTrue(IncomingSnapshot.step(shard));
      }
      Files.delete(shard.resolve("replaced").resolve(deleted));
      // Even where the next one has already come.
      write(shard.resolve("incoming"), Map.of("segments_a", "newer", "complete", "1"));
      IncomingSnapshot.finish(shard);
      assertOnlyIndex(Map.of("segments_a", "newer"), shard);
    }
  }

  @Test
  void anIncompleteOneIsDeleted() throws IOException {
    Path shard = shard(false);
    IncomingSnapshot.finish(shard);
    assertOnlyIndex(OLD, shard);
    Path young = directory.resolve("young");
    write(young.resolve("incoming"), NEW);
    IncomingSnapshot.finish(young);
    assertEquals(List.of(), names(young));
  }

  @Test
  void theFirstIndexOfAShardMayBeAFetchedOne() throws IOException {
    Path shard = directory.resolve("first");
    write(shard.resolve("incoming"), NEW);
    write(shard.resolve("incoming"), Map.of("complete", "term=1 index=2"));
    IncomingSnapshot.finish(shard);
    assertOnlyIndex(NEW, shard);
  }

  @Test
  void whatWasToComeAndIsGoneLeavesTheFormerOne() throws IOException {
    Path shard = shard(true);
    assertTrue(IncomingSnapshot.step(shard));
    assertEquals(List.of("incoming", "replaced", "shard.json"), names(shard));
    IncomingSnapshot.empty(shard.resolve("incoming"));
    IncomingSnapshot.finish(shard);
    assertOnlyIndex(OLD, shard);
  }

  @Test
  void aFolderThatIsNotThereOrEmptyIsLeftAlone() throws IOException {
    Path shard = directory.resolve("none");
    IncomingSnapshot.finish(shard);
    assertFalse(Files.exists(shard));
    Files.createDirectories(shard);
    IncomingSnapshot.finish(shard);
    assertEquals(List.of(), names(shard));
  }

  @Test
  void emptyingLeavesAnEmptyFolderWhateverWasThere() throws IOException {
    Path incoming = IncomingSnapshot.incoming(directory.resolve("new"));
    IncomingSnapshot.empty(incoming);
    assertEquals(List.of(), names(incoming));
    write(incoming.resolve("deep/er"), NEW);
    write(incoming, Map.of("complete", "1"));
    IncomingSnapshot.empty(incoming);
    assertEquals(List.of(), names(incoming));
  }

  /** A shard with an index and an incoming one. */
  private Path shard(boolean complete) throws IOException {
    Path shard = directory.resolve("shard-" + folders++);
    write(shard.resolve("index"), OLD);
    write(shard.resolve("incoming"), NEW);
    write(shard, Map.of("shard.json", "{}"));
    if (complete) {
      write(shard.resolve("incoming"), Map.of("complete", "term=1 index=2"));
    }
    return shard;
  }

  private static void assertOneIsWhole(Path shard) throws IOException {
    List<Map<String, String>> whole = new ArrayList<>();
    for (String name : List.of("index", "incoming", "replaced")) {
      if (Files.exists(shard.resolve(name))) {
        Map<String, String> files = read(shard.resolve(name));
        boolean marked = files.remove("complete") != null;
        if (files.equals(OLD) || (files.equals(NEW) && (marked || name.equals("index")))) {
          whole.add(files);
        }
      }
    }
    assertFalse(whole.isEmpty(), () -> "nothing whole left in " + shard);
  }

  private static void assertOnlyIndex(Map<String, String> files, Path shard) throws IOException {
    assertEquals(new TreeMap<>(files), read(shard.resolve("index")));
    assertFalse(Files.exists(shard.resolve("incoming")));
    assertFalse(Files.exists(shard.resolve("replaced")));
  }

  private static void write(Path folder, Map<String, String> files) throws IOException {
    Files.createDirectories(folder);
    for (Map.Entry<String, String> file : files.entrySet()) {
      Files.writeString(folder.resolve(file.getKey()), file.getValue());
    }
  }

  private static Map<String, String> read(Path folder) throws IOException {
    Map<String, String> files = new TreeMap<>();
    for (String name : names(folder)) {
      files.put(name, Files.readString(folder.resolve(name)));
    }
    return files;
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
