package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.Deadline;
import dev.heddle.process.Ticker;
import dev.heddle.replication.Role;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexOutput;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An idle shard is merged into one segment, also where its disk is slow. */
@Timeout(300)
final class SettlingTest {
  private static final String NODE = "a";
  private static final int LOOKS = 100;

  @TempDir Path directory;

  private final AtomicLong asked = new AtomicLong();
  private final AtomicLong ahead = new AtomicLong();

  /** Open while files can be made. */
  private volatile CountDownLatch writable = new CountDownLatch(0);

  private long now() {
    asked.incrementAndGet();
    return System.nanoTime() + ahead.get();
  }

  private void upkeepLooks() {
    long before = asked.get();
    eventually("looked at", () -> asked.get() > before + LOOKS);
  }

  private final class SlowDirectory extends FilterDirectory {
    SlowDirectory(Path folder) throws IOException {
      super(FSDirectory.open(folder));
    }

    @Override
    public IndexOutput createOutput(String name, IOContext context) throws IOException {
      try {
        writable.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return super.createOutput(name, context);
    }
  }

  private static Deadline soon() {
    return Deadline.after(Duration.ofMinutes(1), Ticker.system());
  }

  /** Position before it. */
  private static long write(ShardStore store, String... ids) {
    long before = store.status().getFirst().applied();
    byte[] json = "{\"title\":\"x\"}".getBytes(StandardCharsets.UTF_8);
    List<Operation> batch =
        Stream.of(ids).<Operation>map(id -> new Operation.Put(id, json)).toList();
    store.write("d1", 0, new RequestId(UUID.randomUUID(), 1), batch, soon());
    return before;
  }

  @Test
  void aShardThatIsNotSeenYetIsNotTakenForSettled() {
    try (LocalCatalog catalog = LocalCatalog.start(directory.resolve("catalog"), NODE)) {
      String incarnation = UUID.randomUUID().toString();
      ShardPlacement placement = new ShardPlacement(0, 1, incarnation, List.of(NODE));
      DatasetRecord dataset =
          new DatasetRecord(
              "default", "things", "d1", Things.SCHEMA, 1, 1, List.of(placement), Instant.EPOCH);
      long revision = LocalCatalog.write(catalog.client(), List.of(Change.put(dataset)));
      try (ShardStore store =
          new ShardStore(
              ShardStoreConfig.defaults(),
              NODE,
              directory.resolve("store"),
              catalog.client(),
              catalog.channels(),
              catalog.raft(),
              this::now,
              Clock.systemUTC(),
              new SimpleMeterRegistry(),
              SlowDirectory::new)) {
        store.awaitShards("d1", revision, soon());
        long before;
        try {
          eventually("leads", () -> store.status().getFirst().role() == Role.LEADER);
          write(store, "same", "other");
          eventually("seen", () -> store.status().getFirst().documents() == 2);
          writable = new CountDownLatch(1);
          before = write(store, "same");
          upkeepLooks();
          // Idle for long; a refresh has begun, but its disk holds it up.
          ahead.set(Duration.ofHours(1).toNanos());
          upkeepLooks();
        } finally {
          writable.countDown();
        }
        ahead.set(Duration.ofHours(2).toNanos());
        eventually("seen", () -> store.status().getFirst().visible() > before);
        eventually(
            "merged",
            () ->
                store.status().getFirst().segments() == 1
                    && store.status().getFirst().deletedRatio() == 0);
        assertEquals(2, store.status().getFirst().documents());
      }
    }
  }
}
