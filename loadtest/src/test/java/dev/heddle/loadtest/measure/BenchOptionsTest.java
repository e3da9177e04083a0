package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.measure.BenchOptions.Load;
import dev.heddle.loadtest.measure.BenchOptions.Target;
import dev.heddle.loadtest.measure.BenchOptions.Workload;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BenchOptionsTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  private static Target target(String url) {
    return new Target(URI.create(url), "books", Optional.of("secret-key"), TIMEOUT);
  }

  @Test
  void theDefaultsAreWhatTheProjectStatesItsFiguresFor() {
    var defaults = BenchOptions.DEFAULTS;
    assertEquals(List.of("query"), defaults.experiments());
    assertEquals(URI.create("http://localhost:8080"), defaults.target().url());
    assertEquals("dbpedia", defaults.target().dataset());
    assertEquals(300, defaults.workload().count());
    assertEquals(new Load(12_000, 5, 3_000, 1), defaults.load());
  }

  @Test
  void findsAddressAndPathOfTheTarget() {
    assertEquals("localhost:8080", target("http://localhost:8080").address().toString());
    assertEquals("[::1]:8080", target("http://[::1]:8080").address().toString());
    assertEquals(80, target("http://example.org").address().port());
    assertEquals("/v1/x", target("http://localhost:8080").path("/v1/x"));
    assertEquals("/a/v1/x", target("http://localhost:8080/a/").path("/v1/x"));
  }

  @Test
  void refusesWhatCannotBeMeant() {
    refuses(
        "target: https://localhost (expected: http://HOST:PORT)",
        () -> target("https://localhost"));
    refuses("target: localhost:8080 (expected: http://HOST:PORT)", () -> target("localhost:8080"));
    refuses("clients: 0 (expected: 1..256)", () -> new Load(0, 1, 1, 0));
    refuses("runs: 0 (expected: 1..1000)", () -> new Load(0, 0, 1, 1));
    refuses("requests: 0 (expected: 1..10000000)", () -> new Load(0, 1, 0, 1));
    refuses("warmup: -1 (expected: 0..100000000)", () -> new Load(-1, 1, 1, 1));
    refuses("queryCount: 0 (expected: 1..100000)", () -> new Workload(Optional.empty(), 0, "{}"));
    refuses(
        "dataset: '' (expected: a dataset's name)",
        () -> new Target(URI.create("http://localhost"), "", Optional.empty(), TIMEOUT));
    refuses(
        "csv: true (expected: a folder for it, with --out)",
        () -> new BenchOptions.Output(Optional.empty(), true, Optional.empty(), List.of()));
    refuses(
        "timeout: PT0S (expected: up to 1h)",
        () -> new Target(URI.create("http://h"), "d", Optional.empty(), Duration.ZERO));
  }

  private static void refuses(String message, Runnable options) {
    var refusal = assertThrows(IllegalArgumentException.class, options::run);
    assertEquals(message, refusal.getMessage());
  }

  @Test
  void aQuickRunIsToldApartFromOthers() {
    var quick = BenchOptions.DEFAULTS.withQuick();
    assertEquals(true, quick.shown().get("quick"));
    assertEquals(false, BenchOptions.DEFAULTS.shown().get("quick"));
    assertTrue(quick.load().requests() <= 1_000, quick.load()::toString);
  }

  @Test
  void aCommandIsShownWithoutTheKey() {
    assertEquals(
        List.of("bench", "query", "--key", "***", "--runs", "2"),
        CommandText.shown(List.of("bench", "query", "--key", "secret", "--runs", "2")));
    assertEquals(List.of("--key=***"), CommandText.shown(List.of("--key=secret")));
  }

  @Test
  void aReportNeverNamesTheKey() {
    var options =
        new BenchOptions(
            List.of("query"),
            target("http://localhost:8080"),
            Workload.DEFAULTS,
            Load.DEFAULTS,
            1,
            BenchOptions.Output.NONE,
            false,
            Peers.UNSAID);
    assertFalse(options.shown().toString().contains("secret-key"));
  }
}
