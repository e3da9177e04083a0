package dev.heddle.coordinator;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.Slots;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.scatter.ReplicaWire;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.v1.AlterDatasetRequest;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkRequest;
import dev.heddle.v1.BulkResponse;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.DeleteDocumentRequest;
import dev.heddle.v1.Document;
import dev.heddle.v1.DropDatasetRequest;
import dev.heddle.v1.DropDatasetResponse;
import dev.heddle.v1.GetDatasetRequest;
import dev.heddle.v1.GetDocumentRequest;
import dev.heddle.v1.ListDatasetsRequest;
import dev.heddle.v1.ListDatasetsResponse;
import dev.heddle.v1.PatchDocumentRequest;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.ScanRequest;
import dev.heddle.v1.ScanResponse;
import dev.heddle.v1.WriteResponse;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Datasets and their documents. Blocks, so it runs on virtual threads. */
final class DatasetsGrpcService extends DatasetsGrpc.DatasetsImplBase {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final int DEFAULT_PAGE = 100;

  private final CoordinatorConfig config;
  private final DatasetRegistry registry;
  private final ShardsGrpcClient shards;
  private final ScanGrpcClient scans;
  private final BulkGrpcService bulk;
  private final ReplicaTable table;
  private final Ticker ticker;

  DatasetsGrpcService(
      CoordinatorConfig config,
      DatasetRegistry registry,
      ShardsGrpcClient shards,
      BulkGrpcService bulk,
      ReplicaTable table,
      Ticker ticker) {
    this.config = config;
    this.registry = registry;
    this.shards = shards;
    this.scans = new ScanGrpcClient(shards, config.scanPage());
    this.bulk = bulk;
    this.table = table;
    this.ticker = ticker;
  }

