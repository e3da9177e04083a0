package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ConfigReader;
import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.dataformat.yaml.YAMLMapper;

class WasmLimitsTest {
  private static final YAMLMapper YAML = YAMLMapper.builder().build();
  private static final String HEADER = "| key under `wasm`";

  private static WasmLimits read(String yaml) {
    return ConfigReader.read(YAML.readTree(yaml), WasmLimits.defaults());
  }

  @Test
  void theDocumentsNameEveryKeyWithItsDefault() throws Exception {
    var expected = new TreeMap<String, String>();
    for (var component : WasmLimits.class.getRecordComponents()) {
      String key = component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
      expected.put(key, written(component.getAccessor().invoke(WasmLimits.defaults())));
    }
    expected.put("node-memory", "half of the heap");
    assertEquals(expected, documented());
  }

  private static String written(Object value) {
    return switch (value) {
      case Duration duration -> DurationFormat.format(duration);
      case Integer number -> String.format(Locale.ROOT, "%,d", number);
      default -> value.toString();
    };
  }

  /** Key and default of each row; {@code a`, `.b} stands for a-b. */
  private static Map<String, String> documented() throws IOException {
    var found = new TreeMap<String, String>();
    var lines = Files.readString(Path.of("..", "docs", "functions.md")).lines().toList();
    int at = 0;
    while (at < lines.size() && !lines.get(at).startsWith(HEADER)) {
      at++;
    }
    for (at += 2; at < lines.size() && lines.get(at).startsWith("|"); at++) {
      String[] cells = lines.get(at).split("\\|");
      String[] keys = cells[1].replace("`", "").strip().split(", ");
      String[] values = cells[2].strip().split("; ");
      assertEquals(keys.length, values.length, lines.get(at));
      for (int i = 0; i < keys.length; i++) {
        found.put(keys[i], values[i]);
      }
    }
    return found;
  }

  @Test
  void readsEveryKey() {
    assertEquals(
        new WasmLimits(
            DataSize.ofMiB(1),
            2,
            3,
            4,
            5,
            6,
            7,
            8,
            9,
            10,
            DataSize.ofMiB(11),
            DataSize.ofMiB(12),
            DataSize.ofMiB(13),
            Duration.ofSeconds(14),
            15,
            DataSize.ofMiB(16),
            17,
            DataSize.ofMiB(18),
            DataSize.ofMiB(19)),
        read(
            """
            max-module: 1MiB
            max-types: 2
            max-functions: 3
            max-function-bytes: 4
            max-locals: 5
            max-depth: 6
            max-globals: 7
            max-segments: 8
            max-table-entries: 9
            max-exports: 10
            max-memory: 11MiB
            node-memory: 12MiB
            compiler-heap: 13MiB
            compiler-time: 14s
            compilers: 15
            max-compiled: 16MiB
            max-cursors: 17
            max-message: 18MiB
            max-image: 19MiB
            """));
    assertEquals(WasmLimits.defaults(), read("{}"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"compilers: 0", "compiler-time: 0s", "max-memory: 2GiB", "memory: 1MiB"})
  void refusesValuesOutOfRange(String yaml) {
    var refusal = assertThrows(HeddleException.class, () -> read(yaml));
    assertEquals(ErrorCode.INVALID_REQUEST, refusal.code());
    assertTrue(refusal.getMessage().contains("(expected: "), refusal::getMessage);
  }
}
