package dev.heddle.gateway;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.Schema;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.v1.AlterDatasetRequest;
import dev.heddle.v1.BulkError;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkRequest;
import dev.heddle.v1.BulkResponse;
import dev.heddle.v1.BulkResult;
import dev.heddle.v1.ClusterGrpc;
import dev.heddle.v1.ClusterStatus;
import dev.heddle.v1.ClusterStatusRequest;
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
import dev.heddle.v1.NodeStatus;
import dev.heddle.v1.PatchDocumentRequest;
import dev.heddle.v1.Position;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.Replica;
import dev.heddle.v1.ReplicaRole;
import dev.heddle.v1.ScanRequest;
import dev.heddle.v1.ScanResponse;
import dev.heddle.v1.ShardPlacement;
import dev.heddle.v1.WriteResponse;
import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import java.time.Instant;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Datasets of one shard that remember what they were asked: documents with versions, positions, and
 * streams that can be held up or broken. All datasets share the documents.
 */
public final class FakeDatasets extends DatasetsGrpc.DatasetsImplBase {
  /** A document. */
  public record Stored(long version, ByteString json) {}

  public final ConcurrentSkipListMap<String, Stored> documents = new ConcurrentSkipListMap<>();
  public final Queue<AlterDatasetRequest> alterations = new ConcurrentLinkedQueue<>();
  public final Queue<BulkItem> patches = new ConcurrentLinkedQueue<>();
  public final Queue<ReadLevel> reads = new ConcurrentLinkedQueue<>();

  /** The position tokens of requests, as they came. */
  public final Queue<String> tokens = new ConcurrentLinkedQueue<>();

  /** Bulk items that arrived, and messages that had items. */
  public final AtomicInteger bulkItems = new AtomicInteger();

  public final AtomicInteger bulkBatches = new AtomicInteger();

  /** Bulk streams that their client gave up. */
  public final AtomicInteger bulkCancelled = new AtomicInteger();

  /** Answers to items of bulk streams on dataset `held` take a permit each. */
  public final Semaphore permits = new Semaphore(0);

  /** Another one: positions of before are lost. */
  public volatile String incarnation = "i1";

  private final AtomicLong index = new AtomicLong();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /** Throws for the datasets that are not there, or not willing. */
  static void check(String name) {
    if (name.equals("unknown")) {
      throw new HeddleException(
          ErrorCode.UNKNOWN_DATASET, "dataset: unknown (expected: an existing dataset)");
    }
    if (name.equals("busy")) {
      throw new HeddleException(ErrorCode.OVERLOADED, "queries: too many (expected: fewer)");
    }
  }

  /** The dataset's entry in a catalog that agrees with this. */
  public DatasetRecord record(String name) {
    var shard = new dev.heddle.catalog.ShardPlacement(0, 1, incarnation, List.of("leaf1"));
    return new DatasetRecord(
        RequestContext.current().tenant(),
        name,
        "d1",
        Schema.of(List.of(Field.of("title", FieldType.TEXT, false))),
        1,
        1,
        List.of(shard),
        Instant.EPOCH);
  }

  /** The log's end. */
  public long index() {
    return index.get();
  }

  private String token(String dataset, long at) {
    String brought = RequestContext.current().position();
    return PositionToken.parse(brought).with(record(dataset), 0, incarnation, at).toString();
  }

  /** The reply's token of a read, or POSITION_LOST. */
  String readToken(String dataset, ReadLevel level) {
    String brought = RequestContext.current().position();
    tokens.add(brought);
    reads.add(level);
    if (level == ReadLevel.READ_LEVEL_SESSION) {
      PositionToken.parse(brought).of(record(dataset));
    }
    return token(dataset, index.get());
  }

  @Override
  public void list(ListDatasetsRequest request, StreamObserver<ListDatasetsResponse> observer) {
    GrpcCalls.unary(
        observer, () -> ListDatasetsResponse.newBuilder().addDatasets(dataset("dbpedia")).build());
  }

