package dev.heddle.gateway.backend;

import dev.heddle.catalog.Coordinators;
import dev.heddle.json.BulkJsonWire;
import dev.heddle.json.BulkResultJsonWire;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.v1.BulkError;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkRequest;
import dev.heddle.v1.BulkResponse;
import dev.heddle.v1.BulkResult;
import dev.heddle.v1.DatasetsGrpc;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Bulk streams: lines of operations in, lines of results out. Thread-safe; its streams are not. */
public final class BulkGrpcClient {
  private final Coordinators coordinators;
  private final Deadlines deadlines;
  private final BulkLimits limits;
  private final DataSize maxDocument;
  private final Ticker ticker;

  public BulkGrpcClient(
      Coordinators coordinators,
      Deadlines deadlines,
      BulkLimits limits,
      DataSize maxDocument,
      Ticker ticker) {
    this.coordinators = coordinators;
    this.deadlines = deadlines;
    this.limits = limits;
    this.maxDocument = maxDocument;
    this.ticker = ticker;
  }

  /** Bytes of the longest line that can be an operation. */
  public int maxLine() {
    return maxDocument.toIntBytes() + BulkJsonWire.OVERHEAD;
  }

  /**
   * Opens a stream into a dataset.
   *
   * @param results whether every line is answered, or only one that failed
   */
  public Stream open(BackendCall call, String dataset, boolean results) {
    return new Stream(call, dataset, results);
  }

  /** What becomes of one line. */
  private sealed interface Slot {
    /** The line is an item of the batch's request. */
    record Sent(long line, String id, boolean delete) implements Slot {}

    /** The line could not be used. */
    record Refused(long line, String id, HeddleException error) implements Slot {}
  }

  /** Lines that are answered together. */
  private static final class Batch {
    final List<Slot> slots = new ArrayList<>();
    final BulkRequest.Builder request = BulkRequest.newBuilder();
    int items;
    long bytes;
    @Nullable Deadline due;
  }

  /**
   * One stream. Lines join a batch; a batch leaves when it is full, or at {@link #flush}. Owned by
   * one thread; only {@link #signal} is for any.
   */
  public final class Stream implements AutoCloseable {
    private final BackendCall call;
    private final boolean everyResult;
    private final long startNanos = ticker.nanoTime();
    private final Semaphore signals = new Semaphore(0);
    private final Responses responses = new Responses(signals);
    private final ClientCallStreamObserver<BulkRequest> requests;
    private final ArrayDeque<Batch> unanswered = new ArrayDeque<>();
    private Batch batch = new Batch();
    private @Nullable HeddleException failure;
    private int inFlight;
    private long written;
    private long failed;
    private boolean opened;
    private boolean completed;

    private Stream(BackendCall call, String dataset, boolean everyResult) {
      this.call = call;
      this.everyResult = everyResult;
      this.requests =
          call.run(
              false,
              () ->
                  (ClientCallStreamObserver<BulkRequest>)
                      DatasetsGrpc.newStub(coordinators.channel()).bulk(responses));
      // A dataset that is not there is told before anything is read.
      batch.request.setDataset(dataset);
      send();
    }

    /** Whether the dataset takes this stream: before, nothing should be read. */
    public boolean opened() {
      return opened;
    }

    /** Whether more lines may be read. */
    public boolean room() {
      return opened && inFlight < limits.window();
    }

    /** Why the stream has ended before its time; null: it has not. */
    public @Nullable HeddleException failure() {
      return failure;
    }

    /** Whether everything is answered. */
    public boolean done() {
      return completed && unanswered.isEmpty();
    }

    /**
     * Takes a line.
     *
     * @param number of the line, from 1
     */
    public void line(long number, byte[] bytes, int length) {
      BulkJsonWire.Line line = BulkJsonWire.read(bytes, length, maxDocument);
      BulkItem item = line.item();
      if (line.error() != null) {
        add(new Slot.Refused(number, item.getId(), line.error()), 0);
      } else {
        batch.request.addItems(item);
        batch.items++;
        add(new Slot.Sent(number, item.getId(), item.getDelete()), length);
      }
    }

    /** Takes note of a line that was longer than {@link #maxLine} and is not there any more. */
    public void tooLong(long number, long bytes) {
      add(new Slot.Refused(number, "", BulkJsonWire.tooLarge("line", bytes, maxDocument)), 0);
    }

    private void add(Slot slot, int bytes) {
      batch.slots.add(slot);
      batch.bytes += bytes;
      if (batch.slots.size() >= limits.lines() || batch.bytes >= limits.bytes().bytes()) {
        send();
      }
    }

    /** Sends what there is, unless answers are due that would only wait behind it. */
    public void flush() {
      if (inFlight == 0 && !batch.slots.isEmpty()) {
        send();
      }
    }

    /** Sends the rest; no line may come afterwards. */
    public void complete() {
      if (!batch.slots.isEmpty()) {
        send();
      }
      completed = true;
      if (failure == null) {
        requests.onCompleted();
      }
    }

    private void send() {
      Batch full = batch;
      batch = new Batch();
      if (!opened || full.items > 0) {
        full.due = Deadline.after(deadlines.batch(), ticker);
        inFlight++;
        if (failure == null) {
          requests.onNext(full.request.build());
        }
        // The answer is about places in the request: its documents are not needed any more.
        full.request.clear();
      }
      unanswered.add(full);
    }

