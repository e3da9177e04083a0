package dev.heddle.loadtest;

import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.ReportText;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Runs experiments and tells what they found. Used by one thread. */
public final class Bench {
  /** Every experiment did what it should. */
  public static final int OK = 0;

  /** An experiment met errors or wrong answers. */
  public static final int FAILED = 1;

  private final PrintWriter out;
  private final PrintWriter talk;
  private final Ticker ticker;
  private final Clock clock;
  private final List<Experiment> experiments;

  /** With the experiments that need nothing but a running cluster. */
  public Bench(PrintWriter out, PrintWriter talk, Ticker ticker, Clock clock) {
    this(out, talk, ticker, clock, List.of());
  }

  /**
   * @param out takes the tables
   * @param talk takes what is under way
   * @param clock for the date in the report
   * @param more experiments that start clusters of their own
   */
  public Bench(
      PrintWriter out, PrintWriter talk, Ticker ticker, Clock clock, List<Experiment> more) {
    this.experiments = Stream.concat(Experiments.ALL.stream(), more.stream()).toList();
    this.out = out;
    this.talk = talk;
    this.ticker = ticker;
    this.clock = clock;
  }

  /** All experiments. */
  public List<Experiment> experiments() {
    return experiments;
  }

  /**
   * Runs the experiments in their order, prints a table of each, and writes the report.
   *
   * @return {@link #OK} or {@link #FAILED}; to be slow is no failure
   * @throws HeddleException if an experiment is unknown or cannot be run at all
   */
  public int run(BenchOptions options) throws InterruptedException {
    var chosen =
        options.experiments().stream().map(name -> Experiments.named(experiments, name)).toList();
    if (options.out().isPresent()) {
      checkWritable(options.out().get());
    }
    var startedAt = clock.instant();
    var results = new ArrayList<ExperimentResult>();
    for (var experiment : chosen) {
      results.add(experiment.run(options, ticker, line -> say(experiment.name() + ": " + line)));
      out.println(ReportText.of(results.getLast()));
      out.flush();
    }
    var report = BenchReport.of(options, startedAt, results);
    if (options.out().isPresent()) {
      write(report, options.out().get());
    }
    return report.failed() ? FAILED : OK;
  }

  /** Before the work, not after it. */
  private static void checkWritable(Path file) {
    var folder = file.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(file) || !Files.isWritable(folder)) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "out: " + file + " (expected: a file in a folder that exists and can be written to)");
    }
  }

  private void write(BenchReport report, Path file) {
    try {
      report.writeTo(file);
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED, "out: " + file + ": " + e.getMessage(), e);
    }
    say("report in " + file);
  }

  private void say(String line) {
    talk.println(line);
    talk.flush();
  }
}
