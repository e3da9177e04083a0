package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import dev.heddle.function.Query;
import dev.heddle.process.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Writes to shards with three replicas, while leaders come and go. */
@Timeout(300)
class ReplicatedWritesTest {
  private static final String[] NODES = {"a", "b", "c"};

  @TempDir Path directory;
  private Cluster cluster;

  @BeforeEach
  void start() {
    cluster = new Cluster(directory, Cluster.Pace.lazy(), NODES);
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  @Test
  void whatWasAcknowledgedIsOnTheOthersWhenTheLeaderIsGone() {
    cluster.create(Things.SCHEMA, 2, NODES);
    List<String> written = new ArrayList<>();
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 10; i++) {
        WriteResult result = cluster.write(0, put("x" + round + i, "{\"size\":1}"));
        written.add("x" + round + i + '@' + result.index() + "={\"size\":1}");
      }
      String leader = cluster.leader(0);
      cluster.stop(leader);
      assertEquals(written, cluster.sameContents(0, cluster.names()));
      cluster.write(1, put("on" + round, "{}"));
      cluster.start(leader);
    }
    assertEquals(written, cluster.sameContents(0, cluster.names()));
    assertEquals(2, cluster.sameContents(1, cluster.names()).size());
  }

  @Test
  void aRepeatedRequestGetsItsFirstOutcomeFromTheNextLeader() {
    cluster.create(Things.SCHEMA, 1, NODES);
    cluster.write(0, put("old", "{}"));
    RequestId request = cluster.request();
    List<Operation> batch =
        List.of(
            new Operation.Put("a", bytes("{\"size\":1}"), OptionalLong.of(0)),
            new Operation.Delete("old"),
            new Operation.Delete("none"),
            new Operation.Put("b", bytes("{}"), OptionalLong.of(77)),
            new Operation.Put("c", bytes("{\"size\":")));
    WriteResult first = cluster.write(0, request, batch);
    assertEquals(List.of(0, 1, 2), indexes(first));
    assertEquals(
        List.of(ErrorCode.VERSION_CONFLICT, ErrorCode.MALFORMED_JSON),
        first.errors().stream().map(OperationError::code).toList());
    assertEquals(first, cluster.write(0, request, batch), "by the same leader");
    String leader = cluster.leader(0);
    cluster.crash(leader);
    assertEquals(first, cluster.write(0, request, batch), "by the next one");
    cluster.write(0, put("a", "{\"size\":2}"));
    assertEquals(first, cluster.write(0, request, batch), "whatever happened since");
    cluster.start(leader);
    for (String name : NODES) {
      cluster.current(name, 0);
      assertEquals(
          "{\"size\":2}",
          new String(
              cluster.store(name).get(Cluster.DATASET, 0, "a").document().orElseThrow().json(),
              StandardCharsets.UTF_8));
    }
  }

  @Test
  void conditionalWritesLoseNoUpdateWhileLeadersChange() throws Exception {
    long seed = Seed.draw();
    cluster.create(Things.SCHEMA, 1, NODES);
    String[] registers = {"r0", "r1"};
    Map<String, Long> initial = new HashMap<>();
    for (String register : registers) {
      initial.put(register, cluster.write(0, put(register, "{\"size\":0}")).index());
    }
    AtomicBoolean done = new AtomicBoolean();
    AtomicLong changes = new AtomicLong();
    Map<String, List<long[]>> history = new HashMap<>();
    try (ExecutorService clients = Executors.newFixedThreadPool(4)) {
      List<Future<Map<String, List<long[]>>>> results = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        Random random = new Random(seed + i);
        results.add(clients.submit(() -> increments(random, registers, done, changes)));
      }
      for (int kill = 0; kill < 2; kill++) {
        long target = changes.get() + 30;
        within(Cluster.PATIENCE, "changes", () -> changes.get() >= target);
        String leader = cluster.leader(0);
        cluster.crash(leader);
        long afterwards = changes.get() + 30;
        within(Cluster.PATIENCE, "changes without " + leader, () -> changes.get() >= afterwards);
        cluster.start(leader);
      }
      done.set(true);
      for (Future<Map<String, List<long[]>>> result : results) {
        result
            .get()
            .forEach((register, steps) ->
                history.computeIfAbsent(register, any -> new ArrayList<>()).addAll(steps));
      }
    }
    for (String register : registers) {
      assertChain(
          register,
          initial.getOrDefault(register, 0L),
          history.getOrDefault(register, List.of()),
          seed);
    }
  }

  /** Successful steps: the version that was replaced, the new one, and the new value. */
  private Map<String, List<long[]>> increments(
      Random random, String[] registers, AtomicBoolean done, AtomicLong changes) {
    Map<String, List<long[]>> steps = new HashMap<>();
    while (!done.get()) {
      String register = registers[random.nextInt(registers.length)];
      // Read anywhere, old or new: the condition finds out.
      List<String> names = List.copyOf(cluster.names());
      StoredDocument read;
      try {
        read =
            cluster
                .store(names.get(random.nextInt(names.size())))
                .get(Cluster.DATASET, 0, register)
                .document()
                .orElse(null);
      } catch (RuntimeException e) {
        // It was just stopped, or is just opened.
        continue;
      }
      if (read == null) {
        continue;
      }
      long next = value(read) + 1;
      WriteResult result =
          cluster.write(
              0,
              new Operation.Put(
                  register, bytes("{\"size\":" + next + "}"), OptionalLong.of(read.version())));
      if (result.errors().isEmpty()) {
        steps
            .computeIfAbsent(register, any -> new ArrayList<>())
            .add(new long[] {read.version(), result.index(), next});
        changes.incrementAndGet();
      } else {
        assertEquals(ErrorCode.VERSION_CONFLICT, result.errors().getFirst().code());
      }
    }
    return steps;
  }

  /** Every version was replaced by one step at most, and the steps lead to what is there now. */
  private void assertChain(String register, long initial, List<long[]> steps, long seed) {
    Map<Long, long[]> byReplaced = new HashMap<>();
    for (long[] step : steps) {
      assertNull(byReplaced.put(step[0], step), "seed " + seed + ": " + register + "@" + step[0]);
    }
    long version = initial;
    long value = 0;
    for (long[] step = byReplaced.remove(version);
        step != null;
        step = byReplaced.remove(version)) {
      assertTrue(step[1] > version);
      version = step[1];
      value++;
      assertEquals(value, step[2], "seed " + seed);
    }
    assertEquals(0, byReplaced.size(), "seed " + seed + ": steps from nowhere");
    for (String name : NODES) {
      cluster.current(name, 0);
      StoredDocument present =
          cluster.store(name).get(Cluster.DATASET, 0, register).document().orElseThrow();
      assertEquals(version, present.version(), "seed " + seed + " on " + name);
      assertEquals(value, value(present), "seed " + seed + " on " + name);
    }
  }

  @Test
  void aSchemaThatComesBetweenWritesIsTheSameOnAllReplicas() throws Exception {
    Schema lax = new Schema(List.of(Field.of("type", FieldType.KEYWORD, false)), "", 0, true);
    cluster.create(lax, 1, NODES);
    AtomicBoolean done = new AtomicBoolean();
    AtomicLong writes = new AtomicLong();
    try (ExecutorService clients = Executors.newFixedThreadPool(3)) {
      List<Future<?>> running = new ArrayList<>();
      for (int client = 0; client < 3; client++) {
        int mine = client;
        running.add(
            clients.submit(() -> {
              for (int i = 0; !done.get(); i++) {
                // What was kept as it is becomes a value of a type, and some are none of it.
                for (int field = 0; field < 6; field++) {
                  cluster.write(
                      0,
                      put(
                          "d" + mine + '-' + i + '-' + field,
                          "{\"n" + field + "\":" + (i % 2 == 0 ? "7" : "\"seven\"") + "}"));
                }
                writes.incrementAndGet();
              }
            }));
      }
      List<Field> fields = new ArrayList<>(lax.fields());
      for (int field = 0; field < 6; field++) {
        long enough = writes.get() + 3;
        within(Cluster.PATIENCE, "writes", () -> writes.get() >= enough);
        fields.add(Field.of("n" + field, FieldType.LONG, false));
        DatasetRecord before = cluster.dataset();
        cluster.await(
            cluster.change(
                new DatasetRecord(
                    before.tenant(),
                    before.name(),
                    before.id(),
                    new Schema(fields, "", 0, true),
                    before.schemaVersion() + 1,
                    before.replicas(),
                    before.shards(),
                    before.createdAt())),
            NODES);
      }
      done.set(true);
      for (Future<?> one : running) {
        one.get();
      }
    }
    assertTrue(cluster.sameContents(0, List.of(NODES)).size() > 50);
    for (int field = 0; field < 6; field++) {
      String name = "n" + field;
      long expected = count(NODES[0], name);
      for (String node : NODES) {
        assertEquals(expected, count(node, name), name + " on " + node);
      }
    }
    // And all of them can read their logs again.
    for (String node : NODES) {
      cluster.crash(node);
      cluster.start(node);
    }
    cluster.sameContents(0, List.of(NODES));
  }

  private long count(String node, String field) {
    ReadScope scope =
        new ReadScope(StatisticsSnapshot.of(ShardStatistics.NONE), () -> false, new ShardMeter());
    try (ShardReader reader = cluster.store(node).open(Cluster.DATASET, 0, scope)) {
      return reader.count(new Query.Range(field, 7L, null, null, null));
    }
  }

  private static List<Integer> indexes(WriteResult result) {
    return result.results().stream().map(OperationResult::index).toList();
  }

  private static long value(StoredDocument document) {
    return Long.parseLong(
        new String(document.json(), StandardCharsets.UTF_8).replaceAll("\\D", ""));
  }

  private static Operation put(String id, String json) {
    return new Operation.Put(id, bytes(json));
  }

  private static byte[] bytes(String json) {
    return json.getBytes(StandardCharsets.UTF_8);
  }
}
