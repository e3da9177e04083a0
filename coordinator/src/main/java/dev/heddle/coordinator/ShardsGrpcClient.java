package dev.heddle.coordinator;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.scatter.ReplicaWire;
import dev.heddle.internal.v1.AwaitShardsRequest;
import dev.heddle.internal.v1.AwaitShardsResponse;
import dev.heddle.internal.v1.ShardGetRequest;
import dev.heddle.internal.v1.ShardGetResponse;
import dev.heddle.internal.v1.ShardRef;
import dev.heddle.internal.v1.ShardScanRequest;
import dev.heddle.internal.v1.ShardScanResponse;
import dev.heddle.internal.v1.ShardWriteRequest;
import dev.heddle.internal.v1.ShardWriteResponse;
import dev.heddle.internal.v1.ShardsGrpc;
import dev.heddle.internal.v1.ShardsGrpc.ShardsFutureStub;
import dev.heddle.process.Channels;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.v1.BulkItem;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Documents at the leaves that hold their shards. Safe for many threads. */
final class ShardsGrpcClient {
  /** For replicas that are not needed any more, but may know more. */
  private static final Duration LATECOMERS = Duration.ofMillis(200);

  private final ShardCalls calls;
  private final CatalogClient catalog;
  private final Channels channels;
  private final ReplicaTable table;
  private final Ticker ticker;

  /** This run of this coordinator, and its writes: so leaves know one that comes again. */
  private final ByteString client;

  private final AtomicLong writes = new AtomicLong();

  ShardsGrpcClient(
      ShardCalls calls,
      CatalogClient catalog,
      Channels channels,
      ReplicaTable table,
      Ticker ticker) {
    this.calls = calls;
    this.catalog = catalog;
    this.channels = channels;
    this.table = table;
    this.ticker = ticker;
    var id = UUID.randomUUID();
    this.client =
        ByteString.copyFrom(
            ByteBuffer.allocate(16)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .flip());
  }

  /**
   * Writes a batch to its shard, at the leader, again and again until it is done. Does not block.
   *
   * @return completes when the batch is durable; fails as {@link ShardCalls#write} says
   */
  CompletableFuture<ShardWriteResponse> write(
      DatasetRecord dataset, int shard, List<BulkItem> items, Deadline deadline) {
    var request =
        ShardWriteRequest.newBuilder()
            .setTenant(dataset.tenant())
            .setDatasetId(dataset.id())
            .addAllItems(items)
            .setClientId(client)
            .setCallId(writes.incrementAndGet())
            .buildPartial();
    return calls.write(
        dataset,
        shard,
        deadline,
        (node, placement, wait, timeout) ->
            stub(node, timeout).write(request.toBuilder().setShard(ref(placement)).build()));
  }

  /** Reads a document. Does not block; fails as {@link ShardCalls#read} says. */
  CompletableFuture<ShardGetResponse> get(
      DatasetRecord dataset, int shard, String id, Reading reading, Deadline deadline) {
    return calls.read(
        dataset,
        shard,
        reading,
        deadline,
        (node, placement, wait, timeout) ->
            stub(node, timeout)
                .get(
                    ShardGetRequest.newBuilder()
                        .setTenant(dataset.tenant())
                        .setDatasetId(dataset.id())
                        .setShard(ref(placement))
                        .setId(id)
                        .setRead(
                            ReplicaWire.requirement(
                                reading.level(), reading.positions(List.of(shard)), wait))
                        .build()));
  }

  /**
   * Reads some documents of a shard in the order of their ids. Does not block; fails as {@link
   * ShardCalls#read} says.
   *
   * @param after id before the first; empty: from the beginning
   * @param limit documents at most
   */
  CompletableFuture<ShardScanResponse> scan(
      DatasetRecord dataset,
      int shard,
      String after,
      int limit,
      Reading reading,
      Deadline deadline) {
    return calls.read(
        dataset,
        shard,
        reading,
        deadline,
        (node, placement, wait, timeout) ->
            stub(node, timeout)
                .scan(
                    ShardScanRequest.newBuilder()
                        .setTenant(dataset.tenant())
                        .setDatasetId(dataset.id())
                        .setShard(ref(placement))
                        .setAfter(after)
                        .setLimit(limit)
                        .setRead(
                            ReplicaWire.requirement(
                                reading.level(), reading.positions(List.of(shard)), wait))
                        .build()));
  }

