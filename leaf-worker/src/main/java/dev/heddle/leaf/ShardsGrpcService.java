package dev.heddle.leaf;

import dev.heddle.internal.v1.AwaitShardsRequest;
import dev.heddle.internal.v1.AwaitShardsResponse;
import dev.heddle.internal.v1.ShardGetRequest;
import dev.heddle.internal.v1.ShardGetResponse;
import dev.heddle.internal.v1.ShardWriteRequest;
import dev.heddle.internal.v1.ShardWriteResponse;
import dev.heddle.internal.v1.ShardsGrpc;
import dev.heddle.process.Deadline;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.Ticker;
import dev.heddle.shard.Operation;
import dev.heddle.shard.ShardStore;
import dev.heddle.v1.BulkError;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.Position;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.time.Duration;

/**
 * Writes and single-document reads of this leaf's shards; blocks, so it runs on virtual threads.
 */
final class ShardsGrpcService extends ShardsGrpc.ShardsImplBase {
  private static final Duration LONGEST = Duration.ofMinutes(1);

  private final ShardStore store;
  private final Ticker ticker;

  ShardsGrpcService(ShardStore store, Ticker ticker) {
    this.store = store;
    this.ticker = ticker;
  }

  @Override
  public void write(ShardWriteRequest request, StreamObserver<ShardWriteResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var shard = request.getShard();
          var operations =
              request.getItemsList().stream().map(ShardsGrpcService::operation).toList();
          var result =
              store.write(
                  request.getDatasetId(),
                  shard.getShard(),
                  shard.getGeneration(),
                  operations,
                  deadline());
          var response =
              ShardWriteResponse.newBuilder()
                  .setPosition(
                      Position.newBuilder()
                          .setShard(shard.getShard())
                          .setIncarnation(result.incarnation())
                          .setIndex(result.index()))
                  .setDeleted(result.deleted());
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

  @Override
  public void get(ShardGetRequest request, StreamObserver<ShardGetResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var shard = request.getShard();
          var json =
              store.get(
                  request.getDatasetId(), shard.getShard(), shard.getGeneration(), request.getId());
          var response = ShardGetResponse.newBuilder();
          json.map(LeafWire::bytes).ifPresent(response::setJson);
          return response.build();
        });
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
              response.addReports(LeafWire.report(status));
            }
          }
          return response.build();
        });
  }

  private Deadline deadline() {
    return Deadline.ofGrpc(Context.current().getDeadline(), LONGEST, ticker);
  }

  private static Operation operation(BulkItem item) {
    return item.hasJson()
        ? new Operation.Put(item.getId(), item.getJson().toByteArray())
        : new Operation.Delete(item.getId());
  }
}
