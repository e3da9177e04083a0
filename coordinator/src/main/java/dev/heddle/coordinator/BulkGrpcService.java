package dev.heddle.coordinator;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.Slots;
import dev.heddle.coordinator.admission.Admission;
import dev.heddle.coordinator.admission.SharedAdmission;
import dev.heddle.coordinator.scatter.ReplicaWire;
import dev.heddle.internal.v1.ShardWriteResponse;
import dev.heddle.process.Deadline;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.v1.BulkError;
import dev.heddle.v1.BulkItem;
import dev.heddle.v1.BulkRequest;
import dev.heddle.v1.BulkResponse;
import dev.heddle.v1.BulkResult;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The bulk method of the datasets service. A stream's items queue up by shard; each shard takes
 * them in order, one batch at a time, while different shards go on side by side. Responses leave in
 * the order of the requests, each when all its items have been decided. As many requests as the
 * window allows are read ahead, no more. Nothing blocks.
 */
final class BulkGrpcService {
  private static final Logger log = LoggerFactory.getLogger(BulkGrpcService.class);
  private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(60);
  private static final int MAX_ITEMS = 10_000;

  /** At a stream, in the time that it may be silent. */
  private static final int LOOKS = 4;

  private final CoordinatorConfig config;
  private final DatasetRegistry registry;
  private final ShardsGrpcClient shards;
  private final SharedAdmission admission;
  private final Ticker ticker;
  private final Set<Stream> open = ConcurrentHashMap.newKeySet();

  /**
   * Creates the service.
   *
   * @param timer ends streams that are silent
   */
  BulkGrpcService(
      CoordinatorConfig config,
      DatasetRegistry registry,
      ShardsGrpcClient shards,
      ScheduledExecutorService timer,
      Ticker ticker) {
    this.config = config;
    this.registry = registry;
    this.shards = shards;
    this.ticker = ticker;
    this.admission =
        new SharedAdmission("bulk streams", config.bulkStreams(), config.tenantBulkStreams());
    long period = Math.max(1, config.bulkIdle().toNanos() / LOOKS);
    Future<?> _ =
        timer.scheduleWithFixedDelay(
            () -> open.forEach(Stream::endIfIdle), period, period, TimeUnit.NANOSECONDS);
  }

  /**
   * Begins a stream, in the context of its call.
   *
   * @param token of the request: every answer's has it, and what was written
   */
  StreamObserver<BulkRequest> open(
      String tenant, PositionToken token, ServerCallStreamObserver<BulkResponse> observer) {
    observer.disableAutoRequest();
    observer.request(config.bulkWindow());
    var stream = new Stream(tenant, token, observer);
    open.add(stream);
    observer.setOnCancelHandler(stream::cancel);
    observer.setOnReadyHandler(stream::takeMore);
    return stream;
  }

  /** One stream; calls come from its own thread and from those that end its writes. */
  private final class Stream implements StreamObserver<BulkRequest> {
    private final String tenant;
    private final ServerCallStreamObserver<BulkResponse> observer;
    private final Context context = Context.current();
    private final ReentrantLock lock = new ReentrantLock();

    /** Guarded by {@link #lock}, as is what follows. */
    private final Map<Integer, Lane> lanes = new HashMap<>();

    private final Queue<Response> responses = new ArrayDeque<>();
    private PositionToken token;

    /** From the first request on. */
    private Admission.@Nullable Place place;

    /** When a request came or an answer left. */
    private long aliveNanos = ticker.nanoTime();

    private @Nullable DatasetRecord dataset;
    private @Nullable RuntimeException failure;

    /** Writes that have not ended. */
    private int writing;

    /** Requests that may be taken once the client reads its responses. */
    private int owed;

    private boolean allRead;
    private boolean over;
    private boolean released;

    Stream(String tenant, PositionToken token, ServerCallStreamObserver<BulkResponse> observer) {
      this.tenant = tenant;
      this.token = token;
      this.observer = observer;
    }

