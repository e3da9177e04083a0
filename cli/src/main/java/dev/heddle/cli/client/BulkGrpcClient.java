package dev.heddle.cli.client;

import com.google.protobuf.ByteString;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkRequest;
import dev.heddle.v1.BulkResponse;
import dev.heddle.v1.DatasetsGrpc;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One stream of documents into a dataset. At most {@link Limits#window()} batches are on their way;
 * then {@link #write} waits. Used by one thread; close it.
 */
public final class BulkGrpcClient implements AutoCloseable {
  /** What is counted while documents go in. Called by one thread of the channel at a time. */
  public interface Listener {
    /** So many more documents are durable. */
    void written(int documents);

    /** A document was refused; the others of its batch went in. */
    void rejected(String id, String error);
  }

  /**
   * @param documents most documents of a batch
   * @param bytes a batch of at least so many is sent
   * @param window most batches that were sent and not yet answered
   */
  public record Limits(int documents, long bytes, int window) {
    public static final Limits DEFAULT = new Limits(5_000, 8 << 20, 3);

    public Limits {
      if (documents < 1 || bytes < 1 || window < 1) {
        throw new IllegalArgumentException(
            "bulk limits: " + documents + ", " + bytes + ", " + window + " (expected: > 0)");
      }
    }
  }

  private final ClusterGrpcClient cluster;
  private final String dataset;
  private final Limits limits;
  private final Semaphore window;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
  private final AtomicLong answered = new AtomicLong();
  private final ClientCallStreamObserver<BulkRequest> requests;
  private BulkRequest.Builder batch;
  private long batchBytes;
  private long sent;
  private boolean completed;

  public BulkGrpcClient(
      ClusterGrpcClient cluster, String dataset, Limits limits, Listener listener) {
    this.cluster = cluster;
    this.dataset = dataset;
    this.limits = limits;
    this.window = new Semaphore(limits.window());
    this.batch = newBatch();
    // Without a deadline: a load takes as long as it takes, and Ctrl-C ends it.
    this.requests =
        (ClientCallStreamObserver<BulkRequest>)
            DatasetsGrpc.newStub(cluster.channel()).bulk(new Responses(listener));
  }

  /**
   * Takes a document; sends the batch that it completes.
   *
   * @param json a JSON object without the id
   * @throws RemoteFailure if the stream has failed: some earlier documents may not be durable
   */
  public void write(String id, byte[] json) throws InterruptedException {
    batch.addItems(BulkItem.newBuilder().setId(id).setPutJson(ByteString.copyFrom(json)));
    batchBytes += id.length() + json.length;
    if (batch.getItemsCount() >= limits.documents() || batchBytes >= limits.bytes()) {
      send();
    }
  }

  /**
   * Sends the rest and waits until everything is durable or rejected.
   *
   * @throws RemoteFailure if the stream has failed
   */
  public void complete() throws InterruptedException {
    if (batch.getItemsCount() > 0) {
      send();
    }
    completed = true;
    requests.onCompleted();
    ended.await();
    throwFailure();
    if (answered.get() != sent) {
      throw new RemoteFailure(
          new HeddleException(
              ErrorCode.INTERNAL,
              "bulk: " + answered + " batches answered (expected: " + sent + ")"),
          cluster.traceId());
    }
  }

  private void send() throws InterruptedException {
    window.acquire();
    throwFailure();
    requests.onNext(batch.build());
    sent++;
    batch = newBatch();
    batchBytes = 0;
  }

  private BulkRequest.Builder newBatch() {
    return BulkRequest.newBuilder().setDataset(dataset);
  }

  private void throwFailure() {
    Throwable error = failure.get();
    if (error != null) {
      throw cluster.failure(error);
    }
  }

  /** Gives up what was not completed. */
  @Override
  public void close() {
    if (!completed) {
      requests.cancel("the load was given up", null);
    }
  }

  /** Hands each answer on, and makes room for another batch. */
  private final class Responses implements ClientResponseObserver<BulkRequest, BulkResponse> {
    private final Listener listener;

    Responses(Listener listener) {
      this.listener = listener;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<BulkRequest> stream) {}

    @Override
    public void onNext(BulkResponse response) {
      answered.incrementAndGet();
      listener.written(response.getWritten());
      response
          .getErrorsList()
          .forEach(e -> listener.rejected(e.getId(), e.getName() + ": " + e.getMessage()));
      window.release();
    }

    @Override
    public void onError(Throwable error) {
      failure.set(error);
      ended.countDown();
      // Whoever waits for room finds the failure instead.
      window.release();
    }

    @Override
    public void onCompleted() {
      ended.countDown();
      window.release();
    }
  }
}
