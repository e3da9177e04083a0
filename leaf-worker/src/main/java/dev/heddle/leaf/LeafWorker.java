package dev.heddle.leaf;

import dev.heddle.aggregations.BuiltIns;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Coordinators;
import dev.heddle.engine.BlobRetention;
import dev.heddle.engine.BlobStore;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionRuntime;
import dev.heddle.engine.JavaRuntime;
import dev.heddle.engine.PeerBlobsGrpcClient;
import dev.heddle.engine.wasm.WasmRuntime;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import dev.heddle.replication.RaftNode;
import dev.heddle.shard.ShardStore;
import io.grpc.BindableService;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** The leaf role: functions beside the shards that the catalog places on this node. */
public final class LeafWorker implements AutoCloseable {
  private final Closer closer = new Closer();
  private final List<BindableService> services;

  /**
   * Builds the role; opens the shards that are here already.
   *
   * @param directory this role's own, locked by the process
   * @param raft running, of the same name as {@code node}; outlives the role
   */
  public LeafWorker(
      LeafConfig config,
      String node,
      Path directory,
      CatalogClient catalog,
      Channels channels,
      RaftNode raft,
      Telemetry telemetry,
      Ticker ticker,
      Clock clock) {
    var registry = telemetry.registry();
    var store =
        closer.register(
            "shards",
            new ShardStore(
                config.shards(),
                node,
                directory.resolve("shards"),
                catalog,
                channels,
                raft,
                ticker,
                clock,
                registry));
    var blobs = new BlobStore(directory.resolve("blobs"), config.blobs());
    var code = new PeerBlobsGrpcClient(node, blobs, catalog, channels, config.peerTimeout());
    var logs = closer.register("logs", new FunctionLogs(config.engine().logs(), clock, ticker));
    var platform =
        new PlatformGrpcClient(
            new Coordinators(node, catalog, channels),
            config.engine().maxPlatformMessage(),
            ticker);
    var engine =
        closer.register(
            "engine",
            new Engine(
                config.engine(),
                code,
                runtimes(config, ticker, registry),
                BuiltIns.all(),
                platform,
                logs,
                ticker,
                registry,
                "leaf",
                telemetry.tracing()));
    var prefetch = closer.register("prefetch", new CodePrefetch(engine::load));
    var retention = new BlobRetention(blobs, clock);
    closer.register(
        "catalog listener",
        catalog.onChange(view -> {
          retention.follow(view);
          engine.keepOnly(view);
          logs.keepOnly(view);
          prefetch.follow(view);
        }));
    var compute =
        closer.register("compute", new ComputeThreads(config.threads(), config.computeQueue()));
    registry.gauge("heddle_leaf_compute_queue_calls", compute, ComputeThreads::waiting);
    var epochs = new Epochs(config.epochs(), config.epochTerms());
    var reports = closer.register("reports", new ReplicaReports(store, compute::waiting, ticker));
    this.services = new ArrayList<>(store.internalServices());
    services.addAll(
        List.of(
            new ScatterGrpcService(
                node, config, store, engine, catalog, epochs, compute, reports, ticker),
            new ShardsGrpcService(node, store, reports, ticker),
            new BlobsGrpcService(blobs),
            new InvokerGrpcService(node, engine, logs, reports, catalog, channels, ticker)));
  }

  private static JavaRuntime java(EngineConfig engine) {
    return new JavaRuntime(engine.archive(), engine.javaEnabled(), engine.javaTenants());
  }

  private static List<FunctionRuntime> runtimes(
      LeafConfig config, Ticker ticker, MeterRegistry registry) {
    var engine = config.engine();
    var wasm = new WasmRuntime(config.wasm(), ticker);
    wasm.warmUp();
    registry.gauge("heddle_leaf_wasm_memory_bytes", wasm, one -> one.memoryTaken().bytes());
    return List.of(java(engine), wasm);
  }

  /** Services for the process's internal server. */
  public List<BindableService> internalServices() {
    return List.copyOf(services);
  }

  @Override
  public void close() {
    closer.close();
  }
}
