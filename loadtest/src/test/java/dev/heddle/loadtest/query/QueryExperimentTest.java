package dev.heddle.loadtest.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.BenchOptions.Load;
import dev.heddle.loadtest.measure.BenchOptions.Workload;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Goal;
import dev.heddle.loadtest.measure.Percentiles;
import dev.heddle.loadtest.measure.Series;
import dev.heddle.loadtest.testing.ScriptedDataset;
import dev.heddle.loadtest.testing.ScriptedServer;
import dev.heddle.loadtest.testing.ScriptedServer.Reply;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualTicker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/** The experiment against a scripted server: what it reports must be what the server did. */
@Timeout(300)
class QueryExperimentTest {
  private static final int DOCUMENTS = 120;
  private static final int WARMUP = 40;
  private static final int REQUESTS = 400;

  /** The scripts move it on, so that a server's delays are known to the nanosecond. */
  private final ManualTicker ticker = new ManualTicker();

  private int connections;

  private static Reply whole(ObjectNode answer) {
    return new Reply.Json(200, answer.toString());
  }

  /** Three runs of 400 after a warm-up of 40. */
  private ExperimentResult run(BiFunction<Integer, ObjectNode, Reply> script)
      throws IOException, InterruptedException {
    return run(new ScriptedDataset(DOCUMENTS, script), ticker, options -> options);
  }

  private ExperimentResult run(
      ScriptedDataset dataset, Ticker time, UnaryOperator<BenchOptions> change)
      throws IOException, InterruptedException {
    try (var server = new ScriptedServer(dataset::answer)) {
      var options = change.apply(ScriptedDataset.options(server));
      var result = new QueryExperiment().run(options, time, line -> {});
      connections = server.connections();
      return result;
    }
  }

