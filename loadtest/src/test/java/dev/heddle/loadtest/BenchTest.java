package dev.heddle.loadtest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.BenchOptions.Target;
import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.loadtest.measure.Peers;
import dev.heddle.loadtest.report.HtmlReport;
import dev.heddle.loadtest.report.SvgFigures;
import dev.heddle.loadtest.testing.ScriptedDataset;
import dev.heddle.loadtest.testing.ScriptedServer;
import dev.heddle.loadtest.testing.ScriptedServer.Reply;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.ManualTicker;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

@Timeout(300)
class BenchTest {
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-02-03T04:05:06Z"), ZoneOffset.UTC);

  private final ManualTicker ticker = new ManualTicker();
  private final StringWriter out = new StringWriter();
  private final StringWriter talk = new StringWriter();
  private final Bench bench = new Bench(new PrintWriter(out), new PrintWriter(talk), ticker, CLOCK);

  /** Whose queries take a millisecond each. */
  private final ScriptedDataset dataset =
      new ScriptedDataset(
          120,
          (number, answer) -> {
            ticker.advance(Duration.ofMillis(1));
            return new Reply.Json(200, answer.toString());
          });

  @TempDir private Path folder = Path.of("");

  private static void assertEnds(String end, HeddleException refusal) {
    assertTrue(String.valueOf(refusal.getMessage()).endsWith(end), refusal.toString());
  }

  private static BenchOptions.Output to(Path files) {
    return new BenchOptions.Output(
        Optional.of(files), true, Optional.empty(), List.of("bench", "query"));
  }

  private HeddleException refusal(BenchOptions options) {
    return assertThrows(HeddleException.class, () -> bench.run(options));
  }

  @Test
  void peersThatNoExperimentComparesWithAreRefused() throws IOException {
    try (var server = new ScriptedServer(dataset::answer)) {
      var options = ScriptedDataset.options(server);
      assertEnds(
          "(expected: one of its experiments: elasticity)",
          refusal(options.withPeers(Peers.of(Peer.WORKERD))));
      assertEnds(
          "(expected: no peers, or no target)",
          refusal(options.withPeers(Peers.of(Peer.OPENSEARCH))));
    }
  }

  @Test
  void theReportHoldsWhatIsNeededToJudgeAndRepeatIt() throws IOException, InterruptedException {
    var files = folder.resolve("a/b");
    var file = files.resolve("report.json");
    try (var server = new ScriptedServer(dataset::answer)) {
      assertEquals(Bench.OK, bench.run(ScriptedDataset.options(server).withOutput(to(files))));
    }

    var report = JsonMapper.shared().readTree(Files.readString(file));
    assertEquals(2, report.path("format").asInt(0));
    assertEquals("[\"bench\",\"query\"]", report.path("command").toString());
    assertTrue(report.path("machine").path("descriptors").asLong(0) > 0);
    assertFalse(report.path("versions").path("java").asString("").isEmpty());
    assertEquals("2026-02-03T04:05:06Z", report.path("startedAt").asString(""));
    assertEquals(11, report.path("seed").asInt(0));
    assertEquals(400, report.path("flags").path("requests").asInt(0));
    assertEquals("books", report.path("flags").path("dataset").asString(""));
    assertTrue(report.path("machine").path("processors").asInt(0) > 0);
    assertFalse(report.path("machine").path("jvm").asString("").isEmpty());
    var experiment = report.path("experiments").path(0);
    assertEquals("query", experiment.path("experiment").asString(""));
    assertFalse(experiment.path("failed").asBoolean(true));
    assertEquals(1_000, experiment.path("summary").path("medianP50Micros").asDouble(0), 1);
    assertTrue(experiment.path("goals").path(0).path("met").asBoolean(false));
    var runs = new LatencyRecorder();
    for (var series : experiment.path("series")) {
      if (series.path("name").asString("").startsWith("run ")) {
        runs.add(LatencyRecorder.decode(series.path("latency").path("histogram").asString("")));
      }
    }
    assertEquals(1_200, runs.percentiles().count());
    assertEquals(1_000, runs.percentiles().p99(), 1);
    assertTrue(experiment.path("conditions").path("seconds").asDouble(0) >= 1.2);

    var lines = Files.readAllLines(files.resolve("requests.csv"));
    assertEquals("experiment,series,beganMicros,micros,outcome", lines.getFirst());
    assertEquals(1_201, lines.size());
    assertEquals("query,run 1,0.0,1000.0,ok", lines.get(1));
    assertEquals("query,run 1,1000.0,1000.0,ok", lines.get(2));
    assertEquals(
        HtmlReport.of(BenchReport.read(file)), Files.readString(files.resolve("report.html")));
    var figures = SvgFigures.of(BenchReport.read(file));
    assertFalse(figures.isEmpty());
    for (var figure : figures.entrySet()) {
      assertEquals(
          figure.getValue(), Files.readString(files.resolve("figures").resolve(figure.getKey())));
    }
  }

