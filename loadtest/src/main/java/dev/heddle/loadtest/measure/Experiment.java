package dev.heddle.loadtest.measure;

import dev.heddle.process.Ticker;
import java.util.function.Consumer;

/** Something that can be measured by name. Stateless; one call of {@link #run} at a time. */
public interface Experiment {
  /** What the command line calls it. */
  String name();

  /** One line for the list of experiments. */
  String about();

  /**
   * Measures. What goes wrong with the subject while it is measured stands in the result.
   *
   * @param progress takes a line about each step as it begins
   * @throws dev.heddle.process.HeddleException if it cannot be measured at all: the target does not
   *     answer, the dataset is unknown, the options make no sense
   */
  ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException;
}
