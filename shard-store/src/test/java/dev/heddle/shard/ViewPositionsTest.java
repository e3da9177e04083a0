package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.IOContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * While entries are applied, views opened and commits made, all at once, every view and every
 * commit holds exactly the entries up to its position.
 */
@Timeout(300)
class ViewPositionsTest {
  private static final int ENTRIES = 4_000;
  private static final int IDS = 40;

  /** What an entry does: ids with their documents, null where one goes; nothing: the log's own. */
  private record Planned(List<Change> changes) {}

  private final long seed = Seed.draw();
  private final List<Planned> plan = plan(new Random(seed));
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicBoolean done = new AtomicBoolean();

  @TempDir Path directory;

  @Test
  void viewsAndCommitsHoldExactlyWhatTheirPositionsSay() throws Exception {
    List<LogPosition> copies = new ArrayList<>();
    try (LocalShards shards = new LocalShards(directory.resolve("a"), Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      Thread refreshing = start(() -> shard.refresh());
      Thread viewing = start(() -> check(shard));
      Thread committing =
          start(() -> {
            shard.commit();
            if (copies.size() < 12) {
              copies.add(copy(shard, copies.size()));
            }
          });
      for (int index = 1; index <= ENTRIES && failure.get() == null; index++) {
        apply(shard, index);
      }
      done.set(true);
      viewing.join();
      refreshing.join();
      committing.join();
      assertNull(failure.get(), "seed " + seed);
      shard.refresh();
      check(shard);
      assertEquals(ENTRIES, shard.visible().index());
      shard.commit();
      copies.add(copy(shard, copies.size()));
    }
    assertTrue(copies.size() > 1, "commits were made meanwhile");
    for (int i = 0; i < copies.size(); i++) {
      assertReplays(directory.resolve("copy" + i), copies.get(i));
    }
  }

  private void apply(LocalShard shard, int index) throws IOException {
    LogPosition at = position(index);
    List<Change> changes = plan.get(index).changes();
    if (changes.isEmpty()) {
      shard.advance(at);
      return;
    }
    byte[] outcomes = "p".repeat(changes.size()).getBytes(StandardCharsets.US_ASCII);
    shard.apply(at, new ShardEntry.Changes(request(index), 1, changes, outcomes, List.of()), null);
  }

  private void check(LocalShard shard) throws IOException {
    LogPosition visible = shard.visible();
    View view = shard.acquire();
    try {
      assertTrue(view.at().index() >= visible.index());
      assertEquals(content(view.at().index()), ShardContents.of(view), () -> hint(view.at()));
    } finally {
      shard.release(view);
    }
  }

  /** The files of the last commit, as they go to another node. */
  private LogPosition copy(LocalShard shard, int number) throws IOException {
    Path index = directory.resolve("copy" + number).resolve("datasets/d-1/0/index");
    Files.createDirectories(index);
    HeldCommit commit = shard.hold();
    try (Directory to = FSDirectory.open(index)) {
      for (String file : commit.files()) {
        to.copyFrom(commit.directory(), file, file, IOContext.DEFAULT);
      }
      to.sync(commit.files());
    } finally {
      commit.close();
    }
    return commit.at();
  }

  /** A commit is what it says, and with the rest of the log it becomes what the others are. */
  private void assertReplays(Path copy, LogPosition at) throws IOException {
    try (LocalShards shards = new LocalShards(copy, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      assertEquals(at, shard.applied(), () -> hint(at));
      assertEquals(content(at.index()), ShardContents.of(shard), () -> hint(at));
      int index = Math.toIntExact(at.index());
      for (int known = Math.max(1, index - 20); known <= Math.min(ENTRIES, index + 20); known++) {
        boolean expected = known <= index && !plan.get(known).changes().isEmpty();
        Optional<WriteResult> outcome = shard.outcome(request(known));
        assertEquals(expected, outcome.isPresent(), () -> hint(at));
      }
      for (int next = Math.max(1, index + 1); next <= ENTRIES; next++) {
        apply(shard, next);
      }
      assertEquals(content(ENTRIES), ShardContents.of(shard), () -> hint(at));
    }
  }

  private String hint(LogPosition at) {
    return "seed " + seed + " at " + at;
  }

  private static LogPosition position(int index) {
    return new LogPosition(1 + index / 1_000, index);
  }

  private static RequestId request(int index) {
    return new RequestId(new UUID(5, 6), index);
  }

  private List<String> content(long index) {
    TreeMap<String, String> documents = new TreeMap<>();
    for (int i = 1; i <= index; i++) {
      for (Change change : plan.get(i).changes()) {
        byte[] json = change.json();
        if (json == null) {
          documents.remove(change.id());
        } else {
          documents.put(
              change.id(), change.id() + '@' + i + '=' + new String(json, StandardCharsets.UTF_8));
        }
      }
    }
    return List.copyOf(documents.values());
  }

  private static List<Planned> plan(Random random) {
    List<Planned> plan = new ArrayList<>(List.of(new Planned(List.of())));
    for (int index = 1; index <= ENTRIES; index++) {
      List<Change> changes = new ArrayList<>();
      // Some are large, so that segments come about by themselves, too.
      int count = random.nextInt(4);
      for (int i = 0; i < count; i++) {
        String id = "d" + random.nextInt(IDS);
        String title = "x".repeat(random.nextInt(20) == 0 ? 3_000 : 3);
        changes.add(
            random.nextInt(4) == 0
                ? new Change(id, null)
                : new Change(
                    id,
                    ("{\"title\":\"" + title + "\",\"size\":" + index + i + "}")
                        .getBytes(StandardCharsets.UTF_8)));
      }
      plan.add(new Planned(changes));
    }
    return plan;
  }

  private interface Work {
    void run() throws IOException;
  }

  /** Does it again and again, to the end or the first failure. */
  private Thread start(Work work) {
    return Thread.ofPlatform()
        .start(() -> {
          try {
            while (!done.get()) {
              work.run();
            }
          } catch (IOException | RuntimeException | AssertionError e) {
            failure.compareAndSet(null, e);
          }
        });
  }
}