  private static Series series(ExperimentResult result, String name) {
    return result.series().stream()
        .filter(series -> series.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static Percentiles times(ExperimentResult result, String series) {
    return series(result, series).latency().percentiles();
  }

  private static double figure(ExperimentResult result, String series, String name) {
    return series(result, series).figures().getOrDefault(name, Double.NaN);
  }

  private static String problems(ExperimentResult result) {
    return String.join("\n", result.problems());
  }

  private static void assertContains(String part, String whole) {
    assertTrue(whole.contains(part), () -> "expected '" + part + "' in: " + whole);
  }

  @Test
  void reportsExactlyTheDelaysThatTheServerLogged() throws IOException, InterruptedException {
    var log = Collections.synchronizedList(new ArrayList<Long>());
    var random = new Random(5);

    var result =
        run((number, answer) -> {
          // From 0.2 to 6 ms, and now and then a stall.
          long nanos = number % 97 == 96 ? 150_000_000 : 200_000 + random.nextInt(5_800_000);
          ticker.advance(Duration.ofNanos(nanos));
          log.add(nanos);
          return whole(answer);
        });

    assertFalse(result.failed(), problems(result));
    assertEquals(WARMUP + 3 * REQUESTS, log.size());
    assertAgrees(log.subList(WARMUP, log.size()), times(result, "all runs"));
    for (int i = 0; i < 3; i++) {
      var logged = log.subList(WARMUP + i * REQUESTS, WARMUP + (i + 1) * REQUESTS);
      assertAgrees(logged, times(result, "run " + (i + 1)));
      double seconds = logged.stream().mapToLong(Long::longValue).sum() / 1e9;
      assertEquals(REQUESTS / seconds, figure(result, "run " + (i + 1), "requestsPerSecond"), 0.01);
    }
    assertEquals(17, times(result, "server's own (tookMicros)").p99(), 0.02);
  }

  /** Percentiles of the log are its elements by rank; a histogram has them to three digits. */
  private static void assertAgrees(List<Long> logged, Percentiles reported) {
    var sorted = logged.stream().mapToLong(Long::longValue).sorted().toArray();
    assertEquals(sorted.length, reported.count());
    assertMicros(sorted[0], reported.min());
    assertMicros(rank(sorted, 50), reported.p50());
    assertMicros(rank(sorted, 90), reported.p90());
    assertMicros(rank(sorted, 99), reported.p99());
    assertMicros(rank(sorted, 99.9), reported.p999());
    assertMicros(sorted[sorted.length - 1], reported.max());
    assertMicros(Arrays.stream(sorted).sum() / sorted.length, reported.mean());
  }

  private static long rank(long[] sorted, double percentile) {
    return sorted[(int) Math.ceil(percentile / 100 * sorted.length) - 1];
  }

  private static void assertMicros(long nanos, double micros) {
    assertEquals(nanos / 1e3, micros, nanos / 1e6);
  }

  @Test
  void neverReportsLessThanTheServerTookInRealTime() throws IOException, InterruptedException {
    var log = Collections.synchronizedList(new ArrayList<Long>());
    var dataset =
        new ScriptedDataset(
            DOCUMENTS,
            (number, answer) -> {
              long began = System.nanoTime();
              var reply = whole(answer);
              log.add(System.nanoTime() - began);
              return reply;
            });

    var result = run(dataset, Ticker.system(), options -> options);

    assertFalse(result.failed(), problems(result));
    var sorted =
        log.subList(WARMUP, log.size()).stream().mapToLong(Long::longValue).sorted().toArray();
    var reported = times(result, "all runs");
    assertTrue(reported.p50() >= rank(sorted, 50) / 1e3);
    assertTrue(reported.p90() >= rank(sorted, 90) / 1e3);
    assertTrue(reported.p99() >= rank(sorted, 99) / 1e3);
  }

  @Test
  void aSlowServerMissesItsGoalsAndFailsNothing() throws IOException, InterruptedException {
    var result =
        run((number, answer) -> {
          ticker.advance(Duration.ofSeconds(2));
          return whole(answer);
        });

    assertFalse(result.failed(), problems(result));
    assertEquals(2, result.goals().size());
    assertTrue(result.goals().stream().noneMatch(Goal::met));
  }

  @Test
  void anAnswerThatChangesFailsTheRun() throws IOException, InterruptedException {
    var result =
        run((number, answer) -> {
          if (number == 777) {
            answer.putArray("hits").addObject().put("id", "stranger");
          }
          return whole(answer);
        });

    assertEquals(1, figure(result, "all runs", "wrong"));
    assertContains(
        "run 2: 0 errors, 0 partial, 1 wrong answers (expected: none), like: other hits than"
            + " before: stranger; query {",
        problems(result));
  }

  private ExperimentResult partial(int from, int to) throws IOException, InterruptedException {
    return run((number, answer) -> {
      if (number >= from && number < to) {
        ScriptedDataset.coverage(answer, 90, 3);
        answer.putArray("hits");
      }
      return whole(answer);
    });
  }

  @Test
  void aPartialAnswerFailsARun() throws IOException, InterruptedException {
    var result = partial(500, 502);
    assertEquals(2, figure(result, "run 2", "partial"));
    assertContains("partial: 90 of 120 documents, 3 of 4 shards", problems(result));
  }

  @Test
  void aPartialAnswerDuringTheWarmupIsOnlyNoted() throws IOException, InterruptedException {
    var result = partial(0, 5);
    assertFalse(result.failed(), problems(result));
    assertContains(
        "warm-up: 0 errors, 5 partial answers, like: partial: ", String.join("\n", result.notes()));
  }

  @Test
  void errorsAndDropsAreCountedAndTheRunGoesOn() throws IOException, InterruptedException {
    var result =
        run((number, answer) ->
            switch (number) {
              case 100 -> new Reply.Drop();
              case 150 -> new Reply.Json(503, "{\"error\":{\"message\":\"too busy\"}}");
              case 200 -> new Reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", true);
              case 250 -> new Reply.Json(200, "{\"hits\":[]}");
              default -> whole(answer);
            });

    assertEquals(4, figure(result, "run 1", "errors"));
    assertEquals(0, figure(result, "run 1", "wrong"));
    assertEquals(REQUESTS - 4, times(result, "run 1").count());
    assertEquals(REQUESTS, times(result, "run 2").count());
    assertEquals(1, result.problems().size(), problems(result));
    for (var part : List.of("status 503, ", "too busy", "closed by the server", "no answer: ")) {
      assertContains(part, problems(result));
    }
  }

  @Test
  void givesUpOnAServerThatIsGone() throws IOException, InterruptedException {
    var result =
        run((number, answer) -> number < 300 ? whole(answer) : new Reply.Json(500, "gone"));

    assertContains("run 1: gave up after 280 requests (expected: 400)", problems(result));
    assertContains("run 3: gave up after 20 requests (expected: 400)", problems(result));
  }

  @Test
  void aServerThatFindsNothingIsNotTakenForAFastOne() throws IOException, InterruptedException {
    var result =
        run((number, answer) -> {
          answer.putArray("hits");
          return whole(answer);
        });

    assertContains("40 of 40 queries found nothing", problems(result));
  }

  @Test
  void severalClientsShareTheRequestsOverOneConnectionEach()
      throws IOException, InterruptedException {
    var dataset = new ScriptedDataset(DOCUMENTS, (number, answer) -> whole(answer));
    var result =
        run(dataset, Ticker.system(), options -> options.withLoad(new Load(40, 2, 500, 4)));

    assertFalse(result.failed(), problems(result));
    assertEquals(40 + 2 * 500, dataset.measured());
    assertEquals(1_000, times(result, "all runs").count());
    // Each question before the load has a connection of its own.
    int measuring = connections - dataset.sampling().size();
    assertTrue(measuring >= 1 && measuring <= 4, "connections: " + measuring);
    assertEquals(List.of(), result.goals());
  }

  @Test
  void sendsTheQueriesOfAFile(@TempDir Path folder) throws IOException, InterruptedException {
    var file =
        Files.writeString(
            folder.resolve("log.txt"), "word1\nword2 word3\n{\"query\":\"nowhere to be found\"}\n");
    var dataset = new ScriptedDataset(DOCUMENTS, (number, answer) -> whole(answer));

    var result =
        run(
            dataset,
            ticker,
            options ->
                options
                    .withWorkload(new Workload(Optional.of(file), 300, "{\"k\":3}"))
                    .withLoad(new Load(0, 1, 30, 1)));

    assertFalse(result.failed(), problems(result));
    assertEquals(30, times(result, "  given").count());
    assertContains("3 queries (3 given)", result.subject());
  }

  @Test
  void everyRunSendsEveryQueryEquallyOften() throws IOException {
    var queries =
        List.of(
            new WorkloadQuery(QueryKind.GIVEN, "{}"),
            new WorkloadQuery(QueryKind.GIVEN, "{}"),
            new WorkloadQuery(QueryKind.GIVEN, "{}"));
    var edge = new ClusterEdge(BenchOptions.DEFAULTS.target());
    try (var loop = new ClosedLoop(edge, queries, 1, new Random(1), ticker)) {
      var first = loop.schedule(30);
      var second = loop.schedule(30);
      assertFalse(Arrays.equals(first, second));
      for (var schedule : List.of(first, second)) {
        for (int query = 0; query < 3; query++) {
          int wanted = query;
          assertEquals(10, Arrays.stream(schedule).filter(each -> each == wanted).count());
        }
      }
    }
  }

  @Test
  void anInterruptEndsALoopThatWaitsForAnswers() throws IOException, InterruptedException {
    var dataset = new ScriptedDataset(DOCUMENTS, (number, answer) -> new Reply.Silence());
    var interrupted = new AtomicBoolean();
    try (var server = new ScriptedServer(dataset::answer)) {
      var options = ScriptedDataset.options(server);
      var bench =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  new QueryExperiment().run(options, ticker, line -> {});
                } catch (InterruptedException e) {
                  interrupted.set(true);
                }
              });
      Eventually.eventually("a query is under way", () -> dataset.measured() > 0);
      bench.interrupt();
      bench.join();
    }
    assertTrue(interrupted.get());
  }
}
