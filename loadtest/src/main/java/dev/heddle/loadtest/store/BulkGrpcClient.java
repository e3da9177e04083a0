package dev.heddle.loadtest.store;

import com.google.protobuf.ByteString;
import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.sample.search.Corpus;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkRequest;
import dev.heddle.v1.BulkResponse;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.DropDatasetRequest;
import dev.heddle.v1.Field;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.Schema;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Makes datasets of a corpus' schema and loads documents into them. For one thread. */
public final class BulkGrpcClient {
  private static final int DOCUMENTS = 1_000;
  private static final int BYTES = 2 << 20;
  private static final int WINDOW = 3;
  private static final Duration CALL = Duration.ofSeconds(60);
  private static final Duration LOAD = Duration.ofMinutes(15);

  private final Channel channel;

  public BulkGrpcClient(Channels channels, HostPort coordinator) {
    this.channel = channels.to(coordinator.toString());
  }

  /**
   * @param schemaJson as {@code POST /v1/datasets} takes it
   */
  public void create(String dataset, String schemaJson, int shards, int replicas) {
    var request =
        CreateDatasetRequest.newBuilder()
            .setName(dataset)
            .setSchema(schema(JsonMapper.shared().readTree(schemaJson)))
            .setShards(shards)
            .setReplicas(replicas)
            .build();
    try {
      var _ = timed().create(request);
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  private static Schema schema(JsonNode json) {
    var schema = Schema.newBuilder();
    for (var field : json.path("fields")) {
      schema.addFields(
          Field.newBuilder()
              .setName(field.path("name").asString())
              .setType(type(field.path("type").asString()))
              .setAnalyzer(field.path("analyzer").asString(""))
              .setWeight(field.path("weight").asDouble(0))
              .setMulti(field.path("multi").asBoolean(false)));
    }
    var rank = json.path("rank");
    return schema
        .setRankField(rank.path("field").asString(""))
        .setRankWeight(rank.path("weight").asDouble(0))
        .build();
  }

  /** As the names stand in JSON. */
  private static FieldType type(String name) {
    var words = name.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT);
    return FieldType.valueOf("FIELD_TYPE_" + words);
  }

  public void drop(String dataset) {
    try {
      var _ = timed().drop(DropDatasetRequest.newBuilder().setName(dataset).build());
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  private DatasetsGrpc.DatasetsBlockingStub timed() {
    return DatasetsGrpc.newBlockingStub(channel)
        .withDeadlineAfter(CALL.toNanos(), TimeUnit.NANOSECONDS);
  }

  /**
   * Loads all documents; returns when all are durable.
   *
   * @throws HeddleException if one is not
   */
  public void load(String dataset, List<Corpus.Document> documents) throws InterruptedException {
    var answers = new Answers();
    var requests = DatasetsGrpc.newStub(channel).bulk(answers);
    var batch = BulkRequest.newBuilder().setDataset(dataset);
    int bytes = 0;
    for (var document : documents) {
      batch.addItems(
          BulkItem.newBuilder()
              .setId(document.id())
              .setPutJson(ByteString.copyFrom(document.json())));
      bytes += document.json().length;
      if (batch.getItemsCount() >= DOCUMENTS || bytes >= BYTES) {
        answers.window.acquire();
        requests.onNext(batch.build());
        batch = BulkRequest.newBuilder().setDataset(dataset);
        bytes = 0;
      }
    }
    if (batch.getItemsCount() > 0) {
      requests.onNext(batch.build());
    }
    requests.onCompleted();
    answers.await(documents.size());
  }

  /** What comes back. */
  private static final class Answers implements StreamObserver<BulkResponse> {
    final Semaphore window = new Semaphore(WINDOW);
    private final AtomicLong written = new AtomicLong();
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    @Override
    public void onNext(BulkResponse response) {
      written.addAndGet(response.getWritten());
      window.release();
    }

    @Override
    public void onError(Throwable failure) {
      end.completeExceptionally(failure);
      // Whoever waits for room is not to wait for ever.
      window.release(WINDOW);
    }

    @Override
    public void onCompleted() {
      end.complete(null);
    }

    void await(int expected) throws InterruptedException {
      try {
        end.get(LOAD.toNanos(), TimeUnit.NANOSECONDS);
      } catch (ExecutionException | TimeoutException e) {
        throw GrpcErrors.fromStatus(e);
      }
      if (written.get() != expected) {
        throw new HeddleException(
            ErrorCode.INTERNAL, "bulk: " + written + " written (expected: " + expected + ")");
      }
    }
  }
}
