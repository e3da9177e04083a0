package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ConfigReader;
import dev.heddle.process.DataSize;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardStoreConfigTest {
  @TempDir Path directory;

  @Test
  void everyKeyIsRead() throws IOException {
    assertEquals(
        new ShardStoreConfig(
            DataSize.ofMiB(32),
            DataSize.ofKiB(200),
            100,
            10,
            DataSize.ofMiB(16),
            Duration.ofMillis(50),
            Duration.ofSeconds(1),
            DataSize.ofGiB(2),
            DataSize.ofMiB(1),
            Duration.ofSeconds(9),
            Duration.ofSeconds(4),
            DataSize.ofMiB(5),
            DataSize.ofMiB(6),
            3,
            new PlacementConfig(
                Duration.ofSeconds(8), 2, Duration.ofMinutes(5), Duration.ofMillis(500))),
        read(
            """
            index-buffer: 32MiB
            max-document: 200KiB
            max-batch: 100
            max-waiting-writers: 10
            max-waiting-bytes: 16MiB
            refresh-after: 50ms
            settle-after: 1s
            settle-up-to: 2GiB
            filter-cache: 1MiB
            reopen-after: 9s
            commit-after: 4s
            commit-bytes: 5MiB
            keep-free: 6MiB
            snapshots: 3
            placement:
              rebuild-after: 8s
              moves: 2
              every: 500ms
            """));
  }

  @Test
  void whatIsLeftOutHasItsDefault() throws IOException {
    ShardStoreConfig config = read("max-batch: 7");
    assertEquals(7, config.maxBatch());
    assertEquals(Duration.ofMillis(100), config.refreshAfter());
    assertEquals(DataSize.ofKiB(480), config.maxDocument());
    assertEquals(Duration.ofSeconds(5), config.commitAfter());
    assertEquals(DataSize.ofMiB(8), config.commitBytes());
    assertEquals(DataSize.ofMiB(128), config.keepFree());
    assertEquals(2, config.snapshots());
    assertEquals(PlacementConfig.defaults(), config.placement());
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    HeddleException refused = assertThrows(HeddleException.class, () -> read("max-batch: 0"));
    assertTrue(
        refused.getMessage().contains("max-batch: 0 (expected: 1..1000000)"), refused.getMessage());
  }

  @Test
  void aDocumentHasToFitAnEntryOfTheLog() {
    HeddleException refused =
        assertThrows(HeddleException.class, () -> read("max-document: 481KiB"));
    assertTrue(
        refused.getMessage().contains("max-document: 481KiB (expected: at most 480KiB"),
        refused.getMessage());
  }

  private ShardStoreConfig read(String yaml) throws IOException {
    Path file = Files.writeString(directory.resolve("config.yaml"), yaml);
    return ConfigReader.readYaml(file, ShardStoreConfig.defaults());
  }
}