    /** For whoever has news, from any thread: {@link #await} returns. */
    public void signal() {
      signals.release();
    }

    /**
     * Waits for a signal, an answer or a failure; gives up on a coordinator that takes too long.
     */
    public void await() throws InterruptedException {
      Batch oldest = unanswered.peek();
      Deadline due = oldest == null ? null : oldest.due;
      if (due == null) {
        signals.acquire();
      } else if (!signals.tryAcquire(due.remainingNanos(ticker), TimeUnit.NANOSECONDS)
          && due.expired(ticker)) {
        fail(
            new HeddleException(
                ErrorCode.DEADLINE_EXCEEDED,
                "bulk: no answer to a batch (expected: within " + deadlines.batch() + ")"));
      }
      signals.drainPermits();
    }

    /** Waits for a signal, so long at most; false: none came. */
    public boolean awaitSignal(Duration most) throws InterruptedException {
      return signals.tryAcquire(most.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** The result lines of the oldest batch, perhaps none; null: it is not answered yet. */
    public byte @Nullable [] results() {
      Batch oldest = unanswered.peek();
      if (oldest == null) {
        return null;
      }
      if (oldest.due == null) {
        unanswered.remove();
        return lines(oldest, BulkResponse.getDefaultInstance());
      }
      // Looked at first: whatever was answered before the end is there.
      Throwable end = responses.end;
      BulkResponse response = responses.queue.poll();
      if (response == null) {
        if (end != null && failure == null) {
          fail(GrpcErrors.fromStatus(end));
        }
        return null;
      }
      unanswered.remove();
      inFlight--;
      opened = true;
      call.seen(response.getPositionToken());
      return lines(oldest, response);
    }

    private void fail(HeddleException error) {
      failure = error;
      requests.cancel("bulk: given up", error);
    }

    /** The result lines of all that was read and will not be answered. */
    public byte[] unanswered() {
      var out = new ByteArrayOutputStream();
      HeddleException cause = failure;
      unanswered.add(batch);
      batch = new Batch();
      for (Batch each : unanswered) {
        for (Slot slot : each.slots) {
          switch (slot) {
            case Slot.Refused refused -> refuse(out, refused.line(), refused.id(), refused.error());
            case Slot.Sent sent ->
                refuse(out, sent.line(), sent.id(), cause == null ? noResult() : cause);
          }
        }
      }
      unanswered.clear();
      return out.toByteArray();
    }

    private byte[] lines(Batch answered, BulkResponse response) {
      var errors = new BulkError[answered.items];
      var results = new BulkResult[answered.items];
      response.getErrorsList().forEach(error -> errors[error.getIndex()] = error);
      response.getResultsList().forEach(result -> results[result.getIndex()] = result);
      var out = new ByteArrayOutputStream(answered.slots.size() * 64);
      int index = 0;
      for (Slot slot : answered.slots) {
        switch (slot) {
          case Slot.Refused refused -> refuse(out, refused.line(), refused.id(), refused.error());
          case Slot.Sent sent -> {
            line(out, sent, results[index], errors[index]);
            index++;
          }
        }
      }
      return out.toByteArray();
    }

    private void line(
        ByteArrayOutputStream out,
        Slot.Sent sent,
        @Nullable BulkResult result,
        @Nullable BulkError error) {
      if (error != null) {
        ErrorCode code = ErrorCode.of(error.getCode()).orElse(ErrorCode.INTERNAL);
        refuse(out, sent.line(), sent.id(), new HeddleException(code, error.getMessage()));
      } else if (result == null) {
        refuse(out, sent.line(), sent.id(), noResult());
      } else {
        written++;
        if (everyResult) {
          BulkResultJsonWire.written(out, sent.line(), sent.id(), sent.delete(), result);
        }
      }
    }

    private void refuse(ByteArrayOutputStream out, long line, String id, HeddleException error) {
      failed++;
      BulkResultJsonWire.refused(out, line, id, error);
    }

    /** The last line, once everything is {@link #done} or the {@link #unanswered} were told. */
    public byte[] summary() {
      long micros = TimeUnit.NANOSECONDS.toMicros(ticker.nanoTime() - startNanos);
      return BulkResultJsonWire.summary(
          written, failed, failure, micros, call.request().trace().traceId(), call.position());
    }

    /** Gives up what was not completed. */
    @Override
    public void close() {
      if (!done()) {
        requests.cancel("bulk: given up", null);
      }
    }
  }

  private static HeddleException noResult() {
    return new HeddleException(
        ErrorCode.INTERNAL, "bulk: lines without result (expected: one each)");
  }

  /** Takes the answers on the channel's thread, for the owner of the stream. */
  private static final class Responses
      implements ClientResponseObserver<BulkRequest, BulkResponse> {
    final Queue<BulkResponse> queue = new ConcurrentLinkedQueue<>();
    final Semaphore signals;
    volatile @Nullable Throwable end;

    Responses(Semaphore signals) {
      this.signals = signals;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<BulkRequest> stream) {}

    @Override
    public void onNext(BulkResponse response) {
      // As many as there are batches in flight: the window bounds the queue.
      queue.add(response);
      signals.release();
    }

    @Override
    public void onError(Throwable cause) {
      end = cause;
      signals.release();
    }

    @Override
    public void onCompleted() {
      // An error only for who still waits for an answer.
      end = noResult();
      signals.release();
    }
  }
}
