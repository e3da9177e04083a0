package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.DoubleConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Replicas whose fetches do what the test says. */
@Timeout(300)
class ShardReplicaTest {
  @TempDir Path directory;
  private final ExecutorService fetches = Executors.newFixedThreadPool(2);
  private final SharedMerges merges = new SharedMerges();
  private final AtomicInteger begun = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch never = new CountDownLatch(1);
  private ShardReplica replica;
  private Path folder;

  @BeforeEach
  void open() throws IOException {
    ShardIdentity identity = LocalShards.identity(1, 0, LocalShards.INCARNATION);
    ShardFolders folders = new ShardFolders(directory);
    ShardOpening opening = LocalShards.opening(directory, merges, ShardOpening.Disk.files());
    folder = folders.folder(identity);
    replica =
        new ShardReplica(
            identity,
            folder,
            () -> opening.open(identity, Things.SCHEMA, false),
            this::fetch,
            fetches,
            waiting -> {});
    replica.open();
    replica.in(new LocalGroup(replica));
  }

  @AfterEach
  void close() {
    fetches.shutdownNow();
    merges.close();
  }

  private LogPosition fetch(String leader, UUID group, Path into, DoubleConsumer at)
      throws IOException, InterruptedException {
    begun.incrementAndGet();
    assertEquals(1, running.incrementAndGet(), "one at a time");
    try {
      at.accept(0.5);
      // After it has told how far it is, which the test looks at then.
      started.countDown();
      never.await();
      return LogPosition.NONE;
    } finally {
      try {
        // As a fetch that fails does; it may be interrupted once more while it does.
        IncomingSnapshot.empty(into);
      } finally {
        running.decrementAndGet();
      }
    }
  }

  @Test
  void aFetchEndsWithItsReplica() throws Exception {
    CompletableFuture<LogPosition> fetched = replica.fetch("b", LogPosition.NONE);
    assertTrue(started.await(60, TimeUnit.SECONDS));
    assertEquals(0.5, replica.progress());
    assertFalse(replica.caughtUp());
    // The next one takes its place, and has to wait for its end.
    CompletableFuture<LogPosition> next = replica.fetch("b", LogPosition.NONE);
    assertThrows(ExecutionException.class, () -> fetched.get(60, TimeUnit.SECONDS));
    replica.shutdown();
    assertEquals(0, running.get());
    int before = begun.get();
    // What is deleted now stays so.
    Files.deleteIfExists(folder.resolve("incoming"));
    assertThrows(ExecutionException.class, () -> next.get(60, TimeUnit.SECONDS));
    assertThrows(
        ExecutionException.class,
        () -> replica.fetch("b", LogPosition.NONE).get(60, TimeUnit.SECONDS));
    assertEquals(before, begun.get());
    assertFalse(Files.exists(folder.resolve("incoming")));
  }
}
