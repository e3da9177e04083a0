package dev.heddle.loadtest.measure;

import dev.heddle.process.Ticker;
import java.util.function.Consumer;

/** An experiment that can tell of each single request. */
public interface LoggedExperiment extends Experiment {
  /**
   * Measures, as the other method does.
   *
   * @param requests takes each request that counts, warm-up left out
   */
  ExperimentResult run(
      BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
      throws InterruptedException;

  @Override
  default ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    return run(options, ticker, progress, RequestLog.NONE);
  }
}
