package dev.heddle.coordinator;

import com.google.protobuf.ByteString;
import dev.heddle.aggregations.SearchHit;
import dev.heddle.aggregations.SearchResult;
import dev.heddle.engine.Engine;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.Partial;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.Bound;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.internal.v1.LeafPartial;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.RaiseRequest;
import dev.heddle.internal.v1.RaiseResponse;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.ShardReport;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A leaf that really searches the shards that it is asked for, once it is let, and heeds what it is
 * told, or what a test says that someone else told it. Of shards, the first is the best.
 */
final class SearchingLeaf extends ScatterGrpc.ScatterImplBase {
  static final ScatterRequest REQUEST =
      new ScatterRequest(
          new Query.Match("weft loom", List.of("title"), false),
          3,
          List.of(),
          List.of(),
          Map.of(),
          Optional.of(List.of()),
          0,
          JsonObject.EMPTY);

  static final int DOCUMENTS = 20;

  final List<LeafRequest> asked = new CopyOnWriteArrayList<>();
  final AtomicInteger cancelled = new AtomicInteger();

  /** Calls are answered when this is complete. */
  final CompletableFuture<Void> go;

  /** Calls that heed a bar of which the query knows nothing. */
  volatile int misled;

  volatile double forged = Double.POSITIVE_INFINITY;

  private final Engine engine;
  private final AtomicInteger answered = new AtomicInteger();
  private final List<RaiseRequest> told = new CopyOnWriteArrayList<>();

  private SearchingLeaf(Engine engine, CompletableFuture<Void> go) {
    this.engine = engine;
    this.go = go;
  }

  /** Answers at once. */
  static SearchingLeaf quick(Engine engine) {
    return new SearchingLeaf(engine, CompletableFuture.completedFuture(null));
  }

  /** Answers when {@link #go} is completed. */
  static SearchingLeaf held(Engine engine) {
    return new SearchingLeaf(engine, new CompletableFuture<>());
  }

  static FunctionRef search() {
    return new FunctionRef("default", "search", Optional.empty());
  }

  private static InMemoryShard shard(int number) {
    var shard = InMemoryShard.builder("books", number).field("title", FieldKind.TEXT);
    for (int i = 0; i < DOCUMENTS; i++) {
      shard.document("d" + number + "-" + i, Map.of("title", number == 0 ? "weft loom" : "weft"));
    }
    return shard.build();
  }

  /** What a query finds that is told nothing. */
  static List<String> truth(Engine engine, int shards) {
    try (var run = engine.scatter(search(), REQUEST)) {
      Partial all = null;
      for (int shard = 0; shard < shards; shard++) {
        var next = run.complete(run.leaf(shard(shard), () -> Bound.NONE));
        all = all == null ? next : run.merge(all, next);
      }
      return hits(run.finish(all, new Coverage(1, 1, 1, shards, 0, shards, List.of())));
    }
  }

  /** The hits of an answer. */
  static List<String> hits(@Nullable Object result) {
    return ((SearchResult) Objects.requireNonNull(result))
        .hits().stream().map(SearchingLeaf::text).toList();
  }

  private static String text(SearchHit hit) {
    return hit.id() + " " + hit.score();
  }

  @Override
  public void execute(LeafRequest request, StreamObserver<LeafResponse> observer) {
    asked.add(request);
    var call = (ServerCallStreamObserver<LeafResponse>) observer;
    call.setOnCancelHandler(cancelled::incrementAndGet);
    var _ =
        go.thenRun(() -> {
          if (!call.isCancelled()) {
            observer.onNext(respond(request));
            observer.onCompleted();
          }
        });
  }

  @Override
  public void raise(RaiseRequest request, StreamObserver<RaiseResponse> observer) {
    told.add(request);
    observer.onNext(RaiseResponse.getDefaultInstance());
    observer.onCompleted();
  }

  /** The strongest that the call was told. */
  private OptionalDouble told(LeafRequest request) {
    List<Double> bars = new ArrayList<>();
    if (request.hasBar()) {
      bars.add(request.getBar());
    }
    for (var raise : told) {
      if (raise.getAttempt() == request.getAttempt()
          && raise.getBranch().equals(request.getBranch())) {
        bars.add(raise.getBar());
      }
    }
    if (answered.getAndIncrement() < misled) {
      bars.add(forged);
    }
    return bars.stream().mapToDouble(bar -> bar).max();
  }

  private LeafResponse respond(LeafRequest request) {
    var told = told(request);
    var message = LeafPartial.newBuilder().addAllCovers(request.getShardsList());
    told.ifPresent(message::setBar);
    var bar = new Bound(Double.isNaN(told.orElse(0)) ? 0 : told.orElse(Bound.NONE.least()));
    try (var run = engine.scatter(search(), QueryWire.request(request.getRequest()))) {
      Partial all = null;
      for (var ref : request.getShardsList()) {
        var next = run.leaf(shard(ref.getShard()), () -> bar);
        all = all == null ? next : run.merge(all, next);
        message.addReports(
            ShardReport.newBuilder()
                .setShard(ref.getShard())
                .setSeen(DOCUMENTS)
                .setActive(DOCUMENTS));
      }
      message.setPartial(
          ByteString.copyFrom(run.encode(run.complete(Objects.requireNonNull(all)))));
    }
    return LeafResponse.newBuilder().setPartial(message).build();
  }
}
