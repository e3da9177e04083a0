package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.terminal.Console;
import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.measure.Billing;
import dev.heddle.loadtest.measure.Conditions;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.ExperimentRun;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Machine;
import dev.heddle.loadtest.measure.Series;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchCompareCommandTest {
  private static final Instant STARTED = Instant.parse("2026-02-03T04:05:06Z");

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final Console console =
      new Console(new PrintWriter(out, true), new PrintWriter(err, true), false);

  @TempDir private Path folder;

  private int run(String... arguments) {
    return Main.run(console, arguments);
  }

  /** A report of a thousand times between 1 and 2 times this one. */
  private String report(String name, int micros, int processors) throws IOException {
    var times = new LatencyRecorder();
    for (int i = 0; i < 1_000; i++) {
      times.record(1_000L * micros + 1L * micros * i);
    }
    var result =
        new ExperimentResult(
            "query",
            "made up",
            List.of(new Series("run 1", times, Map.of())),
            Map.of(),
            List.of(),
            List.of(),
            List.of());
    var conditions = new Conditions(1, new LatencyRecorder(), 0.5, Optional.empty());
    var file = folder.resolve(name);
    new BenchReport(
            STARTED,
            new Machine("Linux", "amd64", "CPU", processors, 1 << 30, 1_024, "Java", List.of()),
            Map.of(),
            Optional.empty(),
            List.of(),
            Map.of("clients", 1),
            7,
            List.of(new ExperimentRun(STARTED, conditions, Billing.NONE, result)))
        .writeTo(file);
    return file.toString();
  }

  @Test
  void failsBeyondTheThresholdAlone() throws IOException {
    var before = report("before.json", 1_000, 2);
    var after = report("after.json", 1_200, 2);

    assertEquals(1, run("bench", "compare", before, after));
    assertTrue(out.toString().contains("WORSE"), out::toString);
    assertEquals(0, run("bench", "compare", before, after, "--threshold", "50%"));
    assertEquals(0, run("bench", "compare", after, before));
    assertTrue(out.toString().contains("better"), out::toString);
    assertEquals("", err.toString());
  }

  @Test
  void refusesOtherMachinesAndWhatIsNoReport() throws IOException {
    var one = report("one.json", 1_000, 2);

    assertEquals(1, run("bench", "compare", one, report("other.json", 1_000, 8)));
    assertTrue(err.toString().contains("processors: 2, 8"), err::toString);

    var text = folder.resolve("text.json");
    Files.writeString(text, "hello");
    assertEquals(1, run("bench", "compare", one, text.toString()));
    assertTrue(err.toString().contains("expected: a report.json"), err::toString);
  }

  @Test
  void wrongUsageSaysWhatIsExpected() throws IOException {
    var one = report("one.json", 1_000, 2);

    assertEquals(2, run("bench", "compare", one, one, "--threshold", "much"));
    assertTrue(
        err.toString().contains("threshold: much (expected: a percentage like 5%)"), err::toString);
    assertEquals(2, run("bench", "compare", one));
    assertEquals(2, run("bench", "query", "--csv"));
    assertTrue(err.toString().contains("expected: a folder for it, with --out"), err::toString);
  }

  @Test
  void listsEveryExperimentInALine() {
    assertEquals(0, run("bench", "--list"));
    for (var name : List.of("query", "invoke", "burst", "overload", "bill", "chaos")) {
      assertTrue(
          out.toString().lines().anyMatch(line -> line.matches(name + " +\\S.*")), out::toString);
    }
  }
}
