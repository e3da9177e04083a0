package dev.heddle.loadtest.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.ExperimentRun;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Machine;
import dev.heddle.loadtest.report.Comparison.Row;
import dev.heddle.loadtest.testing.SampleReport;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ComparisonTest {
  private static final Map<String, Object> FLAGS = Map.of("clients", 1L, "requests", 100L);

  private static BenchReport report(double micros, int runs, long seed) {
    return SampleReport.of(
        SampleReport.MACHINE,
        FLAGS,
        SampleReport.run("invoke", SampleReport.runs("java", micros, runs, seed)));
  }

  private static Row row(Comparison comparison, String metric) {
    return comparison.rows().stream()
        .filter(row -> row.metric().equals(metric))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void findsWhatBecameSlower() {
    var comparison = Comparison.of(report(200, 5, 1), report(260, 5, 2), 0.05, 1);

    assertTrue(comparison.failed());
    for (var metric : List.of("p50", "p90", "callsPerSecond")) {
      assertTrue(row(comparison, metric).worse(0.05), comparison::text);
    }
    var median = row(comparison, "p50");
    assertEquals(1.3, median.ratio(), 0.06);
    assertTrue(median.low() <= median.ratio() && median.ratio() <= median.high(), median::toString);
    assertTrue(comparison.text().contains("WORSE"), comparison::text);
  }

  @Test
  void whatBecameFasterFailsNothing() {
    var comparison = Comparison.of(report(260, 5, 1), report(200, 5, 2), 0.05, 1);

    assertFalse(comparison.failed(), comparison::text);
    assertTrue(row(comparison, "p50").improved(0.05), comparison::text);
    assertTrue(row(comparison, "callsPerSecond").improved(0.05), comparison::text);
  }

  @Test
  void noiseFailsNothing() {
    for (int seed = 0; seed < 20; seed++) {
      var comparison =
          Comparison.of(report(200, 5, 2 * seed + 100), report(200, 5, 2 * seed + 101), 0.05, 1);
      assertFalse(comparison.failed(), comparison::text);
    }
  }

  @Test
  void theSameSeedGivesTheSameIntervals() {
    var before = report(200, 3, 1);
    var after = report(210, 3, 2);
    assertEquals(Comparison.of(before, after, 0.05, 7), Comparison.of(before, after, 0.05, 7));
  }

  /** Of 95 % intervals some 95 % hold the truth, which is known here. */
  @Test
  void intervalsHoldTheTruthAsOftenAsTheySay() {
    long seed = new Random().nextLong();
    var random = new Random(seed);
    int held = 0;
    int trials = 300;
    for (int i = 0; i < trials; i++) {
      var bootstrap = new Bootstrap(random, 400);
      var one = bootstrap.quantile(List.of(exponential(random, 1_000)), 0.9);
      var other = bootstrap.quantile(List.of(exponential(random, 2_000)), 0.9);
      var interval = bootstrap.ratio(other, one, 0.95);
      held += interval.low() <= 2 && 2 <= interval.high() ? 1 : 0;
    }
    // Five standard deviations around 285, and some for what bootstrap intervals are known to lack.
    assertTrue(held >= 258 && held < 300, held + " of " + trials + ", seed " + seed);
  }

  private static LatencyRecorder exponential(Random random, double meanMicros) {
    var times = new LatencyRecorder();
    for (int i = 0; i < 500; i++) {
      times.record((long) (-Math.log(1 - random.nextDouble()) * meanMicros * 1_000));
    }
    return times;
  }

  @Test
  void aFigureThatWasMeasuredOnceIsNotJudged() {
    var comparison = Comparison.of(report(200, 1, 1), report(200, 1, 2), 0.05, 1);
    assertTrue(comparison.rows().stream().noneMatch(row -> row.metric().endsWith("PerSecond")));
    assertTrue(comparison.rows().stream().anyMatch(row -> row.metric().equals("p50")));
  }

  @Test
  void tellsWhatOneReportAloneHas() {
    var before =
        SampleReport.of(
            SampleReport.MACHINE,
            FLAGS,
            SampleReport.run("invoke", SampleReport.runs("java", 200, 2, 1)),
            SampleReport.run("bill", SampleReport.runs("calls", 200, 2, 1)));
    var series = new ArrayList<>(SampleReport.runs("java", 200, 2, 1));
    series.addAll(SampleReport.runs("wasm", 200, 2, 1));
    var after = SampleReport.of(SampleReport.MACHINE, FLAGS, SampleReport.run("invoke", series));

    assertTrue(
        Comparison.of(before, after, 0.05, 1).notes().contains("bill: not in the second report"));
    assertTrue(
        Comparison.of(after, before, 0.05, 1).notes().contains("bill: not in the first report"));
    assertTrue(
        Comparison.of(after, before, 0.05, 1)
            .notes()
            .contains("invoke, wasm: not in the second report"));
  }

  private static void refuses(String why, BenchReport before, BenchReport after) {
    var refusal = assertThrows(HeddleException.class, () -> Comparison.of(before, after, 0.05, 1));
    assertEquals(ErrorCode.INVALID_REQUEST, refusal.code());
    assertEquals(
        "compare: "
            + why
            + " (expected: two reports without failures, of one kind of machine, with the same"
            + " options)",
        refusal.getMessage());
  }

  @Test
  void refusesWhatCannotBeCompared() {
    var one = report(200, 2, 1);
    var machine = SampleReport.MACHINE;
    var bigger =
        new Machine(
            machine.os(),
            machine.arch(),
            machine.cpu(),
            64,
            machine.memoryBytes(),
            machine.descriptors(),
            machine.jvm(),
            machine.flags());
    var run = one.experiments().getFirst();
    var failed =
        new ExperimentRun(
            run.startedAt(),
            run.conditions(),
            run.billed(),
            ExperimentResult.notRun("invoke", "no target"));
    refuses("processors: 2, 64", one, SampleReport.of(bigger, FLAGS, run));
    refuses(
        "option clients: 1, 8",
        one,
        SampleReport.of(machine, Map.of("clients", 8L, "requests", 9L), run));
    refuses("option quick: null, true", one, SampleReport.of(machine, quick(), run));
    refuses("invoke failed: no target", one, SampleReport.of(machine, FLAGS, failed));
    refuses(
        "no figure that both have, repeated or of enough times",
        one,
        SampleReport.of(
            machine, FLAGS, SampleReport.run("bill", SampleReport.runs("calls", 1, 1, 1))));
    assertThrows(IllegalArgumentException.class, () -> Comparison.of(one, one, -0.1, 1));
  }

  private static Map<String, Object> quick() {
    return Map.of("clients", 1L, "requests", 100L, "quick", true);
  }
}
