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
            DataSize.ofMiB(2),
            100,
            10,
            DataSize.ofMiB(16),
            Duration.ofMillis(50),
            Duration.ofSeconds(1),
            DataSize.ofGiB(2),
            DataSize.ofMiB(1),
            Duration.ofSeconds(9)),
        read(
            """
            index-buffer: 32MiB
            max-document: 2MiB
            max-batch: 100
            max-waiting-writers: 10
            max-waiting-bytes: 16MiB
            refresh-after: 50ms
            settle-after: 1s
            settle-up-to: 2GiB
            filter-cache: 1MiB
            reopen-after: 9s
            """));
  }

  @Test
  void whatIsLeftOutHasItsDefault() throws IOException {
    ShardStoreConfig config = read("max-batch: 7");
    assertEquals(7, config.maxBatch());
    assertEquals(Duration.ofMillis(100), config.refreshAfter());
    assertEquals(DataSize.ofMiB(1), config.maxDocument());
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    HeddleException refused = assertThrows(HeddleException.class, () -> read("max-batch: 0"));
    assertTrue(
        refused.getMessage().contains("max-batch: 0 (expected: 1..1000000)"), refused.getMessage());
  }

  private ShardStoreConfig read(String yaml) throws IOException {
    Path file = Files.writeString(directory.resolve("config.yaml"), yaml);
    return ConfigReader.readYaml(file, ShardStoreConfig.defaults());
  }
}
