package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.scatter.LeafStreamsGrpcClient;
import dev.heddle.internal.v1.InvokerGrpc;
import dev.heddle.internal.v1.InvokerReport;
import dev.heddle.internal.v1.WatchInvokerRequest;
import dev.heddle.process.Channels;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Feeds the table with where leaves are warm and how busy they are. Safe for any thread; nothing
 * blocks.
 */
final class InvokerWatchGrpcClient
    implements AutoCloseable, LeafStreamsGrpcClient.Reader<InvokerReport> {
  private final InvokerTable table;
  private final LeafStreamsGrpcClient<WatchInvokerRequest, InvokerReport> streams;

  /**
   * Creates a client without streams.
   *
   * @param timer for waits after a stream broke; its owner closes it after this
   */
  InvokerWatchGrpcClient(
      Channels channels,
      InvokerTable table,
      ScheduledExecutorService timer,
      Supplier<RandomGenerator> random) {
    this.table = table;
    this.streams =
        new LeafStreamsGrpcClient<>(
            "invokers",
            channels,
            InvokerGrpc.getWatchMethod(),
            WatchInvokerRequest.getDefaultInstance(),
            this,
            timer,
            random);
  }

  /** Opens streams to leaves that are new or came back, ends those to leaves that are gone. */
  void follow(CatalogView view) {
    streams.follow(view);
    table.retain(view.nodesWith("leaf").stream().map(NodeRecord::node).toList());
  }

  @Override
  public void report(NodeRecord node, InvokerReport report) {
    Map<InvokerTable.Version, Integer> warm = new HashMap<>();
    for (var version : report.getWarmList()) {
      warm.put(
          new InvokerTable.Version(version.getTenant(), version.getVersion()), version.getIdle());
    }
    int busy = report.getRunning() + report.getQueued();
    table.told(node.node(), new InvokerTable.Report(warm, busy, report.getQueued()));
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
