package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.coordinator.admission.AdmissionConfig;
import dev.heddle.internal.v1.CallsGrpc;
import dev.heddle.internal.v1.CatalogGrpc;
import dev.heddle.internal.v1.CatalogMembersRequest;
import dev.heddle.internal.v1.CatalogMembersResponse;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Telemetry;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.ClusterGrpc;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.Field;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.FunctionsGrpc;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.Schema;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** A real coordinator and catalog with scripted leaves {@code leaf-0}, {@code leaf-1}… */
final class TestCoordinator implements AutoCloseable {
  static final Schema SCHEMA =
      Schema.newBuilder()
          .addFields(Field.newBuilder().setName("title").setType(FieldType.FIELD_TYPE_TEXT))
          .build();

  /** Impatient, so that tests of patience end soon. */
  static final CoordinatorConfig CONFIG = impatient(CoordinatorConfig.defaults());

  final CatalogClient catalog;
  final Telemetry telemetry;

  private final Closer closer = new Closer();
  private final LocalCatalog local;
  private final Channels channels;
  private final Coordinator coordinator;
  private final GrpcServer server;
  private final GrpcServer internal;
  private final Map<String, Leaf> leaves = new TreeMap<>();
  private final Map<String, ShardHistory> histories = new ConcurrentHashMap<>();

  /** A scripted leaf. */
  record Leaf(
      GrpcServer server,
      ScriptedShardsGrpcService shards,
      ScriptedInvokerGrpcService invoker,
      ScriptedLeafGrpcService scatter,
      AutoCloseable lease) {}

  TestCoordinator(Path directory, int leafCount) {
    this(directory, leafCount, CONFIG);
  }

  TestCoordinator(Path directory, int leafCount, CoordinatorConfig config) {
    this.local = closer.register("catalog", LocalCatalog.start(directory.resolve("catalog")));
    this.catalog = local.client();
    this.channels = closer.register("channels", new Channels(Credentials.none()));
    this.telemetry = closer.register("telemetry", new Telemetry());
    for (int i = 0; i < leafCount; i++) {
      addLeaf("leaf-" + i);
    }
    this.coordinator =
        closer.register(
            "coordinator",
            new Coordinator(
                config,
                "test",
                directory.resolve("coordinator"),
                catalog,
                channels,
                telemetry,
                Ticker.system(),
                Clock.systemUTC()));
    this.server =
        Fixtures.serve(
            closer, "public", ServerOptions.open(Credentials.none()), coordinator.publicServices());
    this.internal =
        Fixtures.serve(
            closer,
            "internal",
            ServerOptions.internal(Credentials.none()),
            coordinator.internalServices());
  }

  private static CoordinatorConfig impatient(CoordinatorConfig config) {
    return impatient(config, config.bulkIdle());
  }

  /**
   * Impatient, too, with those who are silent.
   *
   * @param bulkIdle that bulk streams may be
   */
  static CoordinatorConfig impatient(CoordinatorConfig config, Duration bulkIdle) {
    return with(
        config,
        bulkIdle,
        config.queries(),
        config.admission(),
        config.scheduling(),
        config.scatter());
  }

  /** Impatient, with other ways to admit and to schedule. */
  static CoordinatorConfig with(
      CoordinatorConfig config,
      Duration bulkIdle,
      int queries,
      AdmissionConfig admission,
      String scheduling,
      ScatterConfig scatter) {
    return new CoordinatorConfig(
        config.defaultDeadline(),
        config.maxDeadline(),
        config.mergeSlice(),
        config.statisticsGrace(),
        config.statisticsRefresh(),
        queries,
        config.invocations(),
        admission,
        scheduling,
        config.deploys(),
        config.bulkStreams(),
        config.tenantBulkStreams(),
        bulkIdle,
        config.bulkWindow(),
        config.bulkPart(),
        Duration.ofSeconds(2),
        config.sessionPatience(),
        Duration.ofMillis(20),
        config.scanPage(),
        4,
        config.maxShards(),
        config.maxDocument(),
        config.maxCode(),
        config.tenantCode(),
        config.memory(),
        config.blobs(),
        config.peerTimeout(),
        scatter,
        config.engine(),
        config.wasm(),
        config.rates());
  }

  private void addLeaf(String name) {
    var shards = new ScriptedShardsGrpcService(name, catalog, this::history);
    var invoker = new ScriptedInvokerGrpcService(name);
    var scatter = ScriptedLeafGrpcService.silent();
    var leaf = Fixtures.serve(closer, name, shards, invoker, new Members(), scatter);
    var client = local.client();
    client.register(
        new NodeRecord(name, "run-1", Set.of("leaf"), leaf.address().toString(), "", "", ""),
        Duration.ofMinutes(5));
    Eventually.eventually(name, () -> catalog.view().node(name).isPresent());
    leaves.put(name, new Leaf(leaf, shards, invoker, scatter, client));
  }

