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
import java.util.concurrent.atomic.AtomicReference;

/**
 * Compares what the replicas of a dataset hold, document by document, once nobody writes any more.
 *
 * @param replicas that were compared
 * @param documents of one copy of all shards
 * @param problems empty: all copies of each shard are equal
 */
public record ReplicaComparison(int replicas, long documents, List<String> problems) {
  private static final int SHOWN = 3;

  public ReplicaComparison {
    problems = List.copyOf(problems);
  }

  /**
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
    var last = new AtomicReference<>(new ReplicaComparison(0, 0, List.of("replicas: no look yet")));
    // A copy that lags, or whose way to its leader was cut a moment ago, comes to the same in time.
    var _ =
        Pacing.await(
            limit,
            ticker,
            () -> {
              last.set(look(cluster, leaders, client, datasetId, shards, wanted));
              return last.get().problems.isEmpty();
            });
    return last.get();
  }

  private static ReplicaComparison look(
      ProcessCluster cluster,
      Leaders leaders,
      ReplicasGrpcClient client,
      String datasetId,
      int shards,
      int wanted) {
    var problems = new ArrayList<String>();
    if (!even(leaders, shards, wanted)) {
      problems.add("replicas: not alike: " + leaders.replicas());
      return new ReplicaComparison(0, 0, problems);
    }
    Map<String, HostPort> addresses = new HashMap<>();
    cluster.layout().leaves().forEach(leaf -> addresses.put(leaf.node(), leaf.internal()));
    int replicas = 0;
    long documents = 0;
    var copies = new TreeMap<Integer, List<StoredDocument>>();
    for (var replica : leaders.replicas()) {
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
        }
      } catch (HeddleException e) {
        problems.add("shard " + replica.shard() + " on " + replica.node() + ": " + e.getMessage());
      }
    }
    return new ReplicaComparison(replicas, documents, problems);
  }

  /** Whether each shard has all its replicas, and all have applied and show the same. */
  private static boolean even(Leaders leaders, int shards, int wanted) {
    var byShard = new HashMap<Integer, List<ReplicaView>>();
    for (var replica : leaders.replicas()) {
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
