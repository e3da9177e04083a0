package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Goal;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * {@link ChaosRun} as an experiment: fails where an acknowledged write was lost or something was
 * seen that cannot be. Of the general options it takes the seed, which also says whether shards
 * move.
 */
public final class ChaosExperiment implements Experiment {
  private static final double STALL_MILLIS = 4_000;
  private static final double OTHER_MILLIS = 1_000;

  private final ChaosOptions chaos;
  private final JavaCommand java;
  private final Path directory;
  private final Optional<Path> log;
  private final Clock clock;

  /**
   * @param chaos its seed counts for nothing: the run's does
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param log takes a line of JSON
   */
  public ChaosExperiment(
      ChaosOptions chaos, JavaCommand java, Path directory, Optional<Path> log, Clock clock) {
    this.chaos = chaos;
    this.java = java;
    this.directory = directory;
    this.log = log;
    this.clock = clock;
  }

  @Override
  public String name() {
    return "chaos";
  }

  @Override
  public String about() {
    return "kills nodes by seed under load, then audits every acknowledged write";
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var seeded = chaos.withSeed(options.seed()).varied();
    try (var run = new ChaosRun(seeded, java, directory, ticker, clock, progress)) {
      var report = run.run(log);
      var summary = new LinkedHashMap<String, Double>();
      report
          .figures()
          .forEach((name, value) -> {
            if (value instanceof Number number) {
              summary.put(name, number.doubleValue());
            }
          });
      return new ExperimentResult(
          name(),
          "%d leaves, %d coordinators, %d shards with %d replicas, seed %d"
              .formatted(
                  seeded.leaves(),
                  seeded.coordinators(),
                  seeded.shards(),
                  seeded.replicas(),
                  seeded.seed()),
          List.of(),
          summary,
          List.of(
              new Goal("lost", 0, report.figure("lost")),
              new Goal("stallP95Millis", STALL_MILLIS, report.figure("stallP95Millis")),
              new Goal("otherMaxMillis", OTHER_MILLIS, report.figure("otherMaxMillis"))),
          List.of(
              "errors: " + report.figures().get("errors"),
              "stalls are those after a leaf of a calm cluster was killed, of the shards that it"
                  + " led; others are all other shards for six seconds from then on, or up to the"
                  + " next fault"),
          report.problems());
    }
  }
}