  /** An experiment that cannot be run. */
  private record Impossible(String name) implements Experiment {
    @Override
    public String about() {
      return "nothing";
    }

    @Override
    public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "no such thing (expected: one)");
    }
  }

  @Test
  void ofSeveralExperimentsOneThatCannotBeRunLeavesTheOthersAlone()
      throws IOException, InterruptedException {
    var several =
        new Bench(
            new PrintWriter(out),
            new PrintWriter(talk),
            ticker,
            CLOCK,
            List.of(new Impossible("impossible")));
    try (var server = new ScriptedServer(dataset::answer)) {
      var options =
          ScriptedDataset.options(server)
              .withExperiments("impossible", "query")
              .withOutput(to(folder));
      assertEquals(Bench.FAILED, several.run(options));
    }

    var report = BenchReport.read(folder.resolve("report.json"));
    assertEquals(
        List.of("not measured: no such thing (expected: one)"),
        report.experiments().getFirst().result().problems());
    assertEquals("query", report.experiments().getLast().result().experiment());
    assertFalse(report.experiments().getLast().result().failed());
    assertTrue(talk.toString().contains("[2/2] query: run 1 of 3"), talk.toString());
  }

  @Test
  void printsATableAndSaysWhatIsUnderWay() throws IOException, InterruptedException {
    try (var server = new ScriptedServer(dataset::answer)) {
      bench.run(ScriptedDataset.options(server));
    }

    var lines = out.toString().lines().toList();
    assertTrue(
        lines
            .getFirst()
            .contains("40 queries (10 single term, 10 multi-term, 10 phrase, 10 filter + facet)"),
        lines.getFirst());
    assertTrue(lines.get(1).startsWith("times in ms "), lines.get(1));
    assertTrue(
        lines.get(2).matches("run 1 +400 +1\\.000 +1\\.000 +1\\.000 +1\\.000 +1\\.000 +1\\.000 .*"),
        lines.get(2));
    assertTrue(lines.contains("goal medianP50Micros <= 1500: met"), out.toString());
    assertEquals(
        List.of(
            "query: making 40 queries of the dataset's documents",
            "query: warming up with 40 requests",
            "query: run 1 of 3",
            "query: run 2 of 3",
            "query: run 3 of 3"),
        talk.toString().lines().toList());
  }

  @Test
  void saysWhatToDoWhenNothingAnswers() {
    // Nobody is given such a port.
    var url = URI.create("http://127.0.0.1:1");
    var target = new Target(url, "books", Optional.empty(), Duration.ofSeconds(60));

    var refusal = refusal(BenchOptions.DEFAULTS.withTarget(target));

    assertEquals(ErrorCode.UNAVAILABLE, refusal.code());
    assertEnds("(expected: a running cluster; `heddle demo` starts one)", refusal);
  }

  @Test
  void passesOnThatADatasetIsUnknown() throws IOException {
    try (var server = new ScriptedServer(dataset::answer)) {
      var options = BenchOptions.DEFAULTS.withTarget(ScriptedDataset.target(server, "none"));
      assertEquals(ErrorCode.UNKNOWN_DATASET, refusal(options).code());
    }
  }

  @Test
  void saysSoWhenTheTargetIsSomethingElse() throws IOException {
    try (var server = new ScriptedServer(request -> new Reply.Json(200, "<html>hello"))) {
      var refusal =
          refusal(BenchOptions.DEFAULTS.withTarget(ScriptedDataset.target(server, "books")));
      assertEnds("status 200, <html>hello (expected: the JSON of a Heddle gateway)", refusal);
    }
  }

  @Test
  void listsExperimentsAndRefusesUnknownOnesBeforeAnyWork() {
    assertEquals(List.of("query"), bench.experiments().stream().map(Experiment::name).toList());
    var refusal = refusal(BenchOptions.DEFAULTS.withExperiments("query", "qwery"));
    assertEquals("experiment: qwery (expected: query)", refusal.getMessage());
    assertEquals("", out + "" + talk);
  }

  @Test
  void refusesAReportThatCouldNotBeWrittenBeforeAnyWork() throws IOException {
    var file = folder.resolve("file");
    Files.writeString(file, "");
    for (var path : List.of(file, file.resolve("below"))) {
      var refusal = refusal(BenchOptions.DEFAULTS.withOutput(to(path)));
      assertEquals(ErrorCode.INVALID_REQUEST, refusal.code());
      assertTrue(
          String.valueOf(refusal.getMessage()).startsWith("out: " + path + " ("),
          refusal.toString());
    }
    assertEquals("", talk.toString());
  }
}
