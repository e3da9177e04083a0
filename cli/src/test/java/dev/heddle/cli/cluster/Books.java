package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.within;

import com.google.protobuf.ByteString;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkRequest;
import dev.heddle.v1.BulkResponse;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.Field;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.Schema;
import io.grpc.Channel;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Made-up books with Zipf-distributed words, the same for the same seed. */
final class Books {
  private static final List<String> GENRES = List.of("novel", "poetry", "essay", "drama");

  private final Random random;
  private final List<String> words = new ArrayList<>();

  Books(long seed) {
    this.random = new Random(seed);
    for (int i = 0; i < 400; i++) {
      words.add("w" + Integer.toString(i, 36) + (char) ('a' + random.nextInt(26)));
    }
  }

  String word() {
    double u = random.nextDouble();
    return words.get((int) (words.size() * u * u * u));
  }

  String text(int length) {
    var text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append(i == 0 ? "" : " ").append(word());
    }
    return text.toString();
  }

  String genre() {
    return GENRES.get(random.nextInt(GENRES.size()));
  }

  List<BulkItem> items(int count) {
    List<BulkItem> items = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String json =
          "{\"title\":\"%s\",\"body\":\"%s\",\"genre\":\"%s\",\"year\":%d,\"fame\":%s}"
              .formatted(
                  text(1 + random.nextInt(4)),
                  text(5 + random.nextInt(40)),
                  genre(),
                  1900 + random.nextInt(100),
                  random.nextInt(100) / 100.0);
      items.add(
          BulkItem.newBuilder()
              .setId("book-" + i)
              .setPutJson(ByteString.copyFromUtf8(json))
              .build());
    }
    return items;
  }

  /** With as many replicas as the house thinks right. */
  static void create(Channel channel, String name, int shards) {
    create(channel, name, shards, 0);
  }

  static void create(Channel channel, String name, int shards, int replicas) {
    var _ =
        DatasetsGrpc.newBlockingStub(channel)
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .create(
                CreateDatasetRequest.newBuilder()
                    .setName(name)
                    .setShards(shards)
                    .setReplicas(replicas)
                    .setSchema(
                        Schema.newBuilder()
                            .addFields(field("title", FieldType.FIELD_TYPE_TEXT, 3))
                            .addFields(field("body", FieldType.FIELD_TYPE_TEXT, 1))
                            .addFields(field("genre", FieldType.FIELD_TYPE_KEYWORD, 0))
                            .addFields(field("year", FieldType.FIELD_TYPE_LONG, 0))
                            .addFields(field("fame", FieldType.FIELD_TYPE_DOUBLE, 0))
                            .setRankField("fame")
                            .setRankWeight(1))
                    .build());
  }

  private static Field field(String name, FieldType type, double weight) {
    return Field.newBuilder().setName(name).setType(type).setWeight(weight).build();
  }

  /** Makes a dataset of these items; they are the same on all replicas when this returns. */
  static void loadEverywhere(
      TestCluster cluster, String name, int shards, int replicas, List<BulkItem> items)
      throws Exception {
    create(cluster.grpc(), name, shards, replicas);
    load(cluster.grpc(), name, items);
    var loaded = new Documents(cluster, name);
    within(Duration.ofMinutes(3), "the same everywhere", () -> loaded.alike(replicas));
  }

  /**
   * Asks, and asks again where the scores rest on statistics of some shards only: on a machine that
   * is busy, leaves may tell theirs too late, and the answer says so.
   */
  static QueryResponse ask(Channel channel, QueryRequest request) {
    var stub = QueryGrpc.newBlockingStub(channel);
    QueryResponse response;
    int tries = 0;
    do {
      response = stub.withDeadlineAfter(60, TimeUnit.SECONDS).run(request);
    } while (response.getPartialStatistics() && ++tries < 10);
    return response;
  }

  /** Loads the items and waits until all are durable. */
  static void load(Channel channel, String dataset, List<BulkItem> items) throws Exception {
    var done = new CompletableFuture<Void>();
    var written = new java.util.concurrent.atomic.AtomicInteger();
    StreamObserver<BulkRequest> requests =
        DatasetsGrpc.newStub(channel)
            .bulk(
                new StreamObserver<>() {
                  @Override
                  public void onNext(BulkResponse response) {
                    written.addAndGet(response.getWritten());
                    if (response.getErrorsCount() > 0) {
                      done.completeExceptionally(
                          new AssertionError(response.getErrors(0).toString()));
                    }
                  }

                  @Override
                  public void onError(Throwable failure) {
                    done.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {
                    done.complete(null);
                  }
                });
    for (int from = 0; from < items.size(); from += 500) {
      requests.onNext(
          BulkRequest.newBuilder()
              .setDataset(dataset)
              .addAllItems(items.subList(from, Math.min(items.size(), from + 500)))
              .build());
    }
    requests.onCompleted();
    done.get(60, TimeUnit.SECONDS);
    if (written.get() != items.size()) {
      throw new AssertionError(written + " of " + items.size() + " written");
    }
  }
}
