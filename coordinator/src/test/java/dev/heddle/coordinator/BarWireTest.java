package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.aggregations.SearchResult;
import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.engine.Engine;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.Bound;
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
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.Ticker;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bars over the wire, between a coordinator and leaves. */
@Timeout(60)
class BarWireTest {
  private static final Ticker TICKER = Ticker.system();
  private static final ScatterRequest REQUEST =
      new ScatterRequest(
          new Query.Match("weft loom", List.of("title"), false),
          3,
          List.of(),
          List.of(),
          Map.of(),
          Optional.of(List.of()),
          0,
          JsonObject.EMPTY);

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final Engine engine = closer.register("engine", Fixtures.engine());

  @AfterEach
  void close() {
    closer.close();
  }

  private static FunctionRef search() {
    return new FunctionRef("default", "search", Optional.empty());
  }

  /** The first shard's documents are better than the second's. */
  private static InMemoryShard shard(int number) {
    var shard = InMemoryShard.builder("books", number).field("title", FieldKind.TEXT);
    for (int i = 0; i < 20; i++) {
      shard.document("d" + number + "-" + i, Map.of("title", number == 0 ? "weft loom" : "weft"));
    }
    return shard.build();
  }

  private LeafResponse respond(LeafRequest request, Bound bar) {
    int number = request.getShards(0).getShard();
    try (var run = engine.scatter(search(), QueryWire.request(request.getRequest()))) {
      var partial = run.complete(run.leaf(shard(number), () -> bar));
      var message =
          LeafPartial.newBuilder()
              .addAllCovers(request.getShardsList())
              .setPartial(ByteString.copyFrom(run.encode(partial)))
              .addReports(ShardReport.newBuilder().setShard(number).setSeen(20).setActive(20));
      if (!bar.equals(Bound.NONE)) {
        message.setBar(bar.least());
      }
      return LeafResponse.newBuilder().setPartial(message).build();
    }
  }

  /** Answers at once, or when it is told of a bar. */
  private final class Leaf extends ScatterGrpc.ScatterImplBase {
    private final boolean waits;
    private final CompletableFuture<LeafRequest> asked = new CompletableFuture<>();
    private final CompletableFuture<RaiseRequest> told = new CompletableFuture<>();

    Leaf(boolean waits) {
      this.waits = waits;
    }

    @Override
    public void execute(LeafRequest request, StreamObserver<LeafResponse> observer) {
      asked.complete(request);
      if (!waits) {
        observer.onNext(respond(request, Bound.NONE));
        observer.onCompleted();
        return;
      }
      var _ =
          told.thenAccept(raise -> {
            observer.onNext(respond(request, new Bound(raise.getBar())));
            observer.onCompleted();
          });
    }

    @Override
    public void raise(RaiseRequest request, StreamObserver<RaiseResponse> observer) {
      told.complete(request);
      observer.onNext(RaiseResponse.getDefaultInstance());
      observer.onCompleted();
    }
  }

  private LeafAssignment serve(int number, Leaf leaf) {
    var address = Fixtures.serve(closer, "leaf-" + number, leaf).address().toString();
    return new LeafAssignment("node-" + number, address, List.of(new ShardRef(number, 7)));
  }

  @Test
  void aLeafThatStillSearchesIsToldWhatAnotherFound() throws InterruptedException {
    var quick = new Leaf(false);
    var slow = new Leaf(true);
    var dataset = Fixtures.dataset(2);
    var plan = new Plan(dataset, List.of(serve(0, quick), serve(1, slow)), List.of());
    var shared = new SharedStateBuilder(new ReplicaTable(TICKER), channels, TICKER).build();
    try (var run = engine.scatter(search(), REQUEST)) {
      var answer =
          new QueryRun(
                  shared,
                  plan,
                  Reading.ANY,
                  run,
                  LeafGrpcClient.template("q", "default", dataset.id(), search(), 1, REQUEST),
                  Fixtures.options(
                      Duration.ofSeconds(50), 1, Reading.Level.ANY, PositionToken.EMPTY),
                  () -> false,
                  Optional.empty(),
                  "trace",
                  TICKER.nanoTime(),
                  Fixtures.ADMITTED)
              .answer();
      var found = (SearchResult) answer.result();
      var told = slow.told.join();
      assertEquals("default", told.getTenant());
      assertEquals("q", told.getQueryId());
      assertEquals(slow.asked.join().getAttempt(), told.getAttempt());
      assertEquals(Objects.requireNonNull(found).hits().getLast().score(), told.getBar());
      assertEquals(List.of(0, 0, 0), found.hits().stream().map(hit -> hit.shard()).toList());
      assertTrue(answer.coverage().complete());
      assertEquals(
          List.of(Bound.NONE, new Bound(told.getBar())),
          answer.explanation().orElseThrow().attempts().stream().map(call -> call.heeds).toList());
      assertEquals(1, shared.barsTold().count());
      assertTrue(!quick.told.isDone());
    }
  }
}
