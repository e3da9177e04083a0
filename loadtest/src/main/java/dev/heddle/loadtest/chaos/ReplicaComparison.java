package dev.heddle.loadtest.chaos;

import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compares what the replicas of a dataset hold, document by document, once nobody writes any more.
 *
 * @param replicas that were compared
 * @param documents of one copy of all shards
 * @param problems empty: all copies of each shard are equal
 */
public record ReplicaComparison(int replicas, long documents, List<String> problems) {
  private static final int SHOWN = 3;

  /** For what one copy has to come to another one, and for reports of it to be of afterwards. */
  private static final Duration REST = Duration.ofSeconds(10);

  private static final Duration AGAIN = Duration.ofMillis(100);

  public ReplicaComparison {
    problems = List.copyOf(problems);
  }

  /**
   * @param client with time for scans on a machine that stands still now and then
   * @param wanted replicas of each shard
   * @param limit for the replicas to catch up
   */
  public static ReplicaComparison of(
      ProcessCluster cluster,
      Leaders leaders,
      ReplicasGrpcClient client,
      String datasetId,
      int shards,
      int wanted,
      Duration limit,
      Ticker ticker)
      throws InterruptedException {
    long start = ticker.nanoTime();
    while (true) {
      var views = leaders.replicas();
      var look = look(cluster, views, client, datasetId, shards, wanted);
      boolean over = ticker.nanoTime() - start >= limit.toNanos();
      if (look.comparison.problems.isEmpty() || over) {
        return look.comparison;
      }
      // A copy that lags, or whose way to its leader was cut a moment ago, comes to the same in
      // time: somebody applies something then. Copies that differ at rest differ for good.
      Pacing.pause(look.differs ? REST : AGAIN, ticker, () -> false);
      if (look.differs && applied(leaders.replicas()).equals(applied(views))) {
        return look.comparison;
      }
    }
  }

  /**
   * What was seen at one time.
   *
   * @param differs whether documents do; else what else is wrong may be so for the moment
   */
  private record Look(ReplicaComparison comparison, boolean differs) {
    static Look failed(List<String> problems) {
      return new Look(new ReplicaComparison(0, 0, problems), false);
    }
  }

  /** How far each replica is. */
  private static Map<String, Long> applied(List<ReplicaView> views) {
    var applied = new TreeMap<String, Long>();
    views.forEach(view -> applied.put(view.shard() + " on " + view.node(), view.applied()));
    return applied;
  }

  private static Look look(
      ProcessCluster cluster,
      List<ReplicaView> views,
      ReplicasGrpcClient client,
      String datasetId,
      int shards,
      int wanted) {
    if (!even(views, shards, wanted)) {
      return Look.failed(List.of("replicas: not alike: " + views));
    }
    var problems = new ArrayList<String>();
    Map<String, HostPort> addresses = new HashMap<>();
    cluster.layout().leaves().forEach(leaf -> addresses.put(leaf.node(), leaf.internal()));
    int replicas = 0;
    long documents = 0;
    var copies = new TreeMap<Integer, List<StoredDocument>>();
    boolean differs = false;
    for (var replica : views) {
      var address = addresses.get(replica.node());
      if (address == null || !replica.member()) {
        continue;
      }
      replicas++;
      try {
        var copy = client.scan(address, datasetId, replica.shard());
        var first = copies.putIfAbsent(replica.shard(), copy);
        documents += first == null ? copy.size() : 0;
        if (first != null && !first.equals(copy)) {
          problems.add(difference(replica, first, copy));
          differs = true;
        }
      } catch (HeddleException e) {
        problems.add("shard " + replica.shard() + " on " + replica.node() + ": " + e.getMessage());
      }
    }
    return new Look(new ReplicaComparison(replicas, documents, problems), differs);
  }

  /** Whether each shard has all its replicas, and all have applied and show the same. */
  private static boolean even(List<ReplicaView> views, int shards, int wanted) {
    var byShard = new HashMap<Integer, List<ReplicaView>>();
    for (var replica : views) {
      if (replica.member()) {
        byShard.computeIfAbsent(replica.shard(), shard -> new ArrayList<>()).add(replica);
      }
    }
    return byShard.size() == shards
        && byShard.values().stream()
            .allMatch(copies ->
                copies.size() == wanted
                    && copies.stream().allMatch(copy -> copy.visible() == copy.applied())
                    && copies.stream().map(ReplicaView::applied).distinct().count() == 1);
  }

  private static String difference(
      ReplicaView replica, List<StoredDocument> first, List<StoredDocument> copy) {
    var missing = new ArrayList<>(first);
    missing.removeAll(copy);
    var more = new ArrayList<>(copy);
    more.removeAll(first);
    return "shard %d on %s: lacks %d (%s), has %d others (%s)"
        .formatted(
            replica.shard(),
            replica.node(),
            missing.size(),
            missing.subList(0, Math.min(SHOWN, missing.size())),
            more.size(),
            more.subList(0, Math.min(SHOWN, more.size())));
  }
}
