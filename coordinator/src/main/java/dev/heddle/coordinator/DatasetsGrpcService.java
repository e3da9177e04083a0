package dev.heddle.coordinator;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Slots;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
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
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.WriteResponse;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** Datasets and their documents. Blocks, so it runs on virtual threads. */
final class DatasetsGrpcService extends DatasetsGrpc.DatasetsImplBase {
  private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(30);

  private final CoordinatorConfig config;
  private final DatasetRegistry registry;
  private final ShardsGrpcClient shards;
  private final BulkGrpcService bulk;
  private final Ticker ticker;

  DatasetsGrpcService(
      CoordinatorConfig config,
      DatasetRegistry registry,
      ShardsGrpcClient shards,
      BulkGrpcService bulk,
      Ticker ticker) {
    this.config = config;
    this.registry = registry;
    this.shards = shards;
    this.bulk = bulk;
    this.ticker = ticker;
  }

  @Override
  public void create(CreateDatasetRequest request, StreamObserver<Dataset> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var created =
              registry.create(
                  tenant(),
                  request.getName(),
                  DatasetWire.schema(request.getSchema()),
                  request.getShards(),
                  deadline());
          return DatasetWire.dataset(
              created, shards.documents(created, 0, true, deadline().remainingNanos(ticker)));
        });
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
          for (var record : registry.list(tenant())) {
            response.addDatasets(described(record));
          }
          return response.build();
        });
  }

  private Dataset described(DatasetRecord record) throws InterruptedException {
    long timeout = Math.min(deadline().remainingNanos(ticker), Duration.ofSeconds(2).toNanos());
    return DatasetWire.dataset(record, shards.documents(record, 0, false, timeout));
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
    GrpcCalls.unary(
        observer,
        () -> {
          if (request.getJson().size() > config.maxDocument().bytes()) {
            throw new HeddleException(
                ErrorCode.TOO_LARGE,
                "document "
                    + request.getId()
                    + ": "
                    + request.getJson().size()
                    + " bytes (expected: at most "
                    + config.maxDocument()
                    + ")");
          }
          var item = BulkItem.newBuilder().setId(request.getId()).setJson(request.getJson());
          return write(request.getDataset(), item.build());
        });
  }

  @Override
  public void deleteDocument(
      DeleteDocumentRequest request, StreamObserver<WriteResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> write(request.getDataset(), BulkItem.newBuilder().setId(request.getId()).build()));
  }

  private WriteResponse write(String name, BulkItem item) throws InterruptedException {
    var dataset = registry.find(tenant(), name);
    int shard = Slots.shard(checkedId(item.getId()), dataset.shards().size());
    try {
      var response =
          shards.write(dataset, shard, List.of(item), deadline().remainingNanos(ticker)).get();
      if (response.getErrorsCount() > 0) {
        var error = response.getErrors(0);
        throw new HeddleException(
            ErrorCode.of(error.getCode()).orElse(ErrorCode.INTERNAL), error.getMessage());
      }
      return WriteResponse.newBuilder()
          .setPosition(response.getPosition())
          .setFound(response.getDeleted() > 0)
          .build();
    } catch (ExecutionException e) {
      throw GrpcErrors.fromStatus(e.getCause() == null ? e : e.getCause());
    }
  }

  @Override
  public void getDocument(GetDocumentRequest request, StreamObserver<Document> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var dataset = registry.find(tenant(), request.getDataset());
          int shard = Slots.shard(checkedId(request.getId()), dataset.shards().size());
          ByteString json = get(dataset, shard, request.getId());
          return Document.newBuilder().setId(request.getId()).setJson(json).build();
        });
  }

  private ByteString get(DatasetRecord dataset, int shard, String id) {
    try {
      return shards
          .get(dataset, shard, id, deadline().remainingNanos(ticker))
          .orElseThrow(() ->
              new HeddleException(
                  ErrorCode.NOT_FOUND, "document: " + id + " (expected: an existing id)"));
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  @Override
  public StreamObserver<BulkRequest> bulk(StreamObserver<BulkResponse> observer) {
    return bulk.open(tenant(), (ServerCallStreamObserver<BulkResponse>) observer);
  }

  private static String checkedId(String id) {
    if (id.isEmpty() || id.length() > 512) {
      throw new HeddleException(
          ErrorCode.INVALID_DOCUMENT, "id: " + id.length() + " characters (expected: 1..512)");
    }
    return id;
  }

  private static String tenant() {
    return RequestContext.current().tenant();
  }

  private Deadline deadline() {
    return Deadline.ofGrpc(Context.current().getDeadline(), WRITE_TIMEOUT, ticker);
  }
}
