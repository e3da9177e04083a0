package dev.heddle.loadtest;

import dev.heddle.loadtest.chaos.ClusterBills;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.measure.ConditionsMeter;
import dev.heddle.loadtest.measure.CsvRequests;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.ExperimentRun;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.ReportText;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.Closer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
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
   * @param more experiments that start clusters of their own, in place of those of the same name
   */
  public Bench(
      PrintWriter out, PrintWriter talk, Ticker ticker, Clock clock, List<Experiment> more) {
    var names = more.stream().map(Experiment::name).toList();
    this.experiments =
        Stream.concat(
                Experiments.ALL.stream().filter(each -> !names.contains(each.name())),
                more.stream())
            .toList();
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
   * Runs the experiments in their order, prints a table of each, and writes the report: anew after
   * each of them, so that what was measured is kept whatever happens to the next one. Of several,
   * one that cannot be run at all is told as failed, and the others are run.
   *
   * @return {@link #OK} or {@link #FAILED}; to be slow is no failure
   * @throws HeddleException if an experiment is unknown, a peer is none of theirs, the folder
   *     cannot be written to, or the only experiment cannot be run at all
   */
  public int run(BenchOptions options) throws InterruptedException {
    var chosen =
        options.experiments().stream().map(name -> Experiments.named(experiments, name)).toList();
    options.peers().check(options.experiments());
    var folder = options.output().folder().map(ReportFolder::open);
    var startedAt = clock.instant();
    var runs = new ArrayList<ExperimentRun>();
    var csv =
        options.output().csv()
            ? folder.map(each -> CsvRequests.create(each.requests()))
            : Optional.<CsvRequests>empty();
    try (var closer = new Closer()) {
      csv.ifPresent(each -> closer.register("requests", each));
      for (var experiment : chosen) {
        var name = experiment.name();
        var place = chosen.size() == 1 ? "" : "[%d/%d] ".formatted(runs.size() + 1, chosen.size());
        runs.add(run(experiment, options, csv.map(each -> each.of(name)), place));
        out.println(ReportText.of(runs.getLast()));
        out.flush();
        folder.ifPresent(each -> each.write(BenchReport.of(options, startedAt, runs)));
      }
    }
    folder.ifPresent(each -> say("report in " + each.page()));
    return runs.stream().anyMatch(run -> run.result().failed()) ? FAILED : OK;
  }

  private ExperimentRun run(
      Experiment experiment, BenchOptions options, Optional<RequestLog> requests, String place)
      throws InterruptedException {
    var startedAt = clock.instant();
    Consumer<String> progress = line -> say(place + experiment.name() + ": " + line);
    var billedBefore = ClusterBills.total();
    try (var meter = ConditionsMeter.start(ticker)) {
      ExperimentResult result;
      try {
        if (requests.isPresent() && experiment instanceof LoggedExperiment logged) {
          result = logged.run(options, ticker, progress, requests.get());
        } else {
          requests.ifPresent(_ -> progress.accept("tells of no single requests"));
          result = experiment.run(options, ticker, progress);
        }
      } catch (HeddleException e) {
        if (options.experiments().size() == 1) {
          throw e;
        }
        result = ExperimentResult.notRun(experiment.name(), "not measured: " + e.getMessage());
      }
      var billed = ClusterBills.total().minus(billedBefore);
      return new ExperimentRun(startedAt, meter.stop(), billed, result);
    }
  }

  private void say(String line) {
    talk.println(line);
    talk.flush();
  }
}
