package dev.heddle.cli.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.invoke.BillExperiment;
import dev.heddle.loadtest.invoke.BurstExperiment;
import dev.heddle.loadtest.invoke.ColdStartExperiment;
import dev.heddle.loadtest.invoke.InvokeExperiment;
import dev.heddle.loadtest.invoke.OverloadExperiment;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.ReportText;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The experiments about functions with few calls: that they are right, not what they measure. */
@Tag("chaos")
@Timeout(600)
class FunctionExperimentsTest {
  private static final Path NO_MAVEN = Path.of("/bin/false");

  @TempDir Path directory;

  private static ExperimentResult run(Experiment experiment, BenchOptions.Load load)
      throws InterruptedException {
    var result =
        experiment.run(
            BenchOptions.DEFAULTS.withLoad(load),
            Ticker.system(),
            line -> System.out.println(experiment.name() + ": " + line));
    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    return result;
  }

  private static long count(ExperimentResult result, String series) {
    return result.series().stream()
        .filter(each -> each.name().equals(series))
        .mapToLong(each -> each.latency().percentiles().count())
        .sum();
  }

  private static double figure(ExperimentResult result, String name) {
    return Objects.requireNonNull(result.summary().get(name), name);
  }

  @Test
  void everyInvocationIsAnsweredInBothRuntimesAndBothShapes() throws Exception {
    var experiment = new InvokeExperiment(NodeJava.command(), directory, NO_MAVEN, directory, 4);

    var result = run(experiment, new BenchOptions.Load(20, 2, 50, 1));

    for (var subject : List.of("java", "wasm", "javaApart", "wasmApart")) {
      assertEquals(50, count(result, subject + ", 1 client, run 1"));
      assertEquals(200, count(result, subject + ", 4 clients, run 2"));
      assertTrue(figure(result, subject + "CallsPerSecond") > 0);
    }
    assertTrue(
        result.notes().stream().anyMatch(note -> note.startsWith("NO PEER")),
        "says that there was no peer");
  }

  @Test
  void aBurstIsAnsweredWholeAndLeavesTheGatewayHealthy() throws Exception {
    var experiment = new BurstExperiment(NodeJava.command(), directory, Duration.ofSeconds(2));

    var result = run(experiment, new BenchOptions.Load(200, 1, 1, 1));

    assertTrue(count(result, "waiting") >= 200, "a hundred at least twice");
    assertEquals(100, count(result, "waiting, the first hundred"));
    assertTrue(count(result, "computing") >= 100);
    assertTrue(count(result, "/healthz meanwhile") > 0);
    assertTrue(figure(result, "barePerSecond") > 0);
  }

  @Test
  void everyCallOfAnOverloadHasAnEnd() throws Exception {
    var experiment = new OverloadExperiment(NodeJava.command(), directory, Duration.ofSeconds(1));

    var result =
        experiment.run(
            BenchOptions.DEFAULTS.withQuick(), Ticker.system(), line -> System.out.println(line));

    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    assertTrue(figure(result, "capacityPerSecond") > 0);
    assertTrue(count(result, "0.5 x capacity") > 0);
    assertTrue(count(result, "3.0 x capacity") > 0);
    assertEquals(2, result.curves().size());
  }

  @Test
  void billsHoldWhatTheirCallsTook() throws Exception {
    var experiment = new BillExperiment(NodeJava.command(), directory, 50);

    var result = run(experiment, new BenchOptions.Load(50, 1, 1, 1));

    assertEquals(50, count(result, "calls"));
    assertTrue(
        figure(result, "billedActiveMillis") >= figure(result, "ownElapsedMillis"),
        "active time contains the handler's");
    assertTrue(
        figure(result, "billedCpuMillis") >= figure(result, "ownCpuMillis"),
        "billed CPU time contains the handler's");
  }

  @Test
  void shippedCodeRunsAtALeafThatNeverSawItAndNewCodeRunsEverywhere() throws Exception {
    var experiment = new ColdStartExperiment(NodeJava.command(), directory);

    var result = run(experiment, new BenchOptions.Load(0, 1, 1, 1));

    assertEquals(1, count(result, "first call of a shipped version"));
    assertEquals(1, count(result, "every leaf after a deploy"));
    assertEquals(1, count(result, "compiling it there"));
  }
}
