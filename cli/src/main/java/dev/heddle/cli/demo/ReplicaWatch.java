package dev.heddle.cli.demo;

import dev.heddle.cli.client.ClusterAddress;
import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.DatasetInfo;
import dev.heddle.cli.client.DatasetsGrpcClient;
import dev.heddle.cli.client.RemoteFailure;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import java.time.Duration;
import java.util.Optional;

/**
 * Says when all copies of a dataset's shards are there. Looks from a thread of its own, until the
 * demo stops.
 */
final class ReplicaWatch {
  private static final Duration PAUSE = Duration.ofMillis(500);

  private final ClusterAddress address;
  private final Duration callLimit;
  private final DemoSupervisor supervisor;
  private final Console console;

  ReplicaWatch(
      ClusterAddress address, Duration callLimit, DemoSupervisor supervisor, Console console) {
    this.address = address;
    this.callLimit = callLimit;
    this.supervisor = supervisor;
    this.console = console;
  }

  /**
   * @param awaited whether it is news that they are there, even if they are at the first look
   */
  void start(String dataset, boolean awaited) {
    Thread _ = Thread.ofVirtual().name("replica-watch").start(() -> watch(dataset, awaited));
  }

  private void watch(String dataset, boolean awaited) {
    boolean news = awaited;
    try (ClusterGrpcClient grpc = new ClusterGrpcClient(address, callLimit)) {
      DatasetsGrpcClient datasets = new DatasetsGrpcClient(grpc);
      do {
        Optional<DatasetInfo> whole = look(datasets, dataset);
        if (whole.isPresent()) {
          if (news) {
            tell(whole.get());
          }
          return;
        }
        news = true;
      } while (!supervisor.awaitStop(PAUSE));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The dataset, if it has all copies that it wants. */
  private static Optional<DatasetInfo> look(DatasetsGrpcClient datasets, String dataset) {
    try {
      return datasets.find(dataset).filter(DatasetInfo::replicated);
    } catch (RemoteFailure e) {
      // Somebody kills leaves while we look: the next look tells.
      return Optional.empty();
    }
  }

  private void tell(DatasetInfo dataset) {
    console.note(
        "heddle: all "
            + Figures.count(dataset.replicas())
            + " replicas of each shard of "
            + dataset.name()
            + " are there");
  }
}
