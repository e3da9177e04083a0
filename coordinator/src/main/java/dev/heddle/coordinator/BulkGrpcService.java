package dev.heddle.coordinator;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.MoreExecutors;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Slots;
import dev.heddle.coordinator.admission.Admission;
import dev.heddle.internal.v1.ShardWriteResponse;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.BulkError;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkRequest;
import dev.heddle.v1.BulkResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The bulk method of the datasets service. A stream's requests are split by shard; each shard sees
 * its parts in order, one at a time, while different shards go on side by side. Responses leave in
 * the order of the requests, each when its items are durable. As many requests as the window allows
 * are read ahead, no more.
 */
final class BulkGrpcService {
  private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(60);
  private static final int MAX_ITEMS = 10_000;

  private final CoordinatorConfig config;
  private final DatasetRegistry registry;
  private final ShardsGrpcClient shards;
  private final Admission admission;

  BulkGrpcService(CoordinatorConfig config, DatasetRegistry registry, ShardsGrpcClient shards) {
    this.config = config;
    this.registry = registry;
    this.shards = shards;
    this.admission = new Admission("bulk streams", config.bulkStreams());
  }

  StreamObserver<BulkRequest> open(String tenant, ServerCallStreamObserver<BulkResponse> observer) {
    var place = admission.admit();
    observer.disableAutoRequest();
    observer.request(config.bulkWindow());
    var stream = new Stream(tenant, observer, place);
    observer.setOnCancelHandler(stream::release);
    return stream;
  }

  /** One stream; gRPC calls it from one thread at a time. */
  private final class Stream implements StreamObserver<BulkRequest> {
    private final String tenant;
    private final ServerCallStreamObserver<BulkResponse> observer;
    private final Admission.Place place;
    private final Map<Integer, CompletableFuture<?>> tails = new HashMap<>();
    private CompletableFuture<?> answered = CompletableFuture.completedFuture(null);
    private @Nullable DatasetRecord dataset;
    private boolean released;
    private boolean failed;

    Stream(String tenant, ServerCallStreamObserver<BulkResponse> observer, Admission.Place place) {
      this.tenant = tenant;
      this.observer = observer;
      this.place = place;
    }

    @Override
    public void onNext(BulkRequest request) {
      if (failed) {
        return;
      }
      try {
        var response = new Response(request.getItemsCount());
        var parts = split(target(request), request, response);
        List<CompletableFuture<?>> writes = new ArrayList<>();
        parts.forEach((shard, part) -> writes.add(write(shard, part, response)));
        var done = CompletableFuture.allOf(writes.toArray(CompletableFuture[]::new));
        answered =
            answered
                .thenCombine(done, (before, now) -> response.message())
                .thenAccept(message -> {
                  observer.onNext(message);
                  observer.request(1);
                });
      } catch (RuntimeException e) {
        failed = true;
        answered =
            answered.thenRun(() -> {
              release();
              observer.onError(GrpcErrors.toStatus(e));
            });
      }
    }

