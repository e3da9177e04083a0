package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ConfigReader;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlacementConfigTest {
  @TempDir Path directory;

  @Test
  void everyKeyIsRead() throws IOException {
    assertEquals(
        new PlacementConfig(Duration.ofMinutes(5), 9, Duration.ofMinutes(7), Duration.ofSeconds(3)),
        read(
            """
            rebuild-after: 5m
            moves: 9
            give-up-after: 7m
            every: 3s
            """));
  }

  @Test
  void whatIsLeftOutHasItsDefault() throws IOException {
    assertEquals(
        new PlacementConfig(
            Duration.ofSeconds(30), 7, Duration.ofMinutes(5), Duration.ofSeconds(1)),
        read("moves: 7"));
    assertEquals(4, PlacementConfig.defaults().moves());
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertRefused("moves: 0 (expected: 1..1000)", "moves: 0");
    assertRefused("moves: 1001 (expected: 1..1000)", "moves: 1001");
    assertRefused("rebuild-after: 0s (expected: > 0 and at most 7d)", "rebuild-after: 0s");
    assertRefused("rebuild-after: 8d (expected: > 0 and at most 7d)", "rebuild-after: 8d");
    assertRefused("give-up-after: 0s (expected: > 0 and at most 7d)", "give-up-after: 0s");
    assertRefused(
        "every: 8s (expected: > 0 and at most 7500ms, a quarter of rebuild-after)", "every: 8s");
    assertRefused(
        "every: 0s (expected: > 0 and at most 7500ms, a quarter of rebuild-after)", "every: 0s");
  }

  private void assertRefused(String message, String yaml) {
    HeddleException refused = assertThrows(HeddleException.class, () -> read(yaml));
    assertTrue(refused.getMessage().contains(message), refused.getMessage());
  }

  private PlacementConfig read(String yaml) throws IOException {
    Path file = Files.writeString(directory.resolve("config.yaml"), yaml);
    return ConfigReader.readYaml(file, PlacementConfig.defaults());
  }
}
