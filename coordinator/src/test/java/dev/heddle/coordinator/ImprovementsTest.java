package dev.heddle.coordinator;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.coordinator.plan.C3Policy;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.coordinator.scatter.NoHedging;
import dev.heddle.coordinator.scatter.SettleGrpcClient;
import dev.heddle.engine.Engine;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Ticker;
import dev.heddle.v1.Demand;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients that say how many improvements they can take, over the wire, of scripted leaves. */
@Timeout(120)
class ImprovementsTest {
  private static final Ticker TICKER = Ticker.system();
  private static final long PATIENCE_SECONDS = 60;

  @TempDir Path directory;

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final Engine engine = closer.register("engine", Fixtures.engine());
  private final List<ScriptedLeafGrpcService> leaves = new ArrayList<>();
  private final CountDownLatch held = new CountDownLatch(1);
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  /** Opens when the coordinator has taken two messages of clients. */
  private final CountDownLatch twoTaken = new CountDownLatch(2);

  @AfterEach
  void close() {
    held.countDown();
    closer.close();
  }

  /** Answers once the test lets it. */
  private ScriptedLeafGrpcService held(String name) {
    return ScriptedLeafGrpcService.scripted(request -> {
      try {
        assertTrue(held.await(PATIENCE_SECONDS, TimeUnit.SECONDS), "let go");
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return Optional.of(ScriptedLeafGrpcService.answer(name, request, 1));
    });
  }

  /** A coordinator over leaves with a shard each. */
  private QueryGrpc.QueryStub queries(ScriptedLeafGrpcService... services) {
    var local = closer.register("catalog", LocalCatalog.start(directory));
    var catalog = local.client();
    List<ShardPlacement> placements = new ArrayList<>();
    for (var service : services) {
      int shard = leaves.size();
      leaves.add(service);
      var name = "leaf-" + shard;
      var address = Fixtures.serve(closer, name, service).address().toString();
      var record = new NodeRecord(name, "run-1", Set.of("leaf"), address, "", "", "");
      local.client().register(record, Duration.ofMinutes(5));
      eventually(name, () -> catalog.view().node(name).isPresent());
      placements.add(new ShardPlacement(shard, 7, "i" + shard, List.of(name)));
    }
    var dataset =
        new DatasetRecord(
            "default",
            "books",
            "0b9e2f7c-8d53-4c0e-9a63-0d1f5d7e9a10",
            Fixtures.dataset(1).schema(),
            1,
            1,
            placements,
            Instant.EPOCH);
    LocalCatalog.write(catalog, List.of(Change.create(dataset)));
    eventually("the dataset", () -> catalog.view().datasetById(dataset.id()).isPresent());
    var table = new ReplicaTable(TICKER);
    var random = new Random(1);
    var queries =
        new Queries(
            CoordinatorConfig.defaults(),
            catalog,
            engine,
            new FunctionNames(Set.of("sum"), ThreadLocalRandom::current),
            new LeafGrpcClient(channels),
            table,
            new ReplicaChoice(table, new C3Policy(), () -> random, TICKER),
            new NoHedging(),
            new Tree("test", 0, ThreadLocalRandom::current, TICKER),
            SharedStateBuilder.ledger(new SettleGrpcClient(channels)::settle),
            TICKER,
            registry);
    var service = new QueryGrpcService(CoordinatorConfig.defaults(), queries, TICKER);
    var server =
        Fixtures.serve(
            closer,
            "public",
            ServerOptions.open(Credentials.none()),
            List.of(new Watched(service, twoTaken)));
    return QueryGrpc.newStub(channels.to(server.address().toString()))
        .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  /** Counts what the service has taken. */
  private static final class Watched extends QueryGrpc.QueryImplBase {
    private final QueryGrpcService service;
    private final CountDownLatch taken;

    Watched(QueryGrpcService service, CountDownLatch taken) {
      this.service = service;
      this.taken = taken;
    }

    @Override
    public StreamObserver<Demand> improve(StreamObserver<QueryResponse> observer) {
      var demands = service.improve(observer);
      return new StreamObserver<>() {
        @Override
        public void onNext(Demand demand) {
          demands.onNext(demand);
          taken.countDown();
        }

        @Override
        public void onError(Throwable failure) {
          demands.onError(failure);
        }

        @Override
        public void onCompleted() {
          demands.onCompleted();
        }
      };
    }
  }

  private static Demand asking(int improvements) {
    return granting(improvements).toBuilder()
        .setRequest(
            QueryRequest.newBuilder()
                .setDataset("books")
                .setFunction("sum")
                .setDeadlineMicros(TimeUnit.SECONDS.toMicros(PATIENCE_SECONDS / 2)))
        .build();
  }

  private static Demand granting(int improvements) {
    return Demand.newBuilder().setImprovements(improvements).build();
  }

  /** What a client is sent. */
  private static final class Client implements StreamObserver<QueryResponse> {
    final LinkedBlockingQueue<QueryResponse> answers = new LinkedBlockingQueue<>();
    final CompletableFuture<Void> end = new CompletableFuture<>();

    @Override
    public void onNext(QueryResponse answer) {
      answers.add(answer);
    }

    @Override
    public void onError(Throwable failure) {
      end.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
      end.complete(null);
    }

    QueryResponse next() throws InterruptedException {
      var answer = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      assertNotNull(answer, "an answer");
      return answer;
    }

    ErrorCode refusal() throws InterruptedException {
      try {
        end.get();
        throw new AssertionError("ended well");
      } catch (ExecutionException e) {
        return GrpcErrors.fromStatus(e.getCause() == null ? e : e.getCause()).code();
      }
    }
  }

  @Test
  void whoGrantsNothingGetsTheLastAnswerOnly() throws Exception {
    var client = new Client();
    queries(
            ScriptedLeafGrpcService.answering("a"),
            ScriptedLeafGrpcService.answering("b"),
            ScriptedLeafGrpcService.answering("c"))
        .improve(client)
        .onNext(asking(0));

    client.end.get();
    assertEquals(1, client.answers.size());
    var last = client.next();
    assertTrue(last.getFinal());
    assertEquals(3, last.getCoverage().getShardsAnswered());
  }

  /** The third leaf is silent all the while: nothing but the grant makes the coordinator speak. */
  @Test
  void aGrantIsAnsweredWithTheNewestAtOnceAndNothingTwice() throws Exception {
    var client = new Client();
    var demands =
        queries(
                ScriptedLeafGrpcService.answering("a"),
                ScriptedLeafGrpcService.answering("b"),
                held("c"))
            .improve(client);
    demands.onNext(asking(0));
    eventually("all are asked", () -> leaves.stream().allMatch(leaf -> leaf.requests.size() == 1));
    assertEquals(0, client.answers.size());

    int improvements = 0;
    for (int answered = 0; answered < 2; improvements++) {
      demands.onNext(granting(1));
      var improvement = client.next();
      assertFalse(improvement.getFinal());
      assertTrue(improvement.getCoverage().getShardsAnswered() > answered, "" + improvement);
      answered = improvement.getCoverage().getShardsAnswered();
    }
    assertTrue(improvements <= 2, "" + improvements);
    // What is granted and cannot be used yet makes nobody repeat himself.
    demands.onNext(granting(5));
    held.countDown();

    client.end.get();
    assertEquals(1, client.answers.size());
    assertEquals(3, client.next().getCoverage().getShardsAnswered());
  }

  @Test
  void aStreamedQueryEndsWhenItsClientGoes() {
    var client = new Client();
    var demands = queries(ScriptedLeafGrpcService.silent()).improve(client);
    demands.onNext(asking(3));
    eventually("asked", () -> leaves.getFirst().requests.size() == 1);

    demands.onError(new IllegalStateException("the client goes"));

    eventually("cancelled", () -> leaves.getFirst().cancelled.get() == 1);
  }

  @Test
  void demandsThatMakeNoSenseAreRefused() throws Exception {
    var queries = queries(ScriptedLeafGrpcService.silent());
    var nothing = new Client();
    queries.improve(nothing).onNext(granting(1));
    var never = new Client();
    queries.improve(never).onCompleted();
    var much = new Client();
    queries.improve(much).onNext(asking(1_001));
    var twice = new Client();
    var demands = queries.improve(twice);
    demands.onNext(asking(1));
    demands.onNext(asking(1));

    assertEquals(ErrorCode.INVALID_REQUEST, nothing.refusal());
    assertEquals(ErrorCode.INVALID_REQUEST, never.refusal());
    assertEquals(ErrorCode.OUT_OF_RANGE, much.refusal());
    assertEquals(ErrorCode.INVALID_REQUEST, twice.refusal());
  }

  /** The client does wrong while its only leaf is asked, which answers right after that. */
  @Test
  void aRequestTooManyIsRefusedThoughAllLeavesHaveAnswered() throws Exception {
    var client = new Client();
    var demands = new CompletableFuture<StreamObserver<Demand>>();
    var leaf =
        ScriptedLeafGrpcService.scripted(request -> {
          demands.join().onNext(asking(1));
          try {
            assertTrue(twoTaken.await(PATIENCE_SECONDS, TimeUnit.SECONDS), "taken");
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return Optional.of(ScriptedLeafGrpcService.answer("a", request, 1));
        });
    var sent = queries(leaf).improve(client);
    sent.onNext(asking(0));
    demands.complete(sent);

    assertEquals(ErrorCode.INVALID_REQUEST, client.refusal());
    assertEquals(0, client.answers.size());
  }

  /** What was granted is a right, not an order: there is one newest. */
  @Test
  void whoGrantsManyLateGetsTheNewestOnceAndNoQueue() throws Exception {
    var client = new Client();
    var demands =
        queries(
                ScriptedLeafGrpcService.answering("a"),
                ScriptedLeafGrpcService.answering("b"),
                ScriptedLeafGrpcService.answering("c"),
                held("d"))
            .improve(client);
    demands.onNext(asking(0));
    eventually("all are asked", () -> leaves.stream().allMatch(leaf -> leaf.requests.size() == 1));
    // Nothing is to be had for nothing.
    for (int i = 0; i < 20; i++) {
      demands.onNext(granting(0));
    }
    for (int i = 0; i < 20; i++) {
      demands.onNext(granting(1_000));
    }
    int answered = 0;
    int improvements = 0;
    while (answered < 3) {
      var improvement = client.next();
      assertFalse(improvement.getFinal());
      assertTrue(improvement.getCoverage().getShardsAnswered() > answered, "" + improvement);
      answered = improvement.getCoverage().getShardsAnswered();
      improvements++;
    }
    assertTrue(improvements <= 3, "" + improvements);
    held.countDown();

    client.end.get();
    assertEquals(1, client.answers.size());
    assertTrue(client.next().getFinal());
  }

  @Test
  void whoSaysNothingAnyMoreGetsTheLastAnswerAllTheSame() throws Exception {
    var client = new Client();
    var demands =
        queries(ScriptedLeafGrpcService.answering("a"), ScriptedLeafGrpcService.answering("b"))
            .improve(client);
    demands.onNext(asking(0));
    demands.onCompleted();

    client.end.get();
    assertEquals(1, client.answers.size());
    assertTrue(client.next().getFinal());
  }

  @Test
  void grantsOfNoSenseEndTheQueryAndWhatItHolds() throws Exception {
    var queries = queries(ScriptedLeafGrpcService.silent());
    for (int grant : new int[] {-1, Integer.MIN_VALUE, 1_001, Integer.MAX_VALUE}) {
      var client = new Client();
      var demands = queries.improve(client);
      demands.onNext(asking(1));
      demands.onNext(granting(grant));
      assertEquals(ErrorCode.OUT_OF_RANGE, client.refusal(), "" + grant);
      assertEquals(0, client.answers.size());
    }
    var leaf = leaves.getFirst();
    eventually("cancelled", () -> leaf.cancelled.get() == leaf.requests.size());
    eventually(
        "no query",
        () -> registry.get("heddle_coordinator_queries_in_flight").gauge().value() == 0);
    assertEquals(0, registry.get("heddle_coordinator_queries_held_bytes").gauge().value());
  }

  @Test
  void anImprovementTakesNoCoverageBack() throws Exception {
    var services = new ScriptedLeafGrpcService[12];
    for (int i = 0; i < services.length; i++) {
      // Some are there at once, some need a second round, and one fails.
      services[i] =
          switch (i % 4) {
            case 0 -> ScriptedLeafGrpcService.scoring("s" + i, "moby", i + 1);
            case 1 -> ScriptedLeafGrpcService.answering("a" + i);
            case 2 -> i == 2 ? held("h") : ScriptedLeafGrpcService.answering("b" + i);
            default ->
                i == 3
                    ? ScriptedLeafGrpcService.failing(
                        new HeddleException(ErrorCode.STORAGE_FAILED, "no disk"))
                    : ScriptedLeafGrpcService.answering("c" + i);
          };
    }
    var client = new Client();
    var demands = queries(services).improve(client);
    demands.onNext(asking(1_000));
    demands.onCompleted();
    int answered = 0;
    long seen = 0;
    for (boolean last = false; !last; ) {
      var answer = client.next();
      var coverage = answer.getCoverage();
      last = answer.getFinal();
      assertTrue(coverage.getShardsAnswered() >= answered, "" + coverage);
      assertTrue(coverage.getSeen() >= seen, "" + coverage);
      answered = coverage.getShardsAnswered();
      seen = coverage.getSeen();
      if (answered >= 7) {
        held.countDown();
      }
    }
    assertEquals(11, answered);
    client.end.get();
  }

  /** What a client does not read stays small, however much it grants. */
  @Test
  void whoDoesNotReadIsNotSentAllThatItGranted() throws Exception {
    var services = new ScriptedLeafGrpcService[40];
    for (int i = 0; i < services.length; i++) {
      services[i] = ScriptedLeafGrpcService.answering("x".repeat(50_000));
    }
    var client = new Client();
    var reading = new CompletableFuture<ClientCallStreamObserver<Demand>>();
    var demands =
        queries(services)
            .improve(
                new ClientResponseObserver<Demand, QueryResponse>() {
                  @Override
                  public void beforeStart(ClientCallStreamObserver<Demand> call) {
                    call.disableAutoRequestWithInitial(0);
                    reading.complete(call);
                  }

                  @Override
                  public void onNext(QueryResponse answer) {
                    client.onNext(answer);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    client.onError(failure);
                  }

                  @Override
                  public void onCompleted() {
                    client.onCompleted();
                  }
                });
    demands.onNext(asking(1_000));
    eventually(
        "the query is over",
        () -> registry.get("heddle_coordinator_query_seconds").timer().count() == 1);
    reading.join().request(1_000);

    client.end.get();
    // Together they would be 40 MB; a connection takes about one before somebody reads.
    assertTrue(client.answers.size() < 15, "" + client.answers.size());
    QueryResponse last = client.next();
    while (!client.answers.isEmpty()) {
      assertFalse(last.getFinal());
      last = client.next();
    }
    assertTrue(last.getFinal());
    assertEquals(40, last.getCoverage().getShardsAnswered());
  }
}