    private DatasetRecord target(BulkRequest request) {
      if (request.getItemsCount() > MAX_ITEMS) {
        throw new HeddleException(
            ErrorCode.TOO_LARGE,
            "items: " + request.getItemsCount() + " (expected: at most " + MAX_ITEMS + ")");
      }
      var known = dataset;
      if (known == null) {
        known = registry.find(tenant, request.getDataset());
        dataset = known;
      } else if (!request.getDataset().isEmpty() && !request.getDataset().equals(known.name())) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "dataset: " + request.getDataset() + " (expected: " + known.name() + ", as before)");
      }
      return known;
    }

    private Map<Integer, Part> split(DatasetRecord target, BulkRequest request, Response response) {
      Map<Integer, Part> parts = new HashMap<>();
      for (int index = 0; index < request.getItemsCount(); index++) {
        var item = request.getItems(index);
        var wrong = wrong(item);
        if (wrong.isPresent()) {
          response.fail(index, item.getId(), wrong.get());
          continue;
        }
        int shard = Slots.shard(item.getId(), target.shards().size());
        var part = parts.computeIfAbsent(shard, unseen -> new Part(target));
        part.items.add(item);
        part.indexes.add(index);
      }
      return parts;
    }

    private CompletableFuture<?> write(int shard, Part part, Response response) {
      var before = tails.getOrDefault(shard, CompletableFuture.completedFuture(null));
      var written = before.thenCompose(_ -> send(shard, part, response));
      tails.put(shard, written);
      return written;
    }

    @Override
    public void onError(Throwable cause) {
      release();
    }

    @Override
    public void onCompleted() {
      if (failed) {
        return;
      }
      answered =
          answered.thenRun(() -> {
            release();
            observer.onCompleted();
          });
    }

    private synchronized void release() {
      if (!released) {
        released = true;
        place.close();
      }
    }
  }

  private Optional<HeddleException> wrong(BulkItem item) {
    if (item.getId().isEmpty() || item.getId().length() > 512) {
      return Optional.of(
          new HeddleException(
              ErrorCode.INVALID_DOCUMENT,
              "id: " + item.getId().length() + " characters (expected: 1..512)"));
    }
    if (item.getJson().size() > config.maxDocument().bytes()) {
      return Optional.of(
          new HeddleException(
              ErrorCode.TOO_LARGE,
              "document: "
                  + item.getJson().size()
                  + " bytes (expected: at most "
                  + config.maxDocument()
                  + ")"));
    }
    return Optional.empty();
  }

  /** Completes normally also when the write failed: its items then have errors. */
  private CompletableFuture<Void> send(int shard, Part part, Response response) {
    var done = new CompletableFuture<Void>();
    try {
      Futures.addCallback(
          shards.write(part.dataset, shard, part.items, WRITE_TIMEOUT.toNanos()),
          new FutureCallback<ShardWriteResponse>() {
            @Override
            public void onSuccess(ShardWriteResponse result) {
              for (var error : result.getErrorsList()) {
                response.fail(
                    error.toBuilder().setIndex(part.indexes.get(error.getIndex())).build());
              }
              done.complete(null);
            }

            @Override
            public void onFailure(Throwable cause) {
              failAll(part, GrpcErrors.fromStatus(cause), response);
              done.complete(null);
            }
          },
          MoreExecutors.directExecutor());
    } catch (HeddleException e) {
      failAll(part, e, response);
      done.complete(null);
    }
    return done;
  }

  private static void failAll(Part part, HeddleException cause, Response response) {
    for (int i = 0; i < part.items.size(); i++) {
      response.fail(part.indexes.get(i), part.items.get(i).getId(), cause);
    }
  }

  /** One shard's items of one request, with their places in it. */
  private static final class Part {
    private final DatasetRecord dataset;
    private final List<BulkItem> items = new ArrayList<>();
    private final List<Integer> indexes = new ArrayList<>();

    Part(DatasetRecord dataset) {
      this.dataset = dataset;
    }
  }

  /** The answer to one request as it grows; shards add to it from different threads. */
  private static final class Response {
    private final int items;
    private final List<BulkError> errors = new ArrayList<>();

    Response(int items) {
      this.items = items;
    }

    void fail(int index, String id, HeddleException cause) {
      fail(
          BulkError.newBuilder()
              .setIndex(index)
              .setId(id)
              .setCode(cause.code().number())
              .setName(cause.code().name())
              .setMessage(String.valueOf(cause.getMessage()))
              .build());
    }

    synchronized void fail(BulkError error) {
      errors.add(error);
    }

    synchronized BulkResponse message() {
      errors.sort(Comparator.comparingInt(BulkError::getIndex));
      return BulkResponse.newBuilder()
          .setWritten(items - errors.size())
          .addAllErrors(errors)
          .build();
    }
  }
}
