package dev.heddle.loadtest.chaos;

import dev.heddle.internal.v1.ReadRequirement;
import dev.heddle.internal.v1.ReplicaReport;
import dev.heddle.internal.v1.ShardGetRequest;
import dev.heddle.internal.v1.ShardRef;
import dev.heddle.internal.v1.ShardScanRequest;
import dev.heddle.internal.v1.ShardsGrpc;
import dev.heddle.internal.v1.ShardsGrpc.ShardsBlockingStub;
import dev.heddle.internal.v1.WatchReplicasRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HostPort;
import dev.heddle.process.RequestContext;
import dev.heddle.v1.Position;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.ReplicaRole;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What each leaf has, asked at its internal port, so that no coordinator chooses. Calls throw
 * {@link dev.heddle.process.HeddleException}. Safe for any thread.
 */
public final class ReplicasGrpcClient {
  private static final int PAGE = 1_000;

  private final Channels channels;
  private final Duration timeout;

  /**
   * @param channels with the cluster's secret, where it has one
   * @param timeout of each call
   */
  public ReplicasGrpcClient(Channels channels, Duration timeout) {
    this.channels = channels;
    this.timeout = timeout;
  }

  private ShardsBlockingStub stub(HostPort leaf) {
    return ShardsGrpc.newBlockingStub(channels.to(leaf.toString()))
        .withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** All replicas on a leaf. */
  public List<ReplicaView> replicas(HostPort leaf) {
    try (var watch = Context.current().withCancellation()) {
      var first =
          watch
              .call(() -> stub(leaf).watchReplicas(WatchReplicasRequest.getDefaultInstance()))
              .next();
      return first.getReplicasList().stream().map(ReplicasGrpcClient::view).toList();
    } catch (Exception e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  private static ReplicaView view(ReplicaReport report) {
    var replica = report.getReplica();
    var role = replica.getRole();
    return new ReplicaView(
        replica.getNode(),
        report.getDatasetId(),
        report.getShard(),
        role == ReplicaRole.REPLICA_ROLE_LEADER,
        role == ReplicaRole.REPLICA_ROLE_LEADER
            || role == ReplicaRole.REPLICA_ROLE_FOLLOWER
            || role == ReplicaRole.REPLICA_ROLE_CANDIDATE,
        replica.getAvailable(),
        replica.getTerm(),
        replica.getApplied(),
        replica.getVisible());
  }

  /**
   * A point in a shard's history.
   *
   * @param incarnation of the history
   * @param index in its log
   */
  public record Point(String incarnation, long index) {}

  /**
   * The version of a document, as a leaf's own copy of its shard has it; 0: there is none.
   *
   * @param after what the copy must have applied: it waits for it, up to this client's timeout;
   *     empty: it is read as it is
   */
  public long version(
      HostPort leaf, String datasetId, int shard, String id, Optional<Point> after) {
    var read = ReadRequirement.newBuilder().setLevel(ReadLevel.READ_LEVEL_ANY);
    after.ifPresent(point ->
        read.setLevel(ReadLevel.READ_LEVEL_SESSION)
            .addPositions(
                Position.newBuilder()
                    .setShard(shard)
                    .setIncarnation(point.incarnation)
                    .setIndex(point.index)));
    try {
      return stub(leaf)
          .get(
              ShardGetRequest.newBuilder()
                  .setTenant(RequestContext.DEFAULT_TENANT)
                  .setDatasetId(datasetId)
                  .setShard(ShardRef.newBuilder().setShard(shard))
                  .setId(id)
                  .setRead(read)
                  .build())
          .getVersion();
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  /**
   * All documents of a leaf's own copy of a shard, in the order of their ids: with everything that
   * was acknowledged before the call, for which the copy waits up to this client's timeout. What a
   * leaf reports of its copies is of a moment before, and cannot tell whether the last write is
   * there.
   */
  public List<StoredDocument> scan(HostPort leaf, String datasetId, int shard) {
    var all = new ArrayList<StoredDocument>();
    boolean more = true;
    try {
      while (more) {
        var page =
            stub(leaf)
                .scan(
                    ShardScanRequest.newBuilder()
                        .setTenant(RequestContext.DEFAULT_TENANT)
                        .setDatasetId(datasetId)
                        .setShard(ShardRef.newBuilder().setShard(shard))
                        .setAfter(all.isEmpty() ? "" : all.getLast().id())
                        .setLimit(PAGE)
                        .setRead(
                            ReadRequirement.newBuilder()
                                .setLevel(ReadLevel.READ_LEVEL_LINEARIZABLE))
                        .build());
        page.getDocumentsList()
            .forEach(each ->
                all.add(
                    new StoredDocument(
                        each.getId(), each.getJson().toStringUtf8(), each.getVersion())));
        more = page.getMore();
      }
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
    return all;
  }
}
