package dev.heddle.cli.demo;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.terminal.Console;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Path;

/** The dataset of a sample, made sure of at each start. */
sealed interface DemoData extends AutoCloseable permits DemoCorpus, DemoHistory {
  /** Begins with what can be done before the cluster is up. */
  static DemoData prepare(DemoOptions options, Path sample, Console console, Ticker ticker)
      throws IOException {
    return switch (options.sample()) {
      case SEARCH -> DemoCorpus.prepare(options, sample, console, ticker);
      case CHAT -> new DemoHistory(options, sample, console);
    };
  }

  /** Its name. */
  String dataset();

  /**
   * Returns when everything is in it.
   *
   * @return whether copies of its shards are being made since
   */
  boolean ensure(ClusterGrpcClient grpc, DemoSupervisor supervisor)
      throws IOException, InterruptedException;

  @Override
  void close();
}
