package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random writes of several clients while nodes stop, crash and come back: at the end all replicas
 * have what was acknowledged, in the order of its versions, and nothing else.
 */
@Timeout(1_200)
class ReplicaContentsTest {
  private static final String[] NODES = {"a", "b", "c"};
  private static final int CLIENTS = 3;
  private static final int SHARDS = 2;

  @TempDir Path directory;

  /** What a write did to a document; no document: it went. */
  private record Done(int shard, String id, long index, Optional<String> json) {}

  @Test
  void replicasAreAlikeAndHaveWhatWasAcknowledged() throws Exception {
    run(2);
  }

  @Test
  @Tag("chaos")
  void replicasAreAlikeAfterMuchMore() throws Exception {
    run(12);
  }

  private void run(int events) throws Exception {
    long seed = Seed.draw();
    Random random = new Random(seed);
    Cluster.Pace pace = random.nextBoolean() ? Cluster.Pace.eager() : Cluster.Pace.lazy();
    AtomicBoolean done = new AtomicBoolean();
    List<Done> all = new ArrayList<>();
    try (Cluster cluster = new Cluster(directory, pace, NODES)) {
      cluster.create(Things.SCHEMA, SHARDS, NODES);
      try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
        List<Future<List<Done>>> running = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
          Random mine = new Random(random.nextLong());
          String name = "c" + client;
          running.add(clients.submit(() -> write(cluster, mine, name, done)));
        }
        for (int event = 0; event < events; event++) {
          disturb(cluster, random);
        }
        done.set(true);
        for (Future<List<Done>> client : running) {
          all.addAll(client.get());
        }
      }
      for (int shard = 0; shard < SHARDS; shard++) {
        assertEquals(
            expected(all, shard), cluster.sameContents(shard, List.of(NODES)), "seed " + seed);
      }
      // And what is on the disks says the same.
      for (String node : NODES) {
        cluster.crash(node);
      }
      for (String node : NODES) {
        cluster.start(node);
      }
      for (int shard = 0; shard < SHARDS; shard++) {
        assertEquals(
            expected(all, shard), cluster.sameContents(shard, List.of(NODES)), "seed " + seed);
      }
    }
  }

  /** One node goes, or all of them, or a disk, and comes back after some more writes. */
  private static void disturb(Cluster cluster, Random random) {
    progress(cluster, random.nextInt(SHARDS));
    int kind = random.nextInt(5);
    if (kind == 1) {
      String victim = NODES[random.nextInt(NODES.length)];
      cluster.fail(victim, true);
      for (int i = 0; i < 20; i++) {
        progress(cluster, random.nextInt(SHARDS));
      }
      cluster.fail(victim, false);
      return;
    }
    List<String> victims =
        kind == 0 ? List.of(NODES) : List.of(NODES[random.nextInt(NODES.length)]);
    for (String victim : victims) {
      if (random.nextBoolean()) {
        cluster.stop(victim);
      } else {
        cluster.crash(victim);
      }
    }
    if (victims.size() == 1 && random.nextBoolean()) {
      progress(cluster, random.nextInt(SHARDS));
    }
    victims.forEach(cluster::start);
  }

  /** Waits until the shard takes writes. */
  private static void progress(Cluster cluster, int shard) {
    cluster.write(shard, new Operation.Delete("nothing"));
  }

  private static List<Done> write(Cluster cluster, Random random, String name, AtomicBoolean stop) {
    List<Done> done = new ArrayList<>();
    Map<String, Long> versions = new HashMap<>();
    for (int i = 0; !stop.get(); i++) {
      int shard = random.nextInt(SHARDS);
      List<Operation> batch = new ArrayList<>();
      List<Optional<String>> jsons = new ArrayList<>();
      for (int k = 0; k < 1 + random.nextInt(3); k++) {
        // Some documents are this client's own, for others it has rivals.
        String id = (random.nextBoolean() ? name + '-' : "all-") + random.nextInt(8) + '-' + k;
        String json = "{\"title\":\"" + name + ' ' + i + "\",\"size\":" + i + "}";
        OptionalLong ifVersion =
            random.nextInt(4) == 0
                ? OptionalLong.of(versions.getOrDefault(shard + id, 0L))
                : OptionalLong.empty();
        if (random.nextInt(4) == 0) {
          batch.add(new Operation.Delete(id, ifVersion));
          jsons.add(Optional.empty());
        } else {
          batch.add(new Operation.Put(id, json.getBytes(StandardCharsets.UTF_8), ifVersion));
          jsons.add(Optional.of(json));
        }
      }
      WriteResult result = cluster.write(shard, cluster.request(), batch);
      for (OperationResult one : result.results()) {
        String id = batch.get(one.index()).id();
        Optional<String> json = jsons.get(one.index());
        if (json.isPresent() || one.found()) {
          done.add(new Done(shard, id, result.index(), json));
          versions.put(shard + id, one.version());
        }
      }
    }
    return done;
  }

  private static List<String> expected(List<Done> all, int shard) {
    Map<String, Done> last = new TreeMap<>(IdOrder::compare);
    for (Done one : all) {
      if (one.shard() == shard) {
        last.merge(one.id(), one, (a, b) -> a.index() > b.index() ? a : b);
      }
    }
    List<String> lines = new ArrayList<>();
    for (Done one : last.values()) {
      one.json().ifPresent(json -> lines.add(one.id() + '@' + one.index() + '=' + json));
    }
    return lines;
  }
}
