package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.dataformat.yaml.YAMLMapper;

class ConfigReaderTest {
  enum Mode {
    FAST,
    VERY_SAFE
  }

  record Inner(int retries, Duration timeout) {
    Inner {
      if (retries < 0) {
        throw new IllegalArgumentException("retries: " + retries + " (expected: >= 0)");
      }
    }

    static Inner defaults() {
      return new Inner(3, Duration.ofMillis(200));
    }
  }

  record Key(String id, Optional<String> note) {}

  record All(
      String name,
      int count,
      long total,
      double ratio,
      boolean on,
      Duration maxWait,
      DataSize maxSize,
      HostPort address,
      Path directory,
      List<String> tags,
      Map<String, String> labels,
      Optional<Path> secretFile,
      Optional<Inner> fallback,
      Mode mode,
      Inner inner,
      List<Key> keys) {}

  private static final All DEFAULTS =
      new All(
          "n",
          1,
          2,
          0.5,
          true,
          Duration.ofSeconds(1),
          DataSize.ofMiB(1),
          new HostPort("127.0.0.1", 0),
          Path.of("data"),
          List.of("a"),
          Map.of(),
          Optional.empty(),
          Optional.empty(),
          Mode.FAST,
          Inner.defaults(),
          List.of());

  @TempDir Path directory;

  private static All read(String yaml) {
    return ConfigReader.read(new YAMLMapper().readTree(yaml), DEFAULTS);
  }

  private static String problem(String yaml) {
    HeddleException failure = assertThrows(HeddleException.class, () -> read(yaml));
    assertSame(ErrorCode.INVALID_REQUEST, failure.code());
    return String.valueOf(failure.getMessage());
  }

  private static void assertProblem(String yaml, String problem) {
    assertEquals("config:\n  " + problem, problem(yaml));
  }

  @Test
  void whatIsNotNamedKeepsItsDefault() {
    assertEquals(DEFAULTS, read("{}"));
    assertEquals(DEFAULTS, read("inner:"));
  }

  @Test
  void bindsEveryType() {
    All all =
        read(
            """
            name: 7
            count: -4
            total: 9000000000
            ratio: 2
            on: false
            max-wait: 1.5s
            max-size: 64MiB
            address: "[::1]:9"
            directory: /var/lib
            tags: [x, y]
            labels: {zone: a}
            secret-file: s
            fallback: {retries: 1}
            mode: very-safe
            inner: {timeout: 5ms}
            keys: [{id: k}, {id: l, note: hi}]
            """);
    assertEquals(
        new All(
            "7",
            -4,
            9_000_000_000L,
            2.0,
            false,
            Duration.ofMillis(1500),
            DataSize.ofMiB(64),
            new HostPort("::1", 9),
            Path.of("/var/lib"),
            List.of("x", "y"),
            Map.of("zone", "a"),
            Optional.of(Path.of("s")),
            Optional.of(new Inner(1, Duration.ofMillis(200))),
            Mode.VERY_SAFE,
            new Inner(3, Duration.ofMillis(5)),
            List.of(new Key("k", Optional.empty()), new Key("l", Optional.of("hi")))),
        all);
  }

  @Test
  void anUnknownKeyIsAProblemThatNamesTheKnownOnes() {
    assertProblem("inner: {retrys: 1}", "inner.retrys: unknown key (expected: retries, timeout)");
    assertTrue(problem("Count: 1").contains("Count: unknown key"));
  }

  @Test
  void wrongValuesAreProblemsThatSayWhatIsExpected() {
    assertProblem("count: many", "count: many (expected: an integer)");
    assertProblem("count: 1.5", "count: 1.5 (expected: an integer)");
    assertProblem("count: 3000000000", "count: 3000000000 (expected: an integer)");
    assertProblem("total: x", "total: x (expected: an integer)");
    assertProblem("ratio: x", "ratio: x (expected: a number)");
    assertProblem("ratio: .inf", "ratio: \"Infinity\" (expected: a number)");
    assertProblem("on: 1", "on: 1 (expected: true or false)");
    assertProblem("max-wait: 200", "max-wait: 200 (expected: a time like 200ms)");
    assertProblem("max-wait: soon", "max-wait: soon (expected: a time like 200ms)");
    assertProblem("max-size: 64", "max-size: 64 (expected: a size like 64MiB)");
    assertProblem("address: x", "address: x (expected: host:port, like 127.0.0.1:8080)");
    assertProblem("directory: {}", "directory: {} (expected: a path)");
    assertProblem("tags: x", "tags: x (expected: a list)");
    assertProblem("tags: [[]]", "tags[0]: [] (expected: text)");
    assertProblem("labels: [a]", "labels: [\"a\"] (expected: keys with values)");
    assertProblem("mode: slow", "mode: slow (expected: fast, very-safe)");
    assertProblem("inner: 5", "inner: 5 (expected: keys with values)");
    assertProblem("name: {}", "name: {} (expected: text)");
  }

  @Test
  void aMissingValueWithoutDefaultIsAProblem() {
    assertProblem("keys: [{note: x}]", "keys[0].id: missing (expected: text)");
  }

  @Test
  void whatARecordRefusesIsAProblemUnderItsKey() {
    assertProblem("inner: {retries: -1}", "inner.retries: -1 (expected: >= 0)");
    assertProblem("fallback: {retries: -1}", "fallback.retries: -1 (expected: >= 0)");
  }

  @Test
  void allProblemsAreReportedAtOnce() {
    String message = problem("{count: x, nope: 1, inner: {retries: -1}, keys: [{}, 3]}");
    assertEquals(
        List.of(
            "config:",
            "  count: x (expected: an integer)",
            "  inner.retries: -1 (expected: >= 0)",
            "  keys[0].id: missing (expected: text)",
            "  keys[1]: 3 (expected: keys with values)"),
        message.lines().limit(5).toList());
    assertTrue(message.contains("nope: unknown key"));
    assertEquals(6, message.lines().count());
  }

  @Test
  void readsFilesAndNamesThemInProblems() throws Exception {
    Path file = directory.resolve("node.yaml");
    Files.writeString(file, "count: 5\n");
    assertEquals(5, ConfigReader.readYaml(file, DEFAULTS).count());
    Files.writeString(file, "# nothing but a comment\n");
    assertEquals(DEFAULTS, ConfigReader.readYaml(file, DEFAULTS));
    Files.writeString(file, "");
    assertEquals(DEFAULTS, ConfigReader.readYaml(file, DEFAULTS));
    Files.writeString(file, "nope: 5\n");
    assertTrue(fileProblem(file).startsWith("config " + file + ":\n  nope: unknown key"));
    Files.writeString(file, "- 5\n");
    assertTrue(fileProblem(file).contains("(expected: keys with values)"));
    Files.writeString(file, "count: 5\ncount: 6\n");
    assertTrue(fileProblem(file).contains("line 2"), fileProblem(file));
    Files.writeString(file, "a: [\n");
    assertTrue(fileProblem(file).contains("(expected: YAML)"));
    assertTrue(fileProblem(directory.resolve("gone.yaml")).contains("(expected: a readable file)"));
  }

  private static String fileProblem(Path file) {
    HeddleException failure =
        assertThrows(HeddleException.class, () -> ConfigReader.readYaml(file, DEFAULTS));
    return String.valueOf(failure.getMessage());
  }
}