  @Override
  public void create(CreateDatasetRequest request, StreamObserver<Dataset> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            described(
                registry.create(
                    tenant(),
                    request.getName(),
                    DatasetWire.schema(request.getSchema()),
                    request.getShards(),
                    request.getReplicas(),
                    deadline())));
  }

  @Override
  public void get(GetDatasetRequest request, StreamObserver<Dataset> observer) {
    GrpcCalls.unary(observer, () -> described(registry.find(tenant(), request.getName())));
  }

  @Override
  public void list(ListDatasetsRequest request, StreamObserver<ListDatasetsResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var response = ListDatasetsResponse.newBuilder();
          // As the leaves told last: to ask them all would cost a wait for each that is not well.
          for (var record : registry.list(tenant())) {
            response.addDatasets(
                DatasetWire.dataset(record, DatasetWire.documents(record, table), table));
          }
          return response.build();
        });
  }

  @Override
  public void alter(AlterDatasetRequest request, StreamObserver<Dataset> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            described(
                registry.alter(
                    tenant(),
                    request.getName(),
                    DatasetWire.fields(request.getAddFieldsList()),
                    request.hasReplicas()
                        ? OptionalInt.of(request.getReplicas())
                        : OptionalInt.empty(),
                    request.hasDynamic() ? Optional.of(request.getDynamic()) : Optional.empty(),
                    deadline())));
  }

  private Dataset described(DatasetRecord record) throws InterruptedException {
    long timeout = Math.min(deadline().remainingNanos(ticker), Duration.ofSeconds(2).toNanos());
    return DatasetWire.dataset(record, shards.documents(record, 0, false, timeout), table);
  }

  @Override
  public void drop(DropDatasetRequest request, StreamObserver<DropDatasetResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          registry.drop(tenant(), request.getName(), deadline());
          return DropDatasetResponse.getDefaultInstance();
        });
  }

  @Override
  public void putDocument(PutDocumentRequest request, StreamObserver<WriteResponse> observer) {
    var item = BulkItem.newBuilder().setId(request.getId()).setPutJson(request.getJson());
    if (request.hasIfVersion()) {
      item.setIfVersion(request.getIfVersion());
    }
    GrpcCalls.unary(observer, () -> write(request.getDataset(), item.build()));
  }

  @Override
  public void patchDocument(PatchDocumentRequest request, StreamObserver<WriteResponse> observer) {
    var item = BulkItem.newBuilder().setId(request.getId()).setPatchJson(request.getPatchJson());
    if (request.hasIfVersion()) {
      item.setIfVersion(request.getIfVersion());
    }
    GrpcCalls.unary(observer, () -> write(request.getDataset(), item.build()));
  }

  @Override
  public void deleteDocument(
      DeleteDocumentRequest request, StreamObserver<WriteResponse> observer) {
    var item = BulkItem.newBuilder().setId(request.getId()).setDelete(true);
    if (request.hasIfVersion()) {
      item.setIfVersion(request.getIfVersion());
    }
    GrpcCalls.unary(observer, () -> write(request.getDataset(), item.build()));
  }

  private WriteResponse write(String name, BulkItem item) throws InterruptedException {
    var token = token();
    var dataset = registry.find(tenant(), name);
    int shard =
        Slots.shard(ItemWire.checked(item, config.maxDocument()).getId(), dataset.shards().size());
    var written = taken(shards.write(dataset, shard, List.of(item), deadline()));
    var seen = token.with(dataset, List.of(ReplicaWire.position(written.getPosition()))).toString();
    if (written.getErrorsCount() > 0) {
      throw ItemWire.failure(written.getErrors(0)).withPosition(seen);
    }
    var response =
        WriteResponse.newBuilder().setPosition(written.getPosition()).setPositionToken(seen);
    if (written.getResultsCount() > 0) {
      response
          .setFound(written.getResults(0).getFound())
          .setVersion(written.getResults(0).getVersion());
    }
    return response.build();
  }

  @Override
  public void getDocument(GetDocumentRequest request, StreamObserver<Document> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var token = token();
          var dataset = registry.find(tenant(), request.getDataset());
          var reading = reading(request.getRead(), token, dataset);
          int shard = Slots.shard(checkedId(request.getId()), dataset.shards().size());
          var found = taken(shards.get(dataset, shard, request.getId(), reading, deadline()));
          var seen =
              token.with(dataset, List.of(ReplicaWire.position(found.getPosition()))).toString();
          if (!found.hasJson()) {
            throw new HeddleException(
                    ErrorCode.NOT_FOUND,
                    "document: " + request.getId() + " (expected: an existing id)")
                .withPosition(seen);
          }
          return Document.newBuilder()
              .setId(request.getId())
              .setJson(found.getJson())
              .setVersion(found.getVersion())
              .setStalenessMicros(found.getStalenessMicros())
              .setPositionToken(seen)
              .build();
        });
  }

  @Override
  public void scan(ScanRequest request, StreamObserver<ScanResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var token = token();
          var dataset = registry.find(tenant(), request.getDataset());
          int limit = request.getLimit() == 0 ? DEFAULT_PAGE : request.getLimit();
          if (limit < 1 || limit > ScanGrpcClient.MOST_DOCUMENTS) {
            throw new HeddleException(
                ErrorCode.OUT_OF_RANGE,
                "limit: "
                    + Integer.toUnsignedString(limit)
                    + " (expected: 1.."
                    + ScanGrpcClient.MOST_DOCUMENTS
                    + ")");
          }
          if (!request.getAfter().isEmpty()) {
            checkedId(request.getAfter());
          }
          var reading = reading(request.getRead(), token, dataset);
          return scans.scan(dataset, request.getAfter(), limit, reading, token, deadline());
        });
  }

  /** Documents are read linearizably unless the caller asks for less. */
  private static Reading reading(ReadLevel level, PositionToken token, DatasetRecord dataset) {
    return Reading.of(ReplicaWire.level(level, Reading.Level.LINEARIZABLE), token, dataset);
  }

  private static <T> T taken(CompletableFuture<T> answer) throws InterruptedException {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  @Override
  public StreamObserver<BulkRequest> bulk(StreamObserver<BulkResponse> observer) {
    return bulk.open(tenant(), token(), (ServerCallStreamObserver<BulkResponse>) observer);
  }

  private String checkedId(String id) {
    return ItemWire.checked(
            BulkItem.newBuilder().setId(id).setDelete(true).build(), config.maxDocument())
        .getId();
  }

  private static PositionToken token() {
    return PositionToken.parse(RequestContext.current().position());
  }

  private static String tenant() {
    return RequestContext.current().tenant();
  }

  private Deadline deadline() {
    return Deadline.ofGrpc(Context.current().getDeadline(), DEFAULT_TIMEOUT, ticker);
  }
}
