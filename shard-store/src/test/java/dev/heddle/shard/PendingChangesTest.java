package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.replication.LogPosition;
import dev.heddle.shard.PendingChanges.Batch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Conditions against what was decided before, and is not applied yet. */
@Timeout(300)
class PendingChangesTest {
  private static final long TERM = 4;

  @TempDir Path directory;
  private LocalShards shards;
  private LocalShard shard;
  private final PendingChanges pending = new PendingChanges();
  private long nextIndex = 1;
  private long calls;

  @BeforeEach
  void open() throws IOException {
    shards = new LocalShards(directory, Things.SCHEMA, 1);
    shard = shards.shard(0);
    pending.in(TERM);
  }

  @AfterEach
  void close() throws IOException {
    shards.close();
  }

  @Test
  void aConditionHoldsAgainstWhatIsOnItsWay() throws IOException {
    Proposed first = propose(put("a", "{\"size\":1}", 0));
    assertEquals(List.of(), first.errors());
    assertEquals(
        "version of a: " + first.index() + " (expected: 0)",
        propose(put("a", "{\"size\":2}", 0)).errors().getFirst().message());
    Proposed second = propose(put("a", "{\"size\":3}", first.index()));
    assertEquals(List.of(), second.errors());
    Proposed patch =
        propose(new Operation.Patch("a", bytes("{\"price\":4}"), OptionalLong.empty()));
    Proposed delete = propose(new Operation.Delete("a", OptionalLong.of(patch.index())));
    assertEquals(List.of(), delete.errors());
    assertEquals(
        ErrorCode.NOT_FOUND,
        propose(new Operation.Patch("a", bytes("{}"), OptionalLong.empty()))
            .errors()
            .getFirst()
            .code());
    assertTrue(shard.get("a").isEmpty(), "nothing is applied yet");
    apply(first);
    apply(second);
    apply(patch);
    assertEquals(
        "{\"size\":3,\"price\":4}",
        new String(shard.get("a").orElseThrow().json(), StandardCharsets.UTF_8));
    assertEquals(List.of(), propose(put("a", "{}", 0)).errors(), "it will be deleted by then");
  }

  @Test
  void whatIsAppliedIsSeenThere() throws IOException {
    Proposed first = propose(put("a", "{}"));
    Proposed second = propose(put("a", "{\"size\":2}"), put("b", "{}"));
    apply(first);
    assertEquals(second.index(), version("a"), "the later one is still on its way");
    assertEquals(second.index(), version("b"));
    apply(second);
    assertEquals(second.index(), version("a"));
    shards.put("b", "{}");
    assertEquals(
        shard.applied().index(), version("b"), "nothing of the batch stands before it any more");
  }

  @Test
  void whatWillNeverBeAppliedIsForgotten() throws IOException {
    Proposed applied = propose(put("a", "{}"));
    apply(applied);
    Proposed lost = propose(put("a", "{\"size\":2}"), new Operation.Delete("b"), put("c", "{}"));
    pending.remove(lost.batch());
    nextIndex = lost.index();
    assertEquals(applied.index(), version("a"));
    assertEquals(0, version("c"));
    assertEquals(List.of(), propose(put("a", "{\"size\":3}", applied.index())).errors());
  }

  @Test
  void inAnotherTermNothingIsOnItsWay() throws IOException {
    Proposed applied = propose(put("a", "{}"));
    apply(applied);
    Proposed lost = propose(put("a", "{\"size\":2}"), put("b", "{}"));
    pending.in(TERM + 2);
    assertEquals(TERM + 2, pending.term());
    nextIndex = lost.index();
    assertEquals(applied.index(), version("a"));
    assertEquals(0, version("b"));
    Proposed next = propose(put("a", "{\"size\":3}", applied.index()));
    assertEquals(List.of(), next.errors());
    // The failure of the lost one is told late.
    pending.remove(lost.batch());
    assertEquals(next.index(), version("a"));
    pending.in(TERM + 2);
    assertEquals(next.index(), version("a"), "the same term");
  }

