package dev.heddle.loadtest.testing;

import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.measure.Billing;
import dev.heddle.loadtest.measure.Conditions;
import dev.heddle.loadtest.measure.Conditions.MachineLoad;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.ExperimentRun;
import dev.heddle.loadtest.measure.Goal;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Machine;
import dev.heddle.loadtest.measure.Series;
import dev.heddle.loadtest.measure.Timeline;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A report of made-up figures that has something of everything. */
public final class SampleReport {
  public static final Instant STARTED = Instant.parse("2026-02-03T04:05:06Z");
  public static final Machine MACHINE =
      new Machine(
          "Linux 6.18", "amd64", "Some CPU", 2, 24L << 30, 20_000, "OpenJDK 25", List.of("-Xmx1g"));
  private static final int TIMES = 5_000;

  private SampleReport() {}

  /**
   * Log-normal times with a heavy tail, in several runs.
   *
   * @param micros of the median
   */
  public static List<Series> runs(String name, double micros, int runs, long seed) {
    var random = new Random(seed);
    var all = new ArrayList<Series>();
    for (int run = 1; run <= runs; run++) {
      double drift = Math.exp(0.02 * random.nextGaussian());
      var latency = new LatencyRecorder();
      var completions = new Timeline();
      long now = 0;
      for (int i = 0; i < TIMES; i++) {
        double tail = random.nextInt(50) == 0 ? 8 : 1;
        long nanos = (long) (1_000 * micros * drift * tail * Math.exp(0.3 * random.nextGaussian()));
        latency.record(nanos);
        now += nanos;
        completions.record(now);
      }
      all.add(
          new Series(
              name + ", run " + run,
              latency,
              Map.of("callsPerSecond", TIMES / (now / 1e9)),
              completions));
    }
    return all;
  }

  /** A run of one experiment on a quiet machine. */
  public static ExperimentRun run(String experiment, List<Series> series) {
    return new ExperimentRun(
        STARTED,
        conditions(),
        new Billing(1.5, 1.25, 96, 0.000001),
        new ExperimentResult(
            experiment, "made up", series, Map.of(), List.of(), List.of(), List.of()));
  }

  private static Conditions conditions() {
    var late = new LatencyRecorder();
    for (int i = 1; i <= 1_000; i++) {
      late.record(50_000 + i * 300L);
    }
    return new Conditions(12.5, late, 3.25, Optional.of(new MachineLoad(2, 11, 0.25)));
  }

  /** A report about these runs. */
  public static BenchReport of(Machine machine, Map<String, Object> flags, ExperimentRun... runs) {
    return new BenchReport(
        STARTED,
        machine,
        Map.of("java", "25.0.3"),
        Optional.of("0123456789abcdef0123456789abcdef01234567"),
        List.of("bench", "invoke", "--out", "x"),
        flags,
        11,
        List.of(runs));
  }

  /** With two experiments: one that met a goal and missed one, and one that failed. */
  public static BenchReport whole() {
    var series = new ArrayList<Series>();
    series.addAll(runs("java", 180, 3, 1));
    series.addAll(runs("wasm", 230, 3, 2));
    series.addAll(runs("peer <Google's> & \"framework\"", 400, 3, 3));
    var curve =
        new Curve(
            "Goodput by offered load",
            "offered, times capacity",
            "answers per second",
            List.of(
                new Curve.Line(
                    "goodput",
                    List.of(
                        new Curve.Point(0.1, 400),
                        new Curve.Point(0.5, 2_000),
                        new Curve.Point(1, 3_900),
                        new Curve.Point(2, 3_700),
                        new Curve.Point(3, 3_600))),
                new Curve.Line(
                    "refused",
                    List.of(
                        new Curve.Point(1, 40),
                        new Curve.Point(2, 4_100),
                        new Curve.Point(3, 8_000)))));
    var result =
        new ExperimentResult(
            "invoke",
            "echo of 26 bytes, 1 and 32 clients",
            series,
            Map.of("javaP50Millis", 0.18),
            List.of(new Goal("javaP50Millis", 0.4, 0.18), new Goal("wasmP50Millis", 0.2, 0.23)),
            List.of("each client has a session of its own <b>"),
            List.of(),
            List.of(curve));
    var late = new LatencyRecorder();
    late.record(4_000_000);
    return of(
        MACHINE,
        Map.of("runs", 3L, "quick", false, "dataset", "books"),
        new ExperimentRun(STARTED, conditions(), Billing.NONE, result),
        new ExperimentRun(
            STARTED.plusSeconds(60),
            new Conditions(1, late, 0.5, Optional.empty()),
            Billing.NONE,
            ExperimentResult.notRun("chaos", "lost 3 writes & more")));
  }
}
