package dev.heddle.coordinator;

import com.google.common.util.concurrent.ListenableFuture;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.internal.v1.AwaitShardsRequest;
import dev.heddle.internal.v1.AwaitShardsResponse;
import dev.heddle.internal.v1.ShardGetRequest;
import dev.heddle.internal.v1.ShardRef;
import dev.heddle.internal.v1.ShardWriteRequest;
import dev.heddle.internal.v1.ShardWriteResponse;
import dev.heddle.internal.v1.ShardsGrpc;
import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.BulkItem;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Single documents and writes, at the node that holds their shard. Safe for many threads. */
final class ShardsGrpcClient {
  private final CatalogClient catalog;
  private final Channels channels;

  ShardsGrpcClient(CatalogClient catalog, Channels channels) {
    this.catalog = catalog;
    this.channels = channels;
  }

  /**
   * Sends a batch to its shard.
   *
   * @return completes when the batch is durable
   */
  ListenableFuture<ShardWriteResponse> write(
      DatasetRecord dataset, int shard, List<BulkItem> items, long timeoutNanos) {
    var placement = dataset.shards().get(shard);
    return ShardsGrpc.newFutureStub(channels.to(holder(placement).internal()))
        .withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS)
        .write(
            ShardWriteRequest.newBuilder()
                .setTenant(dataset.tenant())
                .setDatasetId(dataset.id())
                .setShard(ref(placement))
                .addAllItems(items)
                .build());
  }

  /** The document's JSON as of the last acknowledged write. */
  Optional<com.google.protobuf.ByteString> get(
      DatasetRecord dataset, int shard, String id, long timeoutNanos) {
    var placement = dataset.shards().get(shard);
    var response =
        ShardsGrpc.newBlockingStub(channels.to(holder(placement).internal()))
            .withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS)
            .get(
                ShardGetRequest.newBuilder()
                    .setTenant(dataset.tenant())
                    .setDatasetId(dataset.id())
                    .setShard(ref(placement))
                    .setId(id)
                    .build());
    return response.hasJson() ? Optional.of(response.getJson()) : Optional.empty();
  }

  /**
   * Documents by shard, of the leaves that answer in time.
   *
   * @param revision of the catalog that leaves must have seen; 0: any
   * @param all whether a leaf that does not answer is an error
   */
  Map<Integer, Long> documents(DatasetRecord dataset, long revision, boolean all, long timeoutNanos)
      throws InterruptedException {
    Map<String, ListenableFuture<AwaitShardsResponse>> calls = new HashMap<>();
    for (var placement : dataset.shards()) {
      for (var node : placement.nodes()) {
        catalog
            .view()
            .node(node)
            .ifPresent(record ->
                calls.computeIfAbsent(
                    node, unseen -> await(record, dataset, revision, timeoutNanos)));
      }
    }
    Map<Integer, Long> documents = new HashMap<>();
    List<String> failures = new ArrayList<>();
    for (var call : calls.entrySet()) {
      try {
        for (var report : call.getValue().get().getReportsList()) {
          documents.merge(report.getShard(), report.getActive(), Math::max);
        }
      } catch (ExecutionException e) {
        failures.add(call.getKey() + ": " + e.getCause());
      }
    }
    if (all && documents.size() < dataset.shards().size()) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE,
          "shards of "
              + dataset.name()
              + ": "
              + documents.size()
              + " open (expected: "
              + dataset.shards().size()
              + "; "
              + failures
              + ")");
    }
    return documents;
  }

  private ListenableFuture<AwaitShardsResponse> await(
      NodeRecord node, DatasetRecord dataset, long revision, long timeoutNanos) {
    return ShardsGrpc.newFutureStub(channels.to(node.internal()))
        .withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS)
        .await(
            AwaitShardsRequest.newBuilder()
                .setTenant(dataset.tenant())
                .setDatasetId(dataset.id())
                .setRevision(revision)
                .build());
  }

  private NodeRecord holder(ShardPlacement placement) {
    for (var node : placement.nodes()) {
      var record = catalog.view().node(node);
      if (record.isPresent()) {
        return record.get();
      }
    }
    throw new HeddleException(
        ErrorCode.UNAVAILABLE,
        "shard "
            + placement.shard()
            + ": no live node (expected: one of "
            + placement.nodes()
            + ")");
  }

  private static ShardRef ref(ShardPlacement placement) {
    return ShardRef.newBuilder()
        .setShard(placement.shard())
        .setGeneration(placement.generation())
        .build();
  }
}
