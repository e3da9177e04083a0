package dev.heddle.loadtest.wasm;

import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.Closer;
import dev.heddle.process.Deadline;
import dev.heddle.process.DurableFiles;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Eventually;
import dev.heddle.shard.Operation;
import dev.heddle.shard.ReadLevel;
import dev.heddle.shard.ReadScope;
import dev.heddle.shard.RequestId;
import dev.heddle.shard.ShardMeter;
import dev.heddle.shard.ShardPosition;
import dev.heddle.shard.ShardReader;
import dev.heddle.shard.ShardStatistics;
import dev.heddle.shard.ShardStore;
import dev.heddle.shard.ShardStoreConfig;
import dev.heddle.shard.StatisticsSnapshot;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** One shard of the real store, in this process, with a number {@code n} in each document. */
public final class StoredShard implements AutoCloseable {
  private static final String NODE = "leaf-1";
  private static final String DATASET = "bench";
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int BATCH = 1_000;

  private final Closer closer = new Closer();
  private final ShardStore store;

  /** Of the last write. */
  private ShardPosition written = new ShardPosition("", 0);

  /**
   * @param documents {@code id0}, {@code id1}…
   */
  public StoredShard(int documents) {
    try {
      Path directory = Files.createTempDirectory("heddle-stored-shard");
      closer.register("directory", () -> DurableFiles.deleteAll(directory));
      var catalog =
          closer.register("catalog", LocalCatalog.start(directory.resolve("catalog"), NODE));
      store =
          closer.register(
              "store",
              new ShardStore(
                  ShardStoreConfig.defaults(),
                  NODE,
                  directory.resolve("shards"),
                  catalog.client(),
                  catalog.channels(),
                  catalog.raft(),
                  Ticker.system(),
                  Clock.systemUTC(),
                  new SimpleMeterRegistry()));
      long revision = LocalCatalog.write(catalog.client(), List.of(Change.put(dataset())));
      store.awaitShards(DATASET, revision, Deadline.after(PATIENCE, Ticker.system()));
      Eventually.within(PATIENCE, "leads", () -> seen());
      write(documents);
      Eventually.within(PATIENCE, "searchable", () -> seen());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static DatasetRecord dataset() {
    return new DatasetRecord(
        "default",
        "numbers",
        DATASET,
        Schema.of(List.of(Field.of("n", FieldType.LONG, false))),
        1,
        1,
        List.of(new ShardPlacement(0, 1, UUID.randomUUID().toString(), List.of(NODE))),
        Instant.EPOCH);
  }

  private boolean seen() throws InterruptedException {
    try {
      var _ = store.ready(DATASET, 0, ReadLevel.LINEARIZABLE, Optional.empty(), true).get();
      return true;
    } catch (ExecutionException e) {
      return false;
    }
  }

  private void write(int documents) {
    UUID client = UUID.randomUUID();
    for (int from = 0; from < documents; from += BATCH) {
      List<Operation> batch = new ArrayList<>();
      for (int i = from; i < Math.min(documents, from + BATCH); i++) {
        batch.add(
            new Operation.Put("id" + i, ("{\"n\":" + i + "}").getBytes(StandardCharsets.UTF_8)));
      }
      var result =
          store.write(
              DATASET,
              0,
              new RequestId(client, from),
              batch,
              Deadline.after(PATIENCE, Ticker.system()));
      written = new ShardPosition(result.incarnation(), result.index());
      if (!result.errors().isEmpty()) {
        throw new IllegalStateException("documents: " + result.errors() + " (expected: none)");
      }
    }
  }

  /** Completes once a read may be answered that comes after all writes. */
  public CompletableFuture<Long> ready(ReadLevel level) {
    return store.ready(DATASET, 0, level, Optional.of(written), true);
  }

  /** As a leaf opens it for a query without text. */
  ShardReader open() {
    return store.open(
        DATASET,
        0,
        new ReadScope(StatisticsSnapshot.of(ShardStatistics.NONE), () -> false, new ShardMeter()));
  }

  @Override
  public void close() {
    closer.close();
  }
}