  @Override
  public void create(CreateDatasetRequest request, StreamObserver<Dataset> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            dataset(request.getName()).toBuilder()
                .setSchema(request.getSchema())
                .setReplicas(request.getReplicas())
                .build());
  }

  @Override
  public void alter(AlterDatasetRequest request, StreamObserver<Dataset> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          check(request.getName());
          alterations.add(request);
          return dataset(request.getName()).toBuilder().setSchemaVersion(2).build();
        });
  }

  @Override
  public void get(GetDatasetRequest request, StreamObserver<Dataset> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          check(request.getName());
          return dataset(request.getName());
        });
  }

  @Override
  public void drop(DropDatasetRequest request, StreamObserver<DropDatasetResponse> observer) {
    GrpcCalls.unary(observer, DropDatasetResponse::getDefaultInstance);
  }

  @Override
  public void putDocument(PutDocumentRequest request, StreamObserver<WriteResponse> observer) {
    var item = BulkItem.newBuilder().setId(request.getId()).setPutJson(request.getJson());
    if (request.hasIfVersion()) {
      item.setIfVersion(request.getIfVersion());
    }
    write(request.getDataset(), item.build(), observer);
  }

  @Override
  public void patchDocument(PatchDocumentRequest request, StreamObserver<WriteResponse> observer) {
    var item = BulkItem.newBuilder().setId(request.getId()).setPatchJson(request.getPatchJson());
    if (request.hasIfVersion()) {
      item.setIfVersion(request.getIfVersion());
    }
    write(request.getDataset(), item.build(), observer);
  }

  @Override
  public void deleteDocument(
      DeleteDocumentRequest request, StreamObserver<WriteResponse> observer) {
    var item = BulkItem.newBuilder().setId(request.getId()).setDelete(true);
    if (request.hasIfVersion()) {
      item.setIfVersion(request.getIfVersion());
    }
    write(request.getDataset(), item.build(), observer);
  }

  private void write(String dataset, BulkItem item, StreamObserver<WriteResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          check(dataset);
          tokens.add(RequestContext.current().position());
          BulkResult result;
          try {
            result = apply(item);
          } catch (HeddleException e) {
            throw e.withPosition(token(dataset, index.get()));
          }
          long at = result.getVersion() > 0 ? result.getVersion() : index.get();
          return WriteResponse.newBuilder()
              .setPosition(
                  Position.newBuilder().setShard(0).setIncarnation(incarnation).setIndex(at))
              .setFound(result.getFound())
              .setVersion(result.getVersion())
              .setPositionToken(token(dataset, at))
              .build();
        });
  }

  /** A patch takes the document's place: this is no place to test RFC 7396. */
  private synchronized BulkResult apply(BulkItem item) {
    if (item.getId().startsWith("refused")) {
      throw new HeddleException(ErrorCode.TYPE_MISMATCH, "field year: x (expected: long)");
    }
    Stored before = documents.get(item.getId());
    long version = before == null ? 0 : before.version();
    if (item.hasIfVersion() && item.getIfVersion() != version) {
      throw new HeddleException(
          ErrorCode.VERSION_CONFLICT,
          "document "
              + item.getId()
              + ": version "
              + version
              + " (expected: "
              + item.getIfVersion()
              + ")");
    }
    long next = index.incrementAndGet();
    var result = BulkResult.newBuilder().setFound(before != null);
    return switch (item.getOperationCase()) {
      case PUT_JSON -> {
        documents.put(item.getId(), new Stored(next, item.getPutJson()));
        yield result.setVersion(next).build();
      }
      case PATCH_JSON -> {
        if (before == null) {
          throw new HeddleException(ErrorCode.NOT_FOUND, "document: " + item.getId());
        }
        patches.add(item);
        documents.put(item.getId(), new Stored(next, item.getPatchJson()));
        yield result.setVersion(next).build();
      }
      case DELETE -> {
        documents.remove(item.getId());
        yield result.build();
      }
      case OPERATION_NOT_SET ->
          throw new HeddleException(ErrorCode.INVALID_REQUEST, "operation: none");
    };
  }

  @Override
  public void getDocument(GetDocumentRequest request, StreamObserver<Document> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          check(request.getDataset());
          String token = readToken(request.getDataset(), request.getRead());
          Stored stored = documents.get(request.getId());
          if (stored == null) {
            throw new HeddleException(ErrorCode.NOT_FOUND, "document: " + request.getId())
                .withPosition(token);
          }
          return document(request.getId(), stored).toBuilder()
              .setPositionToken(token)
              .setStalenessMicros(77)
              .build();
        });
  }

  private static Document document(String id, Stored stored) {
    return Document.newBuilder()
        .setId(id)
        .setJson(stored.json())
        .setVersion(stored.version())
        .build();
  }

  @Override
  public void scan(ScanRequest request, StreamObserver<ScanResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          check(request.getDataset());
          int limit = request.getLimit() == 0 ? 100 : request.getLimit();
          var page =
              ScanResponse.newBuilder()
                  .setPositionToken(readToken(request.getDataset(), request.getRead()))
                  .setStalenessMicros(5);
          var rest = documents.tailMap(request.getAfter(), false);
          rest.forEach((id, stored) -> {
            if (page.getDocumentsCount() < limit) {
              page.addDocuments(document(id, stored));
            }
          });
          return page.setMore(rest.size() > limit).build();
        });
  }

  @Override
  public StreamObserver<BulkRequest> bulk(StreamObserver<BulkResponse> observer) {
    return new BulkStream(observer);
  }

  /** One stream; answers one message after the other, and reads on meanwhile. */
  private final class BulkStream implements StreamObserver<BulkRequest> {
    private final StreamObserver<BulkResponse> observer;
    private final RequestContext context = RequestContext.current();
    private CompletableFuture<?> answered = CompletableFuture.completedFuture(null);
    private String dataset = "";
    private volatile boolean failed;

    BulkStream(StreamObserver<BulkResponse> observer) {
      this.observer = observer;
    }

    @Override
    public void onNext(BulkRequest request) {
      if (dataset.isEmpty()) {
        dataset = request.getDataset();
        tokens.add(context.position());
      }
      if (request.getItemsCount() > 0) {
        bulkItems.addAndGet(request.getItemsCount());
        bulkBatches.incrementAndGet();
      }
      answered =
          answered.thenRunAsync(
              () -> context.asContext().run(() -> answer(request, observer)), threads);
    }

    private void answer(BulkRequest request, StreamObserver<BulkResponse> to) {
      if (failed) {
        return;
      }
      try {
        check(dataset);
        if (dataset.equals("held") && request.getItemsCount() > 0) {
          permits.acquire();
        }
        if (request.getItemsList().stream().anyMatch(item -> item.getId().equals("break"))) {
          throw new HeddleException(ErrorCode.NO_MAJORITY, "shard 0: no majority");
        }
        to.onNext(answer(request));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (RuntimeException e) {
        failed = true;
        to.onError(GrpcErrors.toStatus(e));
      }
    }

    private BulkResponse answer(BulkRequest request) {
      var response = BulkResponse.newBuilder();
      for (int i = 0; i < request.getItemsCount(); i++) {
        BulkItem item = request.getItems(i);
        try {
          response.addResults(apply(item).toBuilder().setIndex(i));
        } catch (HeddleException e) {
          response.addErrors(
              BulkError.newBuilder()
                  .setIndex(i)
                  .setId(item.getId())
                  .setCode(e.code().number())
                  .setName(e.code().name())
                  .setMessage(String.valueOf(e.getMessage())));
        }
      }
      return response
          .setWritten(response.getResultsCount())
          .setPositionToken(token(dataset, index.get()))
          .build();
    }

    @Override
    public void onError(Throwable cause) {
      failed = true;
      bulkCancelled.incrementAndGet();
    }

    @Override
    public void onCompleted() {
      answered =
          answered.thenRun(() -> {
            if (!failed) {
              observer.onCompleted();
            }
          });
    }
  }

  private static Dataset dataset(String name) {
    return Dataset.newBuilder()
        .setName(name)
        .setId("d1")
        .setDocuments(12)
        .setReplicas(3)
        .setSchemaVersion(1)
        .addShards(
            ShardPlacement.newBuilder()
                .setGeneration(4)
                .addAllNodes(List.of("leaf1", "leaf2"))
                .addJoining("leaf3")
                .addLeaving("leaf2")
                .setAvailable(true)
                .addReplicas(
                    Replica.newBuilder()
                        .setNode("leaf1")
                        .setRole(ReplicaRole.REPLICA_ROLE_LEADER)
                        .setAvailable(true)
                        .setTerm(2)
                        .setApplied(40)
                        .setVisible(39)
                        .setDocuments(12))
                .addReplicas(
                    Replica.newBuilder()
                        .setNode("leaf3")
                        .setRole(ReplicaRole.REPLICA_ROLE_JOINING)
                        .setReason("fetches a snapshot")
                        .setLag(7)
                        .setProgress(0.5)))
        .build();
  }

  BindableService cluster() {
    return new ClusterGrpc.ClusterImplBase() {
      @Override
      public void status(ClusterStatusRequest request, StreamObserver<ClusterStatus> observer) {
        GrpcCalls.unary(
            observer,
            () ->
                ClusterStatus.newBuilder()
                    .setClusterId("c1")
                    .addNodes(
                        NodeStatus.newBuilder()
                            .setNode("leaf1")
                            .addRoles("leaf")
                            .setInternal("127.0.0.1:7001")
                            .setReplication("127.0.0.1:7002"))
                    .addDatasets(dataset("dbpedia"))
                    .addCatalogVoters("leaf1")
                    .setCatalogLeader("leaf1")
                    .setCatalogRevision(9)
                    .build());
      }
    };
  }
}
