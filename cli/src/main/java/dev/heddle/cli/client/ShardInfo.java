package dev.heddle.cli.client;

import java.util.List;
import java.util.Optional;

/**
 * A shard of a dataset.
 *
 * @param nodes that hold it
 * @param joining nodes on their way in: they catch up
 * @param leaving of the nodes, those on their way out
 * @param available whether some replica can be read now
 * @param replicas as the nodes tell, of those that answered
 */
public record ShardInfo(
    int shard,
    long generation,
    List<String> nodes,
    List<String> joining,
    List<String> leaving,
    long documents,
    boolean available,
    List<ReplicaInfo> replicas) {
  public ShardInfo {
    nodes = List.copyOf(nodes);
    joining = List.copyOf(joining);
    leaving = List.copyOf(leaving);
    replicas = List.copyOf(replicas);
  }

  /** The node that leads, as it says itself. */
  public Optional<String> leader() {
    return replicas.stream().filter(ReplicaInfo::leads).map(ReplicaInfo::node).findFirst();
  }

  public Optional<ReplicaInfo> replica(String node) {
    return replicas.stream().filter(replica -> replica.node().equals(node)).findFirst();
  }

  /** Whether so many nodes hold it, and none is on its way. */
  boolean settled(int copies) {
    return nodes.size() == copies && joining.isEmpty() && leaving.isEmpty();
  }
}
