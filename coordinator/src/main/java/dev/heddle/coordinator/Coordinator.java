package dev.heddle.coordinator;

import dev.heddle.aggregations.BuiltIns;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.engine.BlobStore;
import dev.heddle.engine.Engine;
import dev.heddle.engine.PeerBlobsGrpcClient;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import io.grpc.BindableService;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/** The coordinator role: admits, plans, scatters, gathers, schedules, bills. */
public final class Coordinator implements AutoCloseable {
  private final Closer closer = new Closer();
  private final List<BindableService> services;

  /**
   * Builds the role.
   *
   * @param directory this role's own, locked by the process
   */
  public Coordinator(
      CoordinatorConfig config,
      String node,
      Path directory,
      CatalogClient catalog,
      Channels channels,
      Telemetry telemetry,
      Ticker ticker,
      Clock clock) {
    var registry = telemetry.registry();
    var blobs = new BlobStore(directory.resolve("blobs"), config.blobs());
    var code = new PeerBlobsGrpcClient(node, blobs, catalog, channels, config.peerTimeout());
    var builtIns = BuiltIns.all();
    var engine =
        closer.register("engine", new Engine(config.engine(), code, builtIns, ticker, registry));
    var names = new FunctionNames(builtIns.keySet());
    var shards = new ShardsGrpcClient(catalog, channels);
    var datasets = new DatasetRegistry(config, catalog, shards, ticker, clock);
    var functions = new FunctionRegistry(config, catalog, code, names, clock);
    var known = new KnownShards();
    var leaves = new LeafGrpcClient(channels);
    var queries = new Queries(config, catalog, engine, names, leaves, known, ticker, registry);
    closer.register("catalog listener", catalog.onChange(queries::retain));
    var bulk = new BulkGrpcService(config, datasets, shards);
    this.services =
        List.of(
            new QueryGrpcService(config, queries, ticker),
            new DatasetsGrpcService(config, datasets, shards, bulk, ticker),
            new FunctionsGrpcService(functions, ticker),
            new InvocationsGrpcService(config, catalog, channels, names, ticker));
  }

  /** All of {@code heddle.v1}. */
  public List<BindableService> publicServices() {
    return services;
  }

  @Override
  public void close() {
    closer.close();
  }
}