  /**
   * Documents by shard, as the replica that is furthest ahead tells, of the leaves that answer in
   * time; once a majority of each shard's has answered, the others have but a moment left. What
   * they tell goes into the table, too.
   *
   * @param revision of the catalog that leaves must have seen; 0: any
   * @param all whether a shard of which nobody answers is an error
   */
  Map<Integer, Long> documents(DatasetRecord dataset, long revision, boolean all, long timeoutNanos)
      throws InterruptedException {
    Map<String, ListenableFuture<AwaitShardsResponse>> pending = new HashMap<>();
    BlockingQueue<String> answered = new LinkedBlockingQueue<>();
    var view = catalog.view();
    for (var node : holders(dataset)) {
      view.node(node)
          .ifPresent(record -> {
            var call = await(record, dataset, revision, timeoutNanos);
            pending.put(node, call);
            call.addListener(() -> answered.add(node), MoreExecutors.directExecutor());
          });
    }
    Map<Integer, Long> documents = new HashMap<>();
    Map<Integer, Long> positions = new HashMap<>();
    Map<Integer, Integer> reports = new HashMap<>();
    List<String> failures = new ArrayList<>();
    long end = ticker.nanoTime() + timeoutNanos;
    boolean enough = false;
    while (!pending.isEmpty()) {
      if (!enough && majorities(dataset, reports)) {
        enough = true;
        end = Math.min(end, ticker.nanoTime() + LATECOMERS.toNanos());
      }
      String node = answered.poll(end - ticker.nanoTime(), TimeUnit.NANOSECONDS);
      if (node == null) {
        pending.forEach((silent, call) -> {
          call.cancel(true);
          failures.add(silent + ": no answer in time");
        });
        break;
      }
      try {
        for (var report : Objects.requireNonNull(pending.remove(node)).get().getReportsList()) {
          if (report.hasReplica()) {
            ReplicaWire.replica(report.getReplica()).tell(table);
          }
          reports.merge(report.getShard(), 1, Integer::sum);
          long index = report.getPosition().getIndex();
          var before = positions.get(report.getShard());
          if (before == null || index > before) {
            positions.put(report.getShard(), index);
            documents.put(report.getShard(), report.getActive());
          }
        }
      } catch (ExecutionException e) {
        failures.add(node + ": " + e.getCause());
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

  private static boolean majorities(DatasetRecord dataset, Map<Integer, Integer> reports) {
    return dataset.shards().stream()
        .allMatch(
            placement -> reports.getOrDefault(placement.shard(), 0) > placement.nodes().size() / 2);
  }

  private static Set<String> holders(DatasetRecord dataset) {
    Set<String> holders = new HashSet<>();
    dataset.shards().forEach(placement -> holders.addAll(placement.nodes()));
    return holders;
  }

  private ListenableFuture<AwaitShardsResponse> await(
      NodeRecord node, DatasetRecord dataset, long revision, long timeoutNanos) {
    return stub(node, timeoutNanos)
        .await(
            AwaitShardsRequest.newBuilder()
                .setTenant(dataset.tenant())
                .setDatasetId(dataset.id())
                .setRevision(revision)
                .build());
  }

  private ShardsFutureStub stub(NodeRecord node, long timeoutNanos) {
    return ShardsGrpc.newFutureStub(channels.to(node.internal()))
        .withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS);
  }

  private static ShardRef ref(ShardPlacement placement) {
    return ShardRef.newBuilder()
        .setShard(placement.shard())
        .setGeneration(placement.generation())
        .build();
  }
}
