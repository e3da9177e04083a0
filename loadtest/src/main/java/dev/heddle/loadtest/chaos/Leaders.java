package dev.heddle.loadtest.chaos;

import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Who leads which shard of a dataset, asked of the leaves themselves. Safe for any thread. */
public final class Leaders {
  private final ProcessCluster cluster;
  private final ReplicasGrpcClient client;
  private final String datasetId;

  public Leaders(ProcessCluster cluster, ReplicasGrpcClient client, String datasetId) {
    this.cluster = cluster;
    this.client = client;
    this.datasetId = datasetId;
  }

  /** The replicas of the dataset on all leaves that answer. */
  public List<ReplicaView> replicas() {
    var all = new ArrayList<ReplicaView>();
    cluster
        .layout()
        .leaves()
        .filter(leaf -> cluster.serves(leaf.node()))
        .forEach(leaf -> {
          try {
            client.replicas(leaf.internal()).stream()
                .filter(replica -> replica.datasetId().equals(datasetId))
                .forEach(all::add);
          } catch (HeddleException e) {
            // Paused, or just gone.
          }
        });
    return all;
  }

  /** The replica that leads each shard: of several that believe so, the one of the latest term. */
  public Map<Integer, ReplicaView> leaders() {
    var leaders = new HashMap<Integer, ReplicaView>();
    for (var replica : replicas()) {
      if (replica.leads()) {
        leaders.merge(
            replica.shard(), replica, (one, other) -> one.term() >= other.term() ? one : other);
      }
    }
    return leaders;
  }

  /** The leader's node; empty: none is known. */
  public Optional<String> leader(int shard) {
    return Optional.ofNullable(leaders().get(shard)).map(ReplicaView::node);
  }
}
