package dev.heddle.coordinator;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.internal.v1.AwaitShardsRequest;
import dev.heddle.internal.v1.AwaitShardsResponse;
import dev.heddle.internal.v1.ReadRequirement;
import dev.heddle.internal.v1.ReplicaReport;
import dev.heddle.internal.v1.ReplicaReports;
import dev.heddle.internal.v1.ShardGetRequest;
import dev.heddle.internal.v1.ShardGetResponse;
import dev.heddle.internal.v1.ShardReport;
import dev.heddle.internal.v1.ShardScanRequest;
import dev.heddle.internal.v1.ShardScanResponse;
import dev.heddle.internal.v1.ShardWriteRequest;
import dev.heddle.internal.v1.ShardWriteResponse;
import dev.heddle.internal.v1.ShardsGrpc;
import dev.heddle.internal.v1.WatchReplicasRequest;
import dev.heddle.process.Deadline;
import dev.heddle.process.DrainableService;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.v1.BulkError;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkResult;
import dev.heddle.v1.Document;
import dev.heddle.v1.Position;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.Replica;
import dev.heddle.v1.ReplicaRole;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;

/** The documents of a leaf, without an index: as far behind and as broken as a test wants it. */
final class ScriptedShardsGrpcService extends ShardsGrpc.ShardsImplBase
    implements DrainableService {
  /** What is to become of a write, instead of what it asks for. */
  enum Fate {
    /** Done, but the answer gets lost. */
    LOSE_ANSWER,
    /** Never answered, never done. */
    SILENCE
  }

  final List<ShardWriteRequest> writes = new CopyOnWriteArrayList<>();
  final List<ShardGetRequest> gets = new CopyOnWriteArrayList<>();
  final List<ShardScanRequest> scans = new CopyOnWriteArrayList<>();

  /** Of the next writes, in order. */
  final Queue<Fate> fates = new ConcurrentLinkedQueue<>();

  /** Entries that this replica is behind. */
  volatile long behind;

  /** Items of a write at most; more come to more than an entry of the log may hold. */
  volatile int mostItems = Integer.MAX_VALUE;

  /** Whether it answers who asks for its shards. */
  volatile boolean tells = true;

  /** Whether barriers succeed. */
  volatile boolean majority = true;

  private final String node;
  private final CatalogClient catalog;
  private final Function<String, ShardHistory> histories;
  private final List<StreamObserver<ReplicaReports>> watchers = new CopyOnWriteArrayList<>();

  ScriptedShardsGrpcService(
      String node, CatalogClient catalog, Function<String, ShardHistory> histories) {
    this.node = node;
    this.catalog = catalog;
    this.histories = histories;
  }

  private ShardHistory history(String dataset, int shard) {
    return histories.apply(dataset + "/" + shard);
  }

  private String incarnation(String dataset, int shard) {
    return catalog
        .view()
        .datasetById(dataset)
        .orElseThrow(() ->
            new HeddleException(ErrorCode.NOT_OWNER, "dataset: " + dataset + " (expected: known)"))
        .shards()
        .get(shard)
        .incarnation();
  }

  private Position position(String dataset, int shard, long index) {
    return Position.newBuilder()
        .setShard(shard)
        .setIncarnation(incarnation(dataset, shard))
        .setIndex(index)
        .build();
  }

  private long visible(ShardHistory history) {
    return Math.max(0, history.index() - behind);
  }

  @Override
  public void write(ShardWriteRequest request, StreamObserver<ShardWriteResponse> observer) {
    writes.add(request);
    var fate = fates.poll();
    if (fate == Fate.SILENCE) {
      return;
    }
    GrpcCalls.unary(
        observer,
        () -> {
          var response = written(request);
          if (fate == Fate.LOSE_ANSWER) {
            throw new HeddleException(ErrorCode.UNAVAILABLE, "the answer got lost");
          }
          return response;
        });
  }

  private ShardWriteResponse written(ShardWriteRequest request) {
    int shard = request.getShard().getShard();
    if (request.getItemsCount() > mostItems) {
      throw new HeddleException(ErrorCode.TOO_LARGE, "batch: too large");
    }
    var history = history(request.getDatasetId(), shard);
    synchronized (history) {
      String leader = history.leader();
      if (!leader.equals(node)) {
        throw leader.isEmpty()
            ? new HeddleException(
                ErrorCode.NO_MAJORITY,
                "leader of shard x: none that a majority follows (expected: one)")
            : new HeddleException(
                    ErrorCode.NOT_LEADER, "not me: somebody else (expected: the leader)")
                .withLeader(leader);
      }
      String call = request.getClientId().toStringUtf8() + "/" + request.getCallId();
      long index = history.seen(call);
      boolean again = index > 0;
      if (!again) {
        index = history.begin(call);
      }
      var response =
          ShardWriteResponse.newBuilder()
              .setPosition(position(request.getDatasetId(), shard, index));
      for (int i = 0; i < request.getItemsCount(); i++) {
        item(history, request.getItems(i), i, again, response);
      }
      return response.build();
    }
  }

  private static void item(
      ShardHistory history,
      BulkItem item,
      int place,
      boolean again,
      ShardWriteResponse.Builder response) {
    long before = history.version(item.getId(), Long.MAX_VALUE);
    if (!again && item.hasIfVersion() && item.getIfVersion() != before) {
      response.addErrors(error(item, place, ErrorCode.VERSION_CONFLICT, "version: " + before));
      return;
    }
    var json =
        switch (item.getOperationCase()) {
          case PUT_JSON -> item.getPutJson();
          case PATCH_JSON -> item.getPatchJson();
          case DELETE, OPERATION_NOT_SET -> ByteString.EMPTY;
        };
    if (json.startsWith(ByteString.copyFromUtf8("bad"))) {
      response.addErrors(error(item, place, ErrorCode.INVALID_DOCUMENT, "document: bad"));
      return;
    }
    if (!again) {
      history.write(item.getId(), json.isEmpty() ? null : json.toByteArray());
    }
    response.addResults(
        BulkResult.newBuilder()
            .setIndex(place)
            .setFound(before > 0)
            .setVersion(history.version(item.getId(), Long.MAX_VALUE)));
  }

  private static BulkError error(BulkItem item, int place, ErrorCode code, String message) {
    return BulkError.newBuilder()
        .setIndex(place)
        .setId(item.getId())
        .setCode(code.number())
        .setName(code.name())
        .setMessage(message)
        .build();
  }

  /** The index to read at. */
  private long required(ShardHistory history, String dataset, int shard, ReadRequirement read) {
    if (read.getLevel() == ReadLevel.READ_LEVEL_LINEARIZABLE) {
      if (!majority) {
        throw new HeddleException(ErrorCode.NO_MAJORITY, "read: not confirmed (expected: it)");
      }
      return history.index();
    }
    for (var position : read.getPositionsList()) {
      if (position.getShard() == shard) {
        if (!position.getIncarnation().equals(incarnation(dataset, shard))) {
          throw new HeddleException(ErrorCode.POSITION_LOST, "position: of another incarnation");
        }
        if (position.getIndex() > visible(history)) {
          throw new HeddleException(
              ErrorCode.STALE_REPLICA, "visible: " + visible(history) + " (expected: more)");
        }
      }
    }
    return visible(history);
  }

  @Override
  public void get(ShardGetRequest request, StreamObserver<ShardGetResponse> observer) {
    gets.add(request);
    GrpcCalls.unary(
        observer,
        () -> {
          int shard = request.getShard().getShard();
          var history = history(request.getDatasetId(), shard);
          long at = required(history, request.getDatasetId(), shard, request.getRead());
          var response =
              ShardGetResponse.newBuilder()
                  .setPosition(position(request.getDatasetId(), shard, at))
                  .setStalenessMicros(history.index() - at)
                  .setVersion(history.version(request.getId(), at));
          var json = history.document(request.getId(), at);
          if (json != null) {
            response.setJson(ByteString.copyFrom(json));
          }
          return response.build();
        });
  }

  @Override
  public void scan(ShardScanRequest request, StreamObserver<ShardScanResponse> observer) {
    scans.add(request);
    GrpcCalls.unary(
        observer,
        () -> {
          int shard = request.getShard().getShard();
          var history = history(request.getDatasetId(), shard);
          long at = required(history, request.getDatasetId(), shard, request.getRead());
          var response =
              ShardScanResponse.newBuilder()
                  .setPosition(position(request.getDatasetId(), shard, at))
                  .setStalenessMicros(history.index() - at);
          String id = history.next(request.getAfter(), at);
          while (id != null && response.getDocumentsCount() < request.getLimit()) {
            var json = history.document(id, at);
            response.addDocuments(
                Document.newBuilder()
                    .setId(id)
                    .setVersion(history.version(id, at))
                    .setJson(json == null ? ByteString.EMPTY : ByteString.copyFrom(json)));
            id = history.next(id, at);
          }
          return response.setMore(id != null).build();
        });
  }

  @Override
  public synchronized void watchReplicas(
      WatchReplicasRequest request, StreamObserver<ReplicaReports> observer) {
    watchers.add(observer);
    observer.onNext(reports());
  }

  /** Tells all who watch how things are now. */
  synchronized void tell() {
    var reports = reports();
    for (var watcher : watchers) {
      watcher.onNext(reports);
    }
  }

  int watchers() {
    return watchers.size();
  }

  private ReplicaReports reports() {
    var reports = ReplicaReports.newBuilder();
    for (var dataset : catalog.view().allDatasets()) {
      for (var placement : dataset.shards()) {
        if (placement.nodes().contains(node)) {
          reports.addReplicas(report(dataset.id(), placement.shard()));
        }
      }
    }
    return reports.build();
  }

  private ReplicaReport report(String dataset, int shard) {
    var history = history(dataset, shard);
    boolean leads = history.leader().equals(node);
    return ReplicaReport.newBuilder()
        .setDatasetId(dataset)
        .setShard(shard)
        .setIncarnation(incarnation(dataset, shard))
        .setLeader(history.leader())
        .setSegments(1)
        .setServiceMicros(500)
        .setReplica(
            Replica.newBuilder()
                .setNode(node)
                .setAvailable(true)
                .setRole(
                    leads ? ReplicaRole.REPLICA_ROLE_LEADER : ReplicaRole.REPLICA_ROLE_FOLLOWER)
                .setTerm(1)
                .setApplied(visible(history))
                .setVisible(visible(history))
                .setLag(behind))
        .build();
  }

  @Override
  public void await(AwaitShardsRequest request, StreamObserver<AwaitShardsResponse> observer) {
    if (!tells) {
      return;
    }
    GrpcCalls.unary(
        observer,
        () -> {
          var deadline = Deadline.after(Duration.ofSeconds(10), Ticker.system());
          var view = catalog.awaitRevision(request.getRevision(), deadline);
          var response = AwaitShardsResponse.newBuilder();
          var dataset = view.datasetById(request.getDatasetId());
          if (dataset.isPresent()) {
            for (var placement : dataset.get().shards()) {
              if (placement.nodes().contains(node)) {
                response.addReports(
                    ShardReport.newBuilder()
                        .setShard(placement.shard())
                        .setReplica(report(request.getDatasetId(), placement.shard())));
              }
            }
          }
          return response.build();
        });
  }

  @Override
  public void drain() {
    watchers.forEach(StreamObserver::onCompleted);
  }
}
