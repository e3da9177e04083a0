package dev.heddle.cli.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.Peers;
import dev.heddle.loadtest.measure.ReportText;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.search.CorpusExperiment;
import dev.heddle.loadtest.search.GroupBysExperiment;
import dev.heddle.loadtest.search.ScatterFunctionsExperiment;
import dev.heddle.loadtest.search.SearchExperiment;
import dev.heddle.loadtest.search.ShardsExperiment;
import dev.heddle.loadtest.search.TailExperiment;
import dev.heddle.loadtest.search.faults.QueryChaosExperiment;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The experiments about search with few queries: that answers are right, not how fast. */
@Tag("chaos")
@Timeout(1_200)
class SearchExperimentsTest {
  private static final SyntheticCorpus CORPUS = new SyntheticCorpus(600, 20_161_104);

  @TempDir Path directory;

  private static ExperimentResult run(LoggedExperiment experiment) throws InterruptedException {
    var options =
        BenchOptions.DEFAULTS
            .withQuick()
            .withWorkload(new BenchOptions.Workload(Optional.empty(), 40, "{}"))
            .withPeers(Peers.of());
    var result =
        experiment.run(
            options,
            Ticker.system(),
            line -> System.out.println(experiment.name() + ": " + line),
            RequestLog.NONE);
    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    return result;
  }

  private static long count(ExperimentResult result, String series) {
    return result.series().stream()
        .filter(each -> each.name().equals(series))
        .mapToLong(each -> each.latency().count())
        .sum();
  }

  @Test
  void everySubjectAnswersAsASingleIndexDoes() throws Exception {
    var result = run(new SearchExperiment(NodeJava.command(), directory, CORPUS, 600));

    for (var subject :
        List.of(
            "lucene",
            "fanOut",
            "grpcFloor",
            "togetherHttp",
            "togetherGrpc",
            "apartHttp",
            "apartGrpc")) {
      for (var kind : List.of("match", "boolean", "phrase", "terms")) {
        assertEquals(25, count(result, "%s, %s, 1 client, run 1".formatted(subject, kind)));
        assertEquals(25, count(result, "%s, %s, 4 clients, run 2".formatted(subject, kind)));
      }
    }
    assertTrue(
        result.notes().stream().anyMatch(note -> note.startsWith("NO PEER")),
        "says that there was no peer");
    assertEquals(8, result.curves().size());
  }

  @Test
  void anyNumberOfShardsAnswersAsOneDoes() throws Exception {
    var result = run(new ShardsExperiment(NodeJava.command(), directory, CORPUS, 600));

    for (var kind : List.of("term", "phrase", "terms", "disjunction")) {
      assertEquals(100, count(result, "1 shards, %s, run 1".formatted(kind)));
      assertEquals(100, count(result, "4 shards, %s, run 2".formatted(kind)));
    }
  }

  @Test
  void stalledCallsOfLeavesChangeNoAnswer() throws Exception {
    var result = run(new TailExperiment(NodeJava.command(), directory, CORPUS, 600));

    for (var subject : List.of("hedged", "unhedged", "oracle", "hedgedSlow", "unhedgedSlow")) {
      assertEquals(100, count(result, subject + ", run 2"));
    }
    assertEquals(0.0, result.summary().get("unhedgedExtraPercent"));
  }

  @Test
  void answersHoldWhatTheySayUnderStallsKillsAndMoves() throws Exception {
    var experiment =
        new QueryChaosExperiment(NodeJava.command(), directory, 600, Duration.ofSeconds(20));

    var result =
        experiment.run(
            BenchOptions.DEFAULTS.withQuick(),
            Ticker.system(),
            line -> System.out.println(experiment.name() + ": " + line));

    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    var summary = result.summary();
    assertTrue(summary.getOrDefault("answered", 0.0) >= 600, "answered");
    assertEquals(0.0, summary.get("doubledShards"));
    for (var some :
        List.of("stalls", "kills", "replicasChanged", "placementsChanged", "improvements")) {
      assertTrue(summary.getOrDefault(some, 0.0) > 0, some);
    }
  }

  @Test
  void aSumIsTheSameWhoeverAddsItUp() throws Exception {
    var result = run(new ScatterFunctionsExperiment(NodeJava.command(), directory, 300));

    for (var way : List.of("builtIn", "java", "wasm")) {
      assertEquals(100, count(result, way + ", run 2"), way);
    }
    assertEquals(10, count(result, "fetched, run 2"));
  }

  @Test
  void aPartOfTheDocumentsIsSearchedAsAllAre() throws Exception {
    var result = run(new CorpusExperiment(NodeJava.command(), directory, CORPUS, 600));

    for (int documents : List.of(150, 600)) {
      assertEquals(100, count(result, documents + " documents, match, run 2"));
    }
    assertEquals(2, result.curves().size());
  }

  @Test
  void manyGroupBysAtOnceAreAnsweredRightOrRefused() throws Exception {
    var experiment =
        new GroupBysExperiment(NodeJava.command(), directory, 8, 20, 2_000, Duration.ofSeconds(4));

    var result = experiment.run(BenchOptions.DEFAULTS.withQuick(), Ticker.system(), _ -> {});

    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    for (var kind : List.of("short", "long", "nested", "heavy")) {
      var summary = result.summary();
      double right = summary.getOrDefault(kind + "Right", Double.NaN);
      assertEquals(20, right + summary.getOrDefault(kind + "Refused", Double.NaN), kind);
      assertTrue(right > 0, kind);
    }
    assertEquals(0.0, result.summary().get("outOfMemoryErrors"));
  }
}
