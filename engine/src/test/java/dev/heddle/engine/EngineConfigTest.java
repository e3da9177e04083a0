package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ConfigReader;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import tools.jackson.dataformat.yaml.YAMLMapper;

final class EngineConfigTest {
  private static final YAMLMapper YAML = YAMLMapper.builder().build();

  private static EngineConfig read(String yaml) {
    return ConfigReader.read(YAML.readTree(yaml), EngineConfig.defaults());
  }

  @Test
  void hasDefaults() {
    var defaults = EngineConfig.defaults();
    assertTrue(defaults.javaEnabled());
    assertEquals(256, defaults.invocationThreads());
    assertEquals(1_000, defaults.invocationQueue());
    assertEquals(DataSize.ofMiB(16), defaults.maxPartial());
    assertEquals(DataSize.ofMiB(8), defaults.maxResult());
    assertEquals(DataSize.ofKiB(64), defaults.maxLog());
    assertEquals(JarLimits.DEFAULTS, defaults.jar());
    assertEquals(defaults, read("{}"));
  }

  @Test
  void readsEveryKey() {
    assertEquals(
        new EngineConfig(
            false,
            1,
            2,
            3,
            4,
            5,
            6,
            7,
            DataSize.ofMiB(8),
            DataSize.ofMiB(9),
            DataSize.ofKiB(10),
            new JarLimits(DataSize.ofMiB(1), 12, DataSize.ofMiB(13), DataSize.ofMiB(14)),
            Duration.ofSeconds(15)),
        read(
            """
            java-enabled: false
            invocation-threads: 1
            invocation-queue: 2
            max-stuck-threads: 3
            max-stuck-threads-per-version: 4
            idle-instances: 5
            idle-versions: 6
            max-versions: 7
            max-partial: 8MiB
            max-result: 9MiB
            max-log: 10KiB
            jar:
              max-jar: 1MiB
              max-entries: 12
              max-entry: 13MiB
              max-uncompressed: 14MiB
            close-grace: 15s
            """));
  }

  @Test
  void refusesValuesOutOfRange() {
    fails(ErrorCode.INVALID_REQUEST, () -> read("invocation-threads: 0"));
    fails(ErrorCode.INVALID_REQUEST, () -> read("jar: {max-entries: 70000}"));
    fails(ErrorCode.INVALID_REQUEST, () -> read("threads: 5"));
  }
}
