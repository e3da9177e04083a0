package dev.heddle.coordinator;

import dev.heddle.aggregations.BuiltIns;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Gateways;
import dev.heddle.coordinator.admission.FairAdmission;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.coordinator.scatter.ReplicaWatchGrpcClient;
import dev.heddle.coordinator.scatter.SettleGrpcClient;
import dev.heddle.engine.BlobRetention;
import dev.heddle.engine.BlobStore;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionRuntime;
import dev.heddle.engine.JavaRuntime;
import dev.heddle.engine.PeerBlobsGrpcClient;
import dev.heddle.engine.Platform;
import dev.heddle.engine.wasm.WasmRuntime;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import io.grpc.BindableService;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The coordinator role: admits, plans, scatters, gathers, schedules, bills. */
public final class Coordinator implements AutoCloseable {
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(1);

  /** Leaves are asked this often for what cancelled calls cost. */
  private static final Duration SETTLE = Duration.ofMillis(500);

  private final Closer closer = new Closer();
  private final List<BindableService> services;
  private final List<BindableService> internalServices;

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
    var logs = closer.register("logs", new FunctionLogs(config.engine().logs(), clock, ticker));
    var engine =
        closer.register(
            "engine",
            new Engine(
                config.engine(),
                code,
                runtimes(config, ticker, registry),
                builtIns,
                Platform.NONE,
                logs,
                ticker,
                registry,
                "coordinator",
                telemetry.tracing()));
    var names = new FunctionNames(builtIns.keySet(), ThreadLocalRandom::current);
    var timer = Executors.newSingleThreadScheduledExecutor(Threads.named("coordinator-timer"));
    closer.register("timer", Threads.closing(timer, CLOSE_GRACE));
    var table = new ReplicaTable(ticker);
    registry.gauge("heddle_coordinator_replicas_known", table, ReplicaTable::size);
    registry.gauge("heddle_coordinator_replicas_age_seconds", table, ReplicaTable::ageSeconds);
    var policies = closer.register("policies", new Policies(config.scatter()));
    var choice = new ReplicaChoice(table, policies.replicas(), ThreadLocalRandom::current, ticker);
    var calls =
        new ShardCalls(
            config, catalog, table, choice, timer, ThreadLocalRandom::current, ticker, registry);
    var shards = new ShardsGrpcClient(calls, catalog, channels, table, ticker);
    var datasets = new DatasetRegistry(config, catalog, shards, ticker, clock);
    var functions = new FunctionRegistry(config, catalog, code, engine, names, clock);
    var leaves = new LeafGrpcClient(channels, telemetry.tracing());
    var billed = new Billed(config.rates(), registry);
    var ledger = new Ledger(new SettleGrpcClient(channels)::settle, billed, registry);
    Future<?> _ =
        timer.scheduleWithFixedDelay(
            ledger::settle, SETTLE.toNanos(), SETTLE.toNanos(), TimeUnit.NANOSECONDS);
    var queries =
        new Queries(
            config,
            catalog,
            engine,
            names,
            leaves,
            table,
            choice,
            policies.hedging(ticker),
            new Tree(node, config.scatter().fanIn(), ThreadLocalRandom::current, ticker),
            ledger,
            ticker,
            registry);
    var parts = new Parts(catalog, engine, queries.shared(), registry);
    var partThreads = Executors.newThreadPerTaskExecutor(Threads.virtual("coordinator-part"));
    closer.register("parts", Threads.closing(partThreads, CLOSE_GRACE));
    var replicas =
        closer.register(
            "replica watches",
            new ReplicaWatchGrpcClient(
                channels, table, config.replicaReports(), timer, ThreadLocalRandom::current));
    var invokers = new InvokerTable();
    var invokerWatches =
        closer.register(
            "invoker watches",
            new InvokerWatchGrpcClient(channels, invokers, timer, ThreadLocalRandom::current));
    var invocations =
        new InvocationGrpcClient(
            config,
            catalog,
            channels,
            names,
            invokers,
            new InvokerChoice(
                config.scheduling(),
                policies.scheduling(config.scheduling()),
                invokers,
                ThreadLocalRandom::current),
            billed,
            ticker,
            registry,
            telemetry.tracing());
    var outside =
        new InvocationDoorWire(
            "outside",
            FairAdmission.ofInvocations(config.admission(), config.invocations(), ticker, registry),
            config.maxDeadline(),
            invocations,
            ticker,
            registry);
    var within =
        new InvocationDoorWire(
            "function",
            FairAdmission.ofNested(
                config.admission(), CallsGrpcService.most(config), ticker, registry),
            config.maxDeadline(),
            invocations,
            ticker,
            registry);
    var retention = new BlobRetention(blobs, clock);
    closer.register(
        "catalog listener",
        catalog.onChange(view -> {
          retention.follow(view);
          invokerWatches.follow(view);
          queries.retain(view);
          table.retain(view);
          replicas.follow(view);
        }));
    var bulk = new BulkGrpcService(config, datasets, shards, timer, ticker);
    var gateways = new Gateways(node, catalog, channels);
    this.services =
        List.of(
            new QueryGrpcService(config, queries, ticker),
            new DatasetsGrpcService(config, datasets, shards, bulk, table, ticker),
            new ClusterGrpcService(catalog, channels, table),
            new FunctionsGrpcService(
                functions, new FunctionLogsGrpcClient(catalog, channels, ticker), ticker, registry),
            new InvocationsGrpcService(outside),
            new SessionsGrpcService(gateways),
            new CookieSessionsGrpcService(gateways));
    this.internalServices =
        List.of(
            new CallsGrpcService(within, node, logs),
            new PartGrpcService(node, parts, partThreads, config.maxDeadline(), ticker));
  }

  private static JavaRuntime java(EngineConfig engine) {
    return new JavaRuntime(engine.archive(), engine.javaEnabled(), engine.javaTenants());
  }

  private static List<FunctionRuntime> runtimes(
      CoordinatorConfig config, Ticker ticker, MeterRegistry registry) {
    var engine = config.engine();
    var wasm = new WasmRuntime(config.wasm(), ticker);
    wasm.warmUp();
    registry.gauge("heddle_coordinator_wasm_memory_bytes", wasm, one -> one.memoryTaken().bytes());
    return List.of(java(engine), wasm);
  }

  /** What nodes ask of a coordinator. */
  public List<BindableService> internalServices() {
    return internalServices;
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
