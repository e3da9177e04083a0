package dev.heddle.loadtest;

import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.query.QueryExperiment;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;

/** All experiments by name. */
final class Experiments {
  static final List<Experiment> ALL = List.of(new QueryExperiment());

  private Experiments() {}

  static Experiment named(List<Experiment> all, String name) {
    return all.stream()
        .filter(experiment -> experiment.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.INVALID_REQUEST,
                "experiment: "
                    + name
                    + " (expected: "
                    + String.join(", ", all.stream().map(Experiment::name).toList())
                    + ")"));
  }
}
