package dev.heddle.leaf;

import static dev.heddle.process.testing.Eventually.eventually;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.internal.v1.ShardsGrpc;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Ticker;
import dev.heddle.shard.PlacementConfig;
import dev.heddle.shard.ReadLevel;
import dev.heddle.shard.ShardStore;
import dev.heddle.shard.ShardStoreConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;

/** One leaf's shards behind their service, and a catalog, all on one node. */
final class LocalLeaf implements AutoCloseable {
  static final String NODE = "leaf-1";
  static final String DATASET = "d1";
  static final String INCARNATION = UUID.randomUUID().toString();
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Closer closer = new Closer();
  private final LocalCatalog catalog;
  private final CatalogClient client;
  private final ShardStore store;
  private final ReplicaReports reports;
  private final GrpcServer server;

  LocalLeaf(Path directory) {
    catalog = closer.register("catalog", LocalCatalog.start(directory.resolve("catalog"), NODE));
    client = catalog.client();
    store =
        closer.register(
            "store",
            new ShardStore(
                config(),
                NODE,
                directory.resolve("shards"),
                client,
                catalog.channels(),
                catalog.raft(),
                Ticker.system(),
                Clock.systemUTC(),
                new SimpleMeterRegistry()));
    reports = closer.register("reports", new ReplicaReports(store, () -> 3, Ticker.system()));
    server =
        closer.register(
            "server",
            new GrpcServer(
                "leaf",
                new HostPort("127.0.0.1", 0),
                List.of(new ShardsGrpcService(NODE, store, reports, Ticker.system())),
                ServerOptions.internal(Credentials.none()),
                false));
    server.start();
    catalog.channels().local(server);
  }

  private static ShardStoreConfig config() {
    ShardStoreConfig defaults = ShardStoreConfig.defaults();
    return new ShardStoreConfig(
        defaults.indexBuffer(),
        defaults.maxDocument(),
        defaults.maxBatch(),
        defaults.maxWaitingWriters(),
        defaults.maxWaitingBytes(),
        Duration.ofMillis(20),
        defaults.settleAfter(),
        defaults.settleUpTo(),
        defaults.filterCache(),
        defaults.reopenAfter(),
        defaults.commitAfter(),
        defaults.commitBytes(),
        new DataSize(0),
        defaults.snapshots(),
        PlacementConfig.defaults());
  }

  CatalogClient client() {
    return client;
  }

  Channels channels() {
    return catalog.channels();
  }

  ShardStore store() {
    return store;
  }

  ReplicaReports reports() {
    return reports;
  }

  ShardsGrpc.ShardsBlockingStub stub() {
    return ShardsGrpc.newBlockingStub(catalog.channels().to(server.address().toString()));
  }

  ShardsGrpc.ShardsStub asynchronous() {
    return ShardsGrpc.newStub(catalog.channels().to(server.address().toString()));
  }

  static DatasetRecord dataset() {
    Schema schema =
        Schema.of(
            List.of(Field.text("title", "standard", 1), Field.of("size", FieldType.LONG, false)));
    return new DatasetRecord(
        "default",
        "things",
        DATASET,
        schema,
        1,
        1,
        List.of(new ShardPlacement(0, 1, INCARNATION, List.of(NODE))),
        Instant.EPOCH);
  }

  /** Makes the dataset, with one shard that leads; the catalog's revision. */
  long create() {
    long revision = LocalCatalog.write(client, List.of(Change.put(dataset())));
    store.awaitShards(DATASET, revision, Deadline.after(PATIENCE, Ticker.system()));
    eventually(
        "leads",
        () -> {
          try {
            store.ready(DATASET, 0, ReadLevel.LINEARIZABLE, Optional.empty(), true).get();
            return true;
          } catch (ExecutionException e) {
            return false;
          }
        });
    return revision;
  }

  void drop() {
    var _ = client.write(List.of(Change.delete(dataset().key())));
  }

  @Override
  public void close() {
    closer.close();
  }
}