    @Override
    public void onNext(BulkRequest request) {
      lock.lock();
      try {
        aliveNanos = ticker.nanoTime();
        if (failure == null && !over) {
          if (place == null) {
            place = admission.admit(tenant);
          }
          var target = target(request);
          var response = new Response(request.getItemsCount());
          responses.add(response);
          queue(target, request, response);
          List.copyOf(lanes.values()).forEach(this::write);
        }
      } catch (RuntimeException e) {
        failure = e;
      } finally {
        answer();
        lock.unlock();
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

    private void queue(DatasetRecord target, BulkRequest request, Response response) {
      for (int index = 0; index < request.getItemsCount(); index++) {
        var item = request.getItems(index);
        var wrong = ItemWire.wrong(item, config.maxDocument());
        if (wrong.isPresent()) {
          response.fail(index, item.getId(), wrong.get());
          continue;
        }
        int shard = Slots.shard(item.getId(), target.shards().size());
        lanes
            .computeIfAbsent(shard, number -> new Lane(target, number))
            .waiting
            .add(new Pending(item, index, response));
      }
    }

    /** Sends a shard what waits for it, unless it is at work. */
    private void write(Lane lane) {
      if (lane.busy || lane.waiting.isEmpty()) {
        return;
      }
      var batch = lane.next(config.bulkPart().bytes());
      var items = batch.stream().map(Pending::item).toList();
      lane.busy = true;
      writing++;
      context.run(() -> {
        var _ =
            shards
                .write(lane.dataset, lane.shard, items, Deadline.after(WRITE_TIMEOUT, ticker))
                .whenComplete((written, failed) -> written(lane, batch, written, failed));
      });
    }

    private void written(
        Lane lane,
        List<Pending> batch,
        @Nullable ShardWriteResponse written,
        @Nullable Throwable failed) {
      lock.lock();
      try {
        lane.busy = false;
        writing--;
        if (written == null) {
          var cause = GrpcErrors.fromStatus(Objects.requireNonNull(failed));
          // Patches may make much more than they are: nothing was done.
          if (cause.code() == ErrorCode.TOO_LARGE && batch.size() > 1 && !over) {
            lane.back(batch);
          } else {
            batch.forEach(item -> item.fail(cause));
          }
        } else {
          lane.mostItems = MAX_ITEMS;
          decide(batch, written);
          token = token.with(lane.dataset, List.of(ReplicaWire.position(written.getPosition())));
        }
      } catch (RuntimeException e) {
        // An answer that makes no sense: nobody may wait for ever.
        var cause = GrpcErrors.fromStatus(e);
        batch.forEach(item -> item.fail(cause));
      } finally {
        write(lane);
        answer();
        lock.unlock();
      }
    }

    /** Sends what is decided, in the order of the requests, and ends where nothing is left. */
    private void answer() {
      while (!over && !responses.isEmpty() && responses.element().decided()) {
        observer.onNext(responses.remove().message(token));
        aliveNanos = ticker.nanoTime();
        owed++;
      }
      takeMore();
      if (!over && responses.isEmpty()) {
        if (failure != null) {
          over = true;
          observer.onError(GrpcErrors.toStatus(failure));
        } else if (allRead) {
          over = true;
          observer.onCompleted();
        }
      }
      if (over && writing == 0 && !released) {
        released = true;
        open.remove(this);
        if (place != null) {
          place.close();
        }
      }
    }

    /** Nobody keeps a place, or anything else, by saying nothing. */
    void endIfIdle() {
      lock.lock();
      try {
        long silent = ticker.nanoTime() - aliveNanos;
        if (!over
            && failure == null
            && responses.isEmpty()
            && silent >= config.bulkIdle().toNanos()) {
          failure =
              new HeddleException(
                  ErrorCode.DEADLINE_EXCEEDED,
                  "bulk stream: silent for "
                      + DurationFormat.format(config.bulkIdle())
                      + " (expected: a request, or the end)");
          answer();
        }
      } catch (RuntimeException e) {
        // The others have their turn all the same.
        log.warn("idle bulk stream not ended tenant={}", tenant, e);
      } finally {
        lock.unlock();
      }
    }

    /** A client that does not read its responses cannot send more. */
    void takeMore() {
      lock.lock();
      try {
        if (owed > 0 && !over && observer.isReady()) {
          observer.request(owed);
          owed = 0;
        }
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onError(Throwable cause) {
      cancel();
    }

    /** The client went away: what was not sent to a shard is not written. */
    void cancel() {
      lock.lock();
      try {
        over = true;
        lanes.values().forEach(lane -> lane.waiting.clear());
        answer();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void onCompleted() {
      lock.lock();
      try {
        allRead = true;
        answer();
      } finally {
        lock.unlock();
      }
    }
  }

  private static void decide(List<Pending> batch, ShardWriteResponse written) {
    for (var error : written.getErrorsList()) {
      batch.get(error.getIndex()).decide(error);
    }
    for (var result : written.getResultsList()) {
      batch.get(result.getIndex()).decide(result);
    }
    batch.forEach(Pending::decide);
  }

  /** What waits for a shard, and whether it is at work. */
  private static final class Lane {
    private final DatasetRecord dataset;
    private final int shard;
    private final Deque<Pending> waiting = new ArrayDeque<>();
    private boolean busy;
    private int mostItems = MAX_ITEMS;

    Lane(DatasetRecord dataset, int shard) {
      this.dataset = dataset;
      this.shard = shard;
    }

    /** The first of what waits, of at most so many bytes, but at least one. */
    List<Pending> next(long mostBytes) {
      List<Pending> batch = new ArrayList<>();
      long bytes = 0;
      while (!waiting.isEmpty() && batch.size() < mostItems) {
        bytes += waiting.element().item.getSerializedSize();
        if (bytes > mostBytes && !batch.isEmpty()) {
          break;
        }
        batch.add(waiting.remove());
      }
      return batch;
    }

    /** Takes back what came to more than a shard takes at once: half of it is tried next. */
    void back(List<Pending> batch) {
      batch.reversed().forEach(waiting::addFirst);
      mostItems = batch.size() / 2;
    }
  }

  /** An item, and where it came from. */
  private record Pending(BulkItem item, int index, Response response) {
    void decide(BulkError error) {
      response.fail(error.toBuilder().setIndex(index).setId(item.getId()).build());
    }

    void decide(BulkResult result) {
      response.succeed(result.toBuilder().setIndex(index).build());
    }

    /** As written, unless it was decided. */
    void decide() {
      response.succeed(index);
    }

    void fail(HeddleException cause) {
      response.fail(
          index,
          item.getId(),
          cause.code() == ErrorCode.DEADLINE_EXCEEDED
              ? new HeddleException(
                  cause.code(),
                  "document "
                      + item.getId()
                      + ": not known to be durable (expected: acknowledged; read it, or write it"
                      + " again; "
                      + cause.getMessage()
                      + ")",
                  cause)
              : cause);
    }
  }

  /** The answer to one request as it grows. Guarded by the stream's lock. */
  private static final class Response {
    private final boolean[] decided;
    private final List<BulkError> errors = new ArrayList<>();
    private final List<BulkResult> results = new ArrayList<>();
    private int undecided;

    Response(int items) {
      this.decided = new boolean[items];
      this.undecided = items;
    }

    private boolean first(int index) {
      if (decided[index]) {
        return false;
      }
      decided[index] = true;
      undecided--;
      return true;
    }

    void fail(int index, String id, HeddleException cause) {
      fail(ItemWire.error(index, id, cause));
    }

    void fail(BulkError error) {
      if (first(error.getIndex())) {
        errors.add(error);
      }
    }

    void succeed(BulkResult result) {
      if (first(result.getIndex())) {
        results.add(result);
      }
    }

    void succeed(int index) {
      first(index);
    }

    boolean decided() {
      return undecided == 0;
    }

    BulkResponse message(PositionToken token) {
      errors.sort(Comparator.comparingInt(BulkError::getIndex));
      results.sort(Comparator.comparingInt(BulkResult::getIndex));
      return BulkResponse.newBuilder()
          .setWritten(decided.length - errors.size())
          .addAllErrors(errors)
          .addAllResults(results)
          .setPositionToken(token.toString())
          .build();
    }
  }
}
