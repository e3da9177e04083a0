package dev.heddle.leaf;

import com.google.protobuf.ByteString;
import dev.heddle.internal.v1.AwaitShardsRequest;
import dev.heddle.internal.v1.AwaitShardsResponse;
import dev.heddle.internal.v1.ShardGetRequest;
import dev.heddle.internal.v1.ShardGetResponse;
import dev.heddle.internal.v1.ShardScanRequest;
import dev.heddle.internal.v1.ShardScanResponse;
import dev.heddle.internal.v1.ShardWriteRequest;
import dev.heddle.internal.v1.ShardWriteResponse;
import dev.heddle.internal.v1.ShardsGrpc;
import dev.heddle.internal.v1.WatchReplicasRequest;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.shard.DocumentPage;
import dev.heddle.shard.Operation;
import dev.heddle.shard.ReadLevel;
import dev.heddle.shard.RequestId;
import dev.heddle.shard.ShardStore;
import dev.heddle.v1.BulkError;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkResult;
import dev.heddle.v1.Document;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.UUID;

/**
 * Writes and reads of documents of this leaf's shards, and what its replicas are like. Writes and
 * reads block, so it runs on virtual threads; watches block nobody.
 */
final class ShardsGrpcService extends ShardsGrpc.ShardsImplBase {
  private static final Duration LONGEST = Duration.ofMinutes(1);
  private static final int MOST_SCANNED = 1_000;

  /** A page ends early once it has so many bytes. */
  private static final int MOST_SCANNED_BYTES = 2 << 20;

  private final String node;
  private final ShardStore store;
  private final ReplicaReports reports;
  private final ReadWaits waits;
  private final Ticker ticker;

  ShardsGrpcService(String node, ShardStore store, ReplicaReports reports, Ticker ticker) {
    this.node = node;
    this.store = store;
    this.reports = reports;
    this.waits = new ReadWaits(store, ticker);
    this.ticker = ticker;
  }

  @Override
  public void write(ShardWriteRequest request, StreamObserver<ShardWriteResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          int shard = request.getShard().getShard();
          var operations =
              request.getItemsList().stream().map(ShardsGrpcService::operation).toList();
          var result =
              store.write(
                  request.getDatasetId(), shard, requestId(request), operations, deadline());
          var response =
              ShardWriteResponse.newBuilder()
                  .setPosition(LeafWire.position(shard, result.incarnation(), result.index()));
          for (var done : result.results()) {
            response.addResults(
                BulkResult.newBuilder()
                    .setIndex(done.index())
                    .setVersion(done.version())
                    .setFound(done.found()));
          }
          for (var error : result.errors()) {
            response.addErrors(
                BulkError.newBuilder()
                    .setIndex(error.index())
                    .setId(error.id())
                    .setCode(error.code().number())
                    .setName(error.code().name())
                    .setMessage(error.message()));
          }
          return response.build();
        });
  }

  private static RequestId requestId(ShardWriteRequest request) {
    ByteString client = request.getClientId();
    if (client.size() != 2 * Long.BYTES) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "client_id: " + client.size() + " bytes (expected: " + 2 * Long.BYTES + ")");
    }
    ByteBuffer bytes = client.asReadOnlyByteBuffer();
    return new RequestId(new UUID(bytes.getLong(), bytes.getLong()), request.getCallId());
  }

  @Override
  public void get(ShardGetRequest request, StreamObserver<ShardGetResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          int shard = request.getShard().getShard();
          var wanted = LeafWire.read(request.getRead());
          long waited = waits.await(request.getDatasetId(), shard, wanted, false, deadline());
          var read = store.get(request.getDatasetId(), shard, request.getId());
          ReadWaits.check(shard, waited, read.index());
          var response =
              ShardGetResponse.newBuilder()
                  .setPosition(LeafWire.position(shard, read.incarnation(), read.index()))
                  .setStalenessMicros(staleness(wanted, read.stalenessMicros()));
          read.document()
              .ifPresent(document ->
                  response.setJson(LeafWire.bytes(document.json())).setVersion(document.version()));
          return response.build();
        });
  }

  @Override
  public void scan(ShardScanRequest request, StreamObserver<ShardScanResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          int shard = request.getShard().getShard();
          if (request.getLimit() < 1 || request.getLimit() > MOST_SCANNED) {
            throw new HeddleException(
                ErrorCode.OUT_OF_RANGE,
                "limit: " + request.getLimit() + " (expected: 1.." + MOST_SCANNED + ")");
          }
          var wanted = LeafWire.read(request.getRead());
          long waited = waits.await(request.getDatasetId(), shard, wanted, true, deadline());
          var page =
              store.scan(request.getDatasetId(), shard, request.getAfter(), request.getLimit());
          ReadWaits.check(shard, waited, page.index());
          return page(shard, wanted, page);
        });
  }

  /** Nothing was acknowledged before a linearizable read that it does not have. */
  private static long staleness(ReadWaits.Requirement wanted, long micros) {
    return wanted.level() == ReadLevel.LINEARIZABLE ? 0 : micros;
  }

  private static ShardScanResponse page(
      int shard, ReadWaits.Requirement wanted, DocumentPage page) {
    var response =
        ShardScanResponse.newBuilder()
            .setPosition(LeafWire.position(shard, page.incarnation(), page.index()))
            .setStalenessMicros(staleness(wanted, page.stalenessMicros()));
    long bytes = 0;
    for (var entry : page.documents()) {
      if (bytes > MOST_SCANNED_BYTES) {
        return response.setMore(true).build();
      }
      byte[] json = entry.document().json();
      bytes += json.length;
      response.addDocuments(
          Document.newBuilder()
              .setId(entry.id())
              .setJson(LeafWire.bytes(json))
              .setVersion(entry.document().version()));
    }
    return response.setMore(page.more()).build();
  }

  @Override
  public void await(AwaitShardsRequest request, StreamObserver<AwaitShardsResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          store.awaitShards(request.getDatasetId(), request.getRevision(), deadline());
          var response = AwaitShardsResponse.newBuilder();
          for (var status : store.status()) {
            if (status.datasetId().equals(request.getDatasetId())) {
              response.addReports(
                  LeafWire.report(status).toBuilder()
                      .setReplica(LeafWire.report(node, status, reports)));
            }
          }
          return response.build();
        });
  }

  @Override
  public void watchReplicas(
      WatchReplicasRequest request,
      StreamObserver<dev.heddle.internal.v1.ReplicaReports> observer) {
    var watch =
        new ReplicaWatchWire(
            node,
            reports,
            Duration.ofMillis(Math.max(0, request.getIntervalMillis())),
            ticker,
            (ServerCallStreamObserver<dev.heddle.internal.v1.ReplicaReports>) observer);
    watch.open();
  }

  private Deadline deadline() {
    return Deadline.ofGrpc(Context.current().getDeadline(), LONGEST, ticker);
  }

  private static Operation operation(BulkItem item) {
    OptionalLong version =
        item.hasIfVersion() ? OptionalLong.of(item.getIfVersion()) : OptionalLong.empty();
    return switch (item.getOperationCase()) {
      case PUT_JSON -> new Operation.Put(item.getId(), item.getPutJson().toByteArray(), version);
      case PATCH_JSON ->
          new Operation.Patch(item.getId(), item.getPatchJson().toByteArray(), version);
      case DELETE -> new Operation.Delete(item.getId(), version);
      case OPERATION_NOT_SET ->
          throw new HeddleException(
              ErrorCode.INVALID_REQUEST,
              "item " + item.getId() + ": no operation (expected: put, patch or delete)");
    };
  }
}
