package dev.heddle.cli.client;

import dev.heddle.v1.ClusterGrpc;
import dev.heddle.v1.ClusterStatus;
import dev.heddle.v1.ClusterStatusRequest;
import dev.heddle.v1.NodeStatus;
import java.util.Comparator;

/** Asks a cluster how it is. Thread safe. */
public final class StatusGrpcClient {
  private final ClusterGrpcClient cluster;

  public StatusGrpcClient(ClusterGrpcClient cluster) {
    this.cluster = cluster;
  }

  public ClusterInfo get() {
    ClusterGrpc.ClusterBlockingStub stub = ClusterGrpc.newBlockingStub(cluster.channel());
    ClusterStatus status =
        cluster.call(() -> cluster.timed(stub).status(ClusterStatusRequest.getDefaultInstance()));
    return new ClusterInfo(
        status.getClusterId(),
        status.getNodesList().stream()
            .map(StatusGrpcClient::node)
            .sorted(Comparator.comparing(NodeInfo::node))
            .toList(),
        status.getCatalogVotersList().stream().sorted().toList(),
        status.getCatalogLeader(),
        status.getCatalogRevision(),
        status.getDatasetsList().stream()
            .map(DatasetWire::info)
            .sorted(Comparator.comparing(DatasetInfo::name))
            .toList());
  }

  private static NodeInfo node(NodeStatus node) {
    return new NodeInfo(
        node.getNode(),
        node.getRolesList().stream().sorted().toList(),
        node.getInternal(),
        node.getGrpc(),
        node.getHttp(),
        node.getReplication());
  }
}
