package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ManifestTest {
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
            ""),
        Manifest.parse(SHORT));
  }

  @Test
  void readsEveryKey() {
    assertEquals(
        new Manifest(
            "f",
            "java",
            Optional.of(FunctionKind.SCATTER),
            "a.B$C",
            Duration.ofMillis(250),
            DataSize.ofMiB(64),
            "Finds topics."),
        Manifest.parse(
            """
            name: f
            runtime: java
            kind: scatter
            entry: a.B$C
            timeout: 250ms
            memory: 64MiB
            description: Finds topics.
            """));
  }

  private static void refused(String problems, String yaml) {
    fails(ErrorCode.INVALID_FUNCTION, "heddle.yaml: " + problems, () -> Manifest.parse(yaml));
  }

  @Test
  void tellsAllProblemsAtOnce() {
    refused(
        "colour: \"red\" (expected: one of name, runtime, kind, entry, timeout, memory,"
            + " description); name: 9lives (expected: a-z, then up to 62 of a-z, 0-9 and -);"
            + " runtime: python (expected: java; there is no other one yet); kind: cron (expected:"
            + " handler or scatter); entry: missing (expected: a class name such as"
            + " com.example.MyFunction); timeout: 16m (expected: 1ms..15m); memory: lots (expected:"
            + " 1MiB..64GiB)",
        """
        colour: red
        name: 9lives
        runtime: python
        kind: cron
        timeout: 16m
        memory: lots
        """);
  }

  @Test
  void refusesWhatItWouldIgnore() {
    refused(
        "environment: {\"A\":\"1\"} (expected: not to be there: functions have no environment"
            + " variables yet)",
        SHORT + "environment: {A: \"1\"}\n");
    refused(
        "event: \"http\" (expected: not to be there: handlers get the JSON body as their event)",
        SHORT + "event: http\n");
  }

  @Test
  void refusesWhatIsNoMap() {
    refused(
        "not a map (expected: keys name, runtime, kind, entry, timeout, memory, description)",
        "- a\n- b\n");
    refused(
        "not a map (expected: keys name, runtime, kind, entry, timeout, memory, description)", "");
    fails(ErrorCode.INVALID_FUNCTION, () -> Manifest.parse("name: [unclosed"));
    fails(ErrorCode.INVALID_FUNCTION, () -> Manifest.parse(SHORT + "name: twice\n"));
    fails(ErrorCode.INVALID_FUNCTION, () -> Manifest.parse("#".repeat(70_000)));
  }

  @Test
  void namesAVersionByMeaningAndCode() {
    var version = Manifest.parse(SHORT).version(new byte[] {1});
    assertEquals(64, version.length());
    assertEquals(
        version, Manifest.parse("# the same\n" + SHORT + "timeout: 30s\n").version(new byte[] {1}));
    assertNotEquals(version, Manifest.parse(SHORT).version(new byte[] {2}));
    assertNotEquals(version, Manifest.parse(SHORT + "timeout: 31s\n").version(new byte[] {1}));
  }
}
