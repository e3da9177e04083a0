package dev.heddle.coordinator.scatter;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.internal.v1.ReplicaReports;
import dev.heddle.internal.v1.ShardsGrpc;
import dev.heddle.internal.v1.WatchReplicasRequest;
import dev.heddle.process.Channels;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** Feeds the table with a stream from every live leaf. Safe for any thread; nothing blocks. */
public final class ReplicaWatchGrpcClient
    implements AutoCloseable, LeafStreamsGrpcClient.Reader<ReplicaReports> {
  private final ReplicaTable table;
  private final LeafStreamsGrpcClient<WatchReplicasRequest, ReplicaReports> streams;

  /**
   * Creates a client without streams.
   *
   * @param interval that a leaf collects changes for
   * @param timer for the waits; its owner closes it after this
   */
  public ReplicaWatchGrpcClient(
      Channels channels,
      ReplicaTable table,
      Duration interval,
      ScheduledExecutorService timer,
      Supplier<RandomGenerator> random) {
    this.table = table;
    var request = WatchReplicasRequest.newBuilder().setIntervalMillis(interval.toMillis()).build();
    this.streams =
        new LeafStreamsGrpcClient<>(
            "replicas",
            channels,
            ShardsGrpc.getWatchReplicasMethod(),
            request,
            this,
            timer,
            random);
  }

  /** Opens streams to leaves that are new or came back, ends those to leaves that are gone. */
  public void follow(CatalogView view) {
    streams.follow(view);
  }

  @Override
  public void report(NodeRecord node, ReplicaReports reports) {
    for (var report : reports.getReplicasList()) {
      ReplicaWire.replica(report).tell(table);
    }
    for (var summary : reports.getSummariesList()) {
      table.holds(summary.getDatasetId(), ReplicaWire.summary(summary));
    }
    for (var report : reports.getGoneList()) {
      table.gone(report.getDatasetId(), report.getShard(), node.node());
    }
  }

  @Override
  public void lost(NodeRecord node) {
    table.lost(node.node());
  }

  /** Ends all streams. */
  @Override
  public void close() {
    streams.close();
  }
}
