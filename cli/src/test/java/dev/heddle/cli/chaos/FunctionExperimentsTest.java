package dev.heddle.cli.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.invoke.BillExperiment;
import dev.heddle.loadtest.invoke.BurstExperiment;
import dev.heddle.loadtest.invoke.ColdStartExperiment;
import dev.heddle.loadtest.invoke.ElasticityExperiment;
import dev.heddle.loadtest.invoke.FairnessExperiment;
import dev.heddle.loadtest.invoke.InvokeExperiment;
import dev.heddle.loadtest.invoke.LightLoadExperiment;
import dev.heddle.loadtest.invoke.OverloadExperiment;
import dev.heddle.loadtest.invoke.PageLoadExperiment;
import dev.heddle.loadtest.invoke.SandboxesExperiment;
import dev.heddle.loadtest.invoke.SchedulersExperiment;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.loadtest.measure.Peers;
import dev.heddle.loadtest.measure.ReportText;
import dev.heddle.process.Ticker;
import java.nio.file.Files;
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
@Timeout(1_200)
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
  void aHundredCallsAtATimeAreAnsweredByThisBuildAndABareJetty() throws Exception {
    var experiment =
        new ElasticityExperiment(
            NodeJava.command(), directory, NO_MAVEN, directory, Duration.ofSeconds(1));

    var result =
        experiment.run(
            BenchOptions.DEFAULTS.withQuick().withPeers(Peers.of(Peer.JETTY)),
            Ticker.system(),
            line -> System.out.println(line));

    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    for (var subject : List.of("heddle", "jetty")) {
      assertTrue(count(result, subject + ", waiting") >= 200, "a hundred at least twice");
      assertTrue(count(result, subject + ", computing") >= 100);
    }
    assertEquals(2, result.curves().size());
  }

  @Test
  void aTenantBeyondItsQuotaIsRefusedAndTheOtherOneIsNot() throws Exception {
    var experiment = new FairnessExperiment(NodeJava.command(), directory, Duration.ofSeconds(2));

    var result = run(experiment, new BenchOptions.Load(200, 1, 1, 1));

    assertTrue(count(result, "calm alone, run 1") > 0);
    assertTrue(count(result, "calm beside greedy, run 1") > 0);
    assertTrue(
        result.series().stream()
            .filter(each -> each.name().equals("greedy, run 1"))
            .allMatch(each -> Objects.requireNonNull(each.figures().get("refused")) > 0),
        "ten times a quota is too much");
  }

  @Test
  void aLightLoadAtGivenTimesIsAnsweredFromTheFirstCallOn() throws Exception {
    var times = Files.writeString(directory.resolve("arrivals.txt"), "# mine\n0\n5.5\n40\n40\n");
    var experiment = new LightLoadExperiment(NodeJava.command(), directory, Duration.ofSeconds(1));

    var result =
        experiment.run(
            BenchOptions.DEFAULTS
                .withQuick()
                .withWorkload(BenchOptions.Workload.DEFAULTS.withArrivals(times)),
            Ticker.system(),
            line -> System.out.println(line));

    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    for (var runtime : List.of("java", "wasm")) {
      assertEquals(20, count(result, runtime + ", first calls"));
      assertEquals(4, count(result, runtime + ", later calls"));
    }
  }

  @Test
  void callsOfAPageAndALongPollAreBilledForAsLongAsTheyWait() throws Exception {
    var experiment =
        new PageLoadExperiment(NodeJava.command(), directory, Duration.ofMillis(1_500));

    var result = run(experiment, new BenchOptions.Load(0, 2, 1, 1));

    assertEquals(60, count(result, "calls of the page, run 2"));
    double exact = figure(result, "exactPageMibSeconds");
    assertTrue(figure(result, "millisPageMibSeconds") > exact);
    assertTrue(figure(result, "hundredMillisPageMibSeconds") >= 60 * 0.1 * 128 - 1e-6);
    assertTrue(figure(result, "exactPollMibSeconds") >= 1.5 * 128);
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
  void policiesOfTheHouseAndOfAJarAnswerTheSameCalls() throws Exception {
    var experiment =
        new SchedulersExperiment(NodeJava.command(), directory, Duration.ofMillis(1_500));

    var result =
        experiment.run(
            BenchOptions.DEFAULTS.withQuick().withLoad(new BenchOptions.Load(0, 1, 1, 1)),
            Ticker.system(),
            line -> System.out.println(line));

    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    assertTrue(count(result, "locality, run 1") > 0);
    assertEquals(
        result.series().getFirst().figures().get("arrived"),
        result.series().getLast().figures().get("arrived"));
    assertTrue(result.series().getLast().name().startsWith("two-choices"));
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
    for (var kind : List.of("java", "wasm")) {
      for (var state : List.of("new", "paused", "stopped")) {
        assertEquals(20, count(result, kind + ", " + state), kind + ", " + state);
      }
      assertEquals(400, count(result, kind + ", warm"), kind);
    }
    for (var state : List.of("new", "paused", "stopped")) {
      assertEquals(1, count(result, "largeWasm, " + state), state);
    }
  }

  @Test
  void sandboxesOfBothRuntimesAreHeldRunningAndPaused() throws Exception {
    var experiment = new SandboxesExperiment(NodeJava.command(), directory, 8, 4);

    var result = run(experiment, new BenchOptions.Load(0, 1, 1, 1));

    for (var kind : List.of("java", "wasm")) {
      for (var state : List.of("Running", "Paused")) {
        assertTrue(Double.isFinite(figure(result, kind + state + "HeapBytes")), kind + state);
        assertTrue(figure(result, kind + state + "PerGib") > 0, kind + state);
      }
    }
    assertEquals(4, result.curves().getFirst().lines().size());
    assertTrue(
        result.curves().getFirst().lines().stream().allMatch(line -> line.points().size() == 3));
  }
}
