package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.internal.v1.CatalogGrpc;
import dev.heddle.internal.v1.CatalogMembersRequest;
import dev.heddle.internal.v1.CatalogMembersResponse;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.v1.ClusterGrpc;
import dev.heddle.v1.ClusterStatus;
import dev.heddle.v1.ClusterStatusRequest;
import dev.heddle.v1.NodeStatus;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the cluster consists of, as this coordinator knows it. Blocks. */
final class ClusterGrpcService extends ClusterGrpc.ClusterImplBase {
  private static final Logger log = LoggerFactory.getLogger(ClusterGrpcService.class);
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final CatalogClient catalog;
  private final Channels channels;
  private final ReplicaTable table;

  ClusterGrpcService(CatalogClient catalog, Channels channels, ReplicaTable table) {
    this.catalog = catalog;
    this.channels = channels;
    this.table = table;
  }

  @Override
  public void status(ClusterStatusRequest request, StreamObserver<ClusterStatus> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var view = catalog.known();
          var members = members(view);
          var status =
              ClusterStatus.newBuilder()
                  .setClusterId(members.getClusterId())
                  .addAllCatalogVoters(members.getVotersList())
                  .setCatalogLeader(members.getLeader())
                  .setCatalogRevision(view.revision());
          view.nodes().forEach(node -> status.addNodes(node(node)));
          for (var record : view.datasets(RequestContext.current().tenant())) {
            status.addDatasets(
                DatasetWire.dataset(record, DatasetWire.documents(record, table), table));
          }
          return status.build();
        });
  }

  /** As the first leaf tells that knows a leader; empty where none answers. */
  private CatalogMembersResponse members(CatalogView view) {
    var best = CatalogMembersResponse.getDefaultInstance();
    for (var leaf : view.nodesWith("leaf")) {
      if (table.doubtful(leaf.node())) {
        continue;
      }
      try {
        var members =
            CatalogGrpc.newBlockingStub(channels.to(leaf.internal()))
                .withDeadlineAfter(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)
                .members(CatalogMembersRequest.getDefaultInstance());
        if (!members.getLeader().isEmpty()) {
          return members;
        }
        best = members;
      } catch (StatusRuntimeException | HeddleException e) {
        // The others may know.
        log.debug("no members of the catalog node={}", leaf.node(), e);
      }
    }
    return best;
  }

  private static NodeStatus node(NodeRecord node) {
    return NodeStatus.newBuilder()
        .setNode(node.node())
        .addAllRoles(node.roles())
        .setInternal(node.internal())
        .setGrpc(node.grpc())
        .setHttp(node.http())
        .setReplication(node.replication())
        .build();
  }
}
