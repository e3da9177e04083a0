package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ConfigReader;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.time.Duration;
import java.util.List;
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
    assertEquals(DataSize.ofMiB(1), defaults.maxPlatformMessage());
    assertEquals(Duration.ofSeconds(10), defaults.pauseAfter());
    assertEquals(Duration.ofMinutes(5), defaults.destroyAfter());
    assertTrue(defaults.sandboxMemory().compareTo(DataSize.ofMiB(64)) >= 0);
    long heap = Runtime.getRuntime().maxMemory();
    assertTrue(defaults.sandboxMemory().bytes() <= Math.max(64 << 20, heap / 2));
    assertEquals(64, defaults.scatterThreads());
    assertEquals(ArchiveLimits.DEFAULTS, defaults.archive());
    assertEquals(LogLimits.DEFAULTS, defaults.logs());
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
            DataSize.ofMiB(6),
            Duration.ofSeconds(7),
            Duration.ofSeconds(8),
            9,
            10,
            11,
            DataSize.ofMiB(12),
            DataSize.ofMiB(13),
            DataSize.ofMiB(14),
            15,
            DataSize.ofKiB(16),
            new LogLimits(1, DataSize.ofKiB(2), DataSize.ofKiB(3), 4, 5, 6, 7),
            new ArchiveLimits(
                DataSize.ofMiB(1), 12, DataSize.ofMiB(13), DataSize.ofMiB(14), 15, 16),
            Duration.ofSeconds(17),
            18,
            DataSize.ofMiB(19),
            List.of("a", "b")),
        read(
            """
            java-enabled: false
            invocation-threads: 1
            invocation-queue: 2
            function-queue: 3
            max-stuck-threads: 4
            max-stuck-threads-per-version: 5
            sandbox-memory: 6MiB
            pause-after: 7s
            destroy-after: 8s
            idle-instances: 9
            idle-versions: 10
            max-versions: 11
            max-partial: 12MiB
            max-result: 13MiB
            max-platform-message: 14MiB
            max-platform-calls: 15
            max-log: 16KiB
            logs:
              lines: 1
              max-bytes: 2KiB
              max-total: 3KiB
              lines-per-second: 4
              burst: 5
              followers: 6
              follow-queue: 7
            archive:
              max-archive: 1MiB
              max-entries: 12
              max-entry: 13MiB
              max-uncompressed: 14MiB
              max-ratio: 15
              max-name: 16
            close-grace: 17s
            scatter-threads: 18
            idle-code: 19MiB
            java-tenants: [a, b]
            """));
  }

  @Test
  void refusesValuesOutOfRange() {
    fails(ErrorCode.INVALID_REQUEST, () -> read("invocation-threads: 0"));
    fails(ErrorCode.INVALID_REQUEST, () -> read("archive: {max-entries: 70000}"));
    fails(ErrorCode.INVALID_REQUEST, () -> read("destroy-after: 1s"));
    fails(ErrorCode.INVALID_REQUEST, () -> read("logs: {lines: 0}"));
    fails(ErrorCode.INVALID_REQUEST, () -> read("threads: 5"));
  }
}
