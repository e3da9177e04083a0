package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ManifestTest {
  private static final String KEYS =
      "name, runtime, kind, entry, timeout, memory, description, environment, concurrency, event,"
          + " origins, code";
  private static final String SHORT = "name: related-topics\nentry: com.example.Related\n";

  @Test
  void fillsInDefaults() {
    assertEquals(
        new Manifest(
            "related-topics",
            "java",
            Optional.empty(),
            "com.example.Related",
            Duration.ofSeconds(30),
            DataSize.ofMiB(128),
            "",
            Map.of(),
            0,
            EventShape.JSON,
            List.of(),
            ""),
        Manifest.parse(SHORT));
  }

  @Test
  void readsEveryKey() {
    assertEquals(
        new Manifest(
            "f",
            "wasm",
            Optional.of(FunctionKind.SCATTER),
            "a.B$C",
            Duration.ofMillis(250),
            DataSize.ofMiB(64),
            "Finds topics.",
            Map.of("A", "1", "B_2", "yes"),
            7,
            EventShape.HTTP,
            List.of("https://example.com", "http://localhost:3000"),
            "build/main.wasm"),
        Manifest.parse(
            """
            name: f
            runtime: wasm
            kind: scatter
            entry: a.B$C
            timeout: 250ms
            memory: 64MiB
            description: Finds topics.
            environment:
              B_2: "yes"
              A: '1'
            concurrency: 7
            event: http
            origins: [https://example.com, "http://localhost:3000"]
            code: build/main.wasm
            """));
  }

  private static void refused(String problems, String yaml) {
    fails(ErrorCode.INVALID_FUNCTION, "heddle.yaml: " + problems, () -> Manifest.parse(yaml));
  }

  @Test
  void tellsAllProblemsAtOnce() {
    refused(
        "colour: \"red\" (expected: one of "
            + KEYS
            + "); name: 9lives (expected: a-z, then up to 62 of a-z, 0-9 and -); runtime: Java!"
            + " (expected: a runtime such as java or wasm); kind: cron (expected: handler or"
            + " scatter); timeout: 16m (expected: 1ms..15m); memory: 1500KiB (expected: whole MiB,"
            + " 1MiB..64GiB); environment.A: 1 (expected: text, in quotes if need be); environment:"
            + " b (expected: names of A-Z, 0-9 and _); concurrency: -1 (expected: 0..1000); event:"
            + " xml (expected: json or http); origins: example.com (expected: origins such as"
            + " https://example.com, or * alone); code: ../x.wasm (expected: a path within the"
            + " folder, such as build/main.wasm)",
        """
        colour: red
        name: 9lives
        runtime: Java!
        kind: cron
        timeout: 16m
        memory: 1500KiB
        environment: {A: 1, b: "2"}
        concurrency: -1
        event: xml
        origins: [example.com]
        code: ../x.wasm
        """);
  }

  @Test
  void aConcurrencyOfNoneMeansTheSameAsNoWordOfIt() {
    var said = Manifest.parse(SHORT + "concurrency: 0\n");
    assertEquals(0, said.concurrency());
    assertEquals(Manifest.parse(SHORT), said);
  }

  @Test
  void refusesWhatIsNoMap() {
    refused("not a map (expected: keys " + KEYS + ")", "- a\n- b\n");
    refused("not a map (expected: keys " + KEYS + ")", "");
    fails(ErrorCode.INVALID_FUNCTION, () -> Manifest.parse("name: [unclosed"));
    fails(ErrorCode.INVALID_FUNCTION, () -> Manifest.parse(SHORT + "name: twice\n"));
    fails(ErrorCode.INVALID_FUNCTION, () -> Manifest.parse("#".repeat(10_241)));
  }

  @Test
  void namesAVersionByMeaningAndCode() {
    var version = Manifest.parse(SHORT).version(new byte[] {1});
    assertEquals(64, version.length());
    assertEquals(
        version, Manifest.parse("# the same\n" + SHORT + "timeout: 30s\n").version(new byte[] {1}));
    assertNotEquals(version, Manifest.parse(SHORT).version(new byte[] {2}));
    assertNotEquals(version, Manifest.parse(SHORT + "timeout: 31s\n").version(new byte[] {1}));
    for (var line :
        List.of("event: http", "concurrency: 3", "environment: {A: x}", "origins: ['*']")) {
      assertNotEquals(version, Manifest.parse(SHORT + line + "\n").version(new byte[] {1}));
    }
  }
}