  @Test
  void aSchemaCountsInItsTerm() {
    assertEquals(0, pending.schemaVersion());
    assertEquals(-1, pending.schemaIndex());
    pending.addSchema(3, new LogPosition(TERM, 17));
    assertEquals(3, pending.schemaVersion());
    assertEquals(17, pending.schemaIndex());
    pending.in(TERM + 1);
    assertEquals(0, pending.schemaVersion());
    assertEquals(-1, pending.schemaIndex());
    // It may be written before anything is decided in its term.
    pending.addSchema(4, new LogPosition(TERM + 2, 20));
    assertEquals(0, pending.schemaVersion());
    pending.in(TERM + 2);
    assertEquals(4, pending.schemaVersion());
  }

  /** Decisions are those of a world in which everything is applied at once. */
  @Test
  void decisionsAreThoseOfAWorldWithoutDelay() throws IOException {
    long seed = Seed.draw();
    Random random = new Random(seed);
    Deque<Proposed> way = new ArrayDeque<>();
    Map<String, Long> world = new HashMap<>();
    for (int i = 0; i < 3_000; i++) {
      String hint = "seed " + seed + " step " + i;
      if (random.nextInt(3) > 0 && way.size() < 10) {
        List<Operation> operations = new ArrayList<>();
        Map<String, Long> after = new HashMap<>(world);
        List<Integer> wrong = new ArrayList<>();
        for (String id : List.of("a", "b", "c").subList(0, 1 + random.nextInt(3))) {
          long version = world.getOrDefault(id, 0L);
          long wanted = random.nextBoolean() ? version : version + random.nextInt(3) - 1;
          boolean put = random.nextBoolean();
          if (Math.max(0, wanted) != version) {
            wrong.add(operations.size());
          } else if (put) {
            after.put(id, nextIndex);
          } else {
            after.remove(id);
          }
          operations.add(
              put
                  ? put(id, "{}", Math.max(0, wanted))
                  : new Operation.Delete(id, OptionalLong.of(Math.max(0, wanted))));
        }
        Proposed proposed = propose(operations.toArray(Operation[]::new));
        assertEquals(wrong, proposed.errors().stream().map(OperationError::index).toList(), hint);
        way.add(proposed);
        world = after;
      } else if (!way.isEmpty()) {
        apply(way.remove());
      }
    }
    while (!way.isEmpty()) {
      apply(way.remove());
    }
    for (String id : List.of("a", "b", "c")) {
      assertEquals(
          Optional.ofNullable(world.get(id)),
          shard.get(id).map(StoredDocument::version),
          "seed " + seed);
    }
  }

  private record Proposed(Batch batch, long index) {
    List<OperationError> errors() {
      return batch.entry().errors();
    }
  }

  /** Decides, and has the entry on its way. */
  private Proposed propose(Operation... operations) throws IOException {
    Decision decision = Decision.prepare(shard, List.of(operations));
    Batch batch =
        decision.decide(
            new RequestId(new UUID(1, 1), ++calls), 1, id -> pending.find(id, shard::get));
    long index = nextIndex++;
    pending.add(batch, index);
    return new Proposed(batch, index);
  }

  private void apply(Proposed proposed) throws IOException {
    shard.apply(
        new LogPosition(TERM, proposed.index()),
        proposed.batch().entry(),
        proposed.batch().ready());
    pending.remove(proposed.batch());
  }

  /** As the next decision sees it. */
  private long version(String id) throws IOException {
    return pending.find(id, shard::get).map(StoredDocument::version).orElse(0L);
  }

  private static Operation put(String id, String json) {
    return new Operation.Put(id, bytes(json));
  }

  private static Operation put(String id, String json, long ifVersion) {
    return new Operation.Put(id, bytes(json), OptionalLong.of(ifVersion));
  }

  private static byte[] bytes(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
