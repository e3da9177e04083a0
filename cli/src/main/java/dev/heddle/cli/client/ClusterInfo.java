package dev.heddle.cli.client;

import java.util.List;

/**
 * A cluster, as its coordinator describes it.
 *
 * @param nodes that live, by name
 * @param catalogVoters nodes that decide about the catalog
 * @param catalogLeader that leads them; empty: none known
 * @param catalogRevision of the coordinator's view of the catalog
 * @param datasets of our tenant, with the replicas of their shards
 */
public record ClusterInfo(
    String clusterId,
    List<NodeInfo> nodes,
    List<String> catalogVoters,
    String catalogLeader,
    long catalogRevision,
    List<DatasetInfo> datasets) {
  public ClusterInfo {
    nodes = List.copyOf(nodes);
    catalogVoters = List.copyOf(catalogVoters);
    datasets = List.copyOf(datasets);
  }
}