  private ShardHistory history(String datasetAndShard) {
    return histories.computeIfAbsent(datasetAndShard, unseen -> new ShardHistory());
  }

  ShardHistory history(Dataset dataset, int shard) {
    return history(dataset.getId() + "/" + shard);
  }

  /** From now on the node leads all shards of the dataset; empty: nobody does. */
  void lead(Dataset dataset, String node) {
    for (int shard = 0; shard < dataset.getShardsCount(); shard++) {
      history(dataset, shard).lead(node);
    }
  }

  ScriptedShardsGrpcService leaf(int number) {
    return Objects.requireNonNull(leaves.get("leaf-" + number)).shards();
  }

  ScriptedInvokerGrpcService invoker(int number) {
    return Objects.requireNonNull(leaves.get("leaf-" + number)).invoker();
  }

  /** Scatter calls that leaves got, none of which they answer. */
  int scattered() {
    return leaves.values().stream().mapToInt(leaf -> leaf.scatter().requests.size()).sum();
  }

  InvocationsGrpc.InvocationsBlockingStub invocations() {
    return InvocationsGrpc.newBlockingStub(channel("")).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  FunctionsGrpc.FunctionsBlockingStub functions() {
    return FunctionsGrpc.newBlockingStub(channel("")).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  /** As leaves call it for the functions that run on them. */
  CallsGrpc.CallsBlockingStub calls() {
    return CallsGrpc.newBlockingStub(channels.to(internal.address().toString()))
        .withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  /** The coordinator hears how all leaves are now. */
  void tell() {
    leaves.values().forEach(leaf -> leaf.shards().tell());
  }

  /** The leaf's process is gone, and the catalog does not know yet. */
  void kill(int number) {
    Objects.requireNonNull(leaves.get("leaf-" + number)).server().close();
  }

  /** A dataset led by its first node. */
  Dataset create(String name, int shards, int replicas) {
    var dataset =
        datasets("")
            .create(
                CreateDatasetRequest.newBuilder()
                    .setName(name)
                    .setSchema(SCHEMA)
                    .setShards(shards)
                    .setReplicas(replicas)
                    .build());
    for (var placement : dataset.getShardsList()) {
      history(dataset, placement.getShard()).lead(placement.getNodes(0));
    }
    // Who watched later would hear what a test is about to script.
    leaves
        .values()
        .forEach(leaf -> Eventually.eventually("watched", () -> leaf.shards().watchers() > 0));
    tell();
    return dataset;
  }

  /** Another door to the public services, which asks for credentials. */
  HostPort door(Credentials credentials) {
    return Fixtures.serve(
            closer, "door", ServerOptions.open(credentials), coordinator.publicServices())
        .address();
  }

  /** Where the coordinator's public services are. */
  HostPort address() {
    return server.address();
  }

  Channel channel() {
    return channels.to(server.address().toString());
  }

  private Channel channel(String position) {
    var headers = new Metadata();
    if (!position.isEmpty()) {
      headers.put(GrpcMetadata.POSITION, position);
    }
    return ClientInterceptors.intercept(
        channel(), MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** Calls with a position token. */
  DatasetsGrpc.DatasetsBlockingStub datasets(String position) {
    return DatasetsGrpc.newBlockingStub(channel(position)).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  DatasetsGrpc.DatasetsStub streams(String position) {
    return DatasetsGrpc.newStub(channel(position)).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  ClusterGrpc.ClusterBlockingStub cluster() {
    return ClusterGrpc.newBlockingStub(channel("")).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  double counter(String name, String... tags) {
    return Optional.ofNullable(telemetry.registry().find(name).tags(tags).counter())
        .map(io.micrometer.core.instrument.Counter::count)
        .orElse(0.0);
  }

  static BulkItem.Builder item(String id) {
    return BulkItem.newBuilder().setId(id);
  }

  @Override
  public void close() {
    closer.close();
  }

  private static final class Members extends CatalogGrpc.CatalogImplBase {
    @Override
    public void members(
        CatalogMembersRequest request, StreamObserver<CatalogMembersResponse> observer) {
      observer.onNext(
          CatalogMembersResponse.newBuilder()
              .setClusterId("c1")
              .addVoters("leaf-0")
              .setLeader("leaf-0")
              .build());
      observer.onCompleted();
    }
  }
}
