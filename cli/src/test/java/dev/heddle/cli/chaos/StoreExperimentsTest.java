package dev.heddle.cli.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.chaos.FailoverExperiment;
import dev.heddle.loadtest.chaos.SessionReadsExperiment;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.ReportText;
import dev.heddle.loadtest.store.WritesExperiment;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The experiments about the store with little data: that nothing is lost, not how fast. */
@Tag("chaos")
@Timeout(1_200)
class StoreExperimentsTest {
  private static final SyntheticCorpus CORPUS = new SyntheticCorpus(300, 20_161_104);

  @TempDir Path directory;

  private static ExperimentResult run(Experiment experiment) throws InterruptedException {
    var result =
        experiment.run(
            BenchOptions.DEFAULTS.withQuick().withLoad(new BenchOptions.Load(20, 1, 50, 1)),
            Ticker.system(),
            line -> System.out.println(experiment.name() + ": " + line));
    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    return result;
  }

  private static double figure(ExperimentResult result, String name) {
    return Objects.requireNonNull(result.summary().get(name), name);
  }

  @Test
  void everyWriteOfOneAndOfManyDocumentsIsAcknowledged() throws Exception {
    var result = run(new WritesExperiment(NodeJava.command(), directory, CORPUS, 300));

    assertEquals(50, result.series().getFirst().latency().count());
    for (var subject : List.of("bare", "oneReplica", "threeReplicas")) {
      assertTrue(figure(result, subject + "DocumentsPerSecond") > 0, subject);
    }
  }

  @Test
  void noAcknowledgedWriteIsLostWithALeader() throws Exception {
    var result = run(new FailoverExperiment(NodeJava.command(), directory, 1, 0));

    assertEquals(0, figure(result, "lost"));
    assertEquals(0, figure(result, "stallsNotEnded"));
    assertTrue(figure(result, "writesAcknowledged") > 0);
  }

  @Test
  void readsOfASessionAreNeverStaleWhereAReplicaIsSlow() throws Exception {
    var result = run(new SessionReadsExperiment(NodeJava.command(), directory, 300));

    assertEquals(0, figure(result, "stale"));
    assertTrue(figure(result, "sessionReads") >= 300);
  }
}
