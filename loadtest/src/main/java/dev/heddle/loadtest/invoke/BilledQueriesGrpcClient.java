package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.store.BulkGrpcClient;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import dev.heddle.v1.Aggregation;
import dev.heddle.v1.LeafTiming;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ShardTiming;
import dev.heddle.v1.Sort;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Queries over shards of several leaves, each with its bill and with what its leaves say that they
 * did: the parts must add up to the whole.
 */
final class BilledQueriesGrpcClient {
  private static final String DATASET = "billed";
  private static final String NUMBER = "n";
  private static final String SCHEMA = "{\"fields\": [{\"name\": \"n\", \"type\": \"long\"}]}";
  private static final int SHARDS = 8;
  private static final int DOCUMENTS = 2_000;
  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final QueryRequest REQUEST =
      QueryRequest.newBuilder()
          .setDataset(DATASET)
          .setK(10)
          .addSort(Sort.newBuilder().setField(NUMBER).setDescending(true))
          .putAggs(
              "sum",
              Aggregation.newBuilder()
                  .setStats(Aggregation.Stats.newBuilder().setField(NUMBER))
                  .build())
          .setCountUpTo(DOCUMENTS)
          .setDeadlineMicros(DEADLINE.toNanos() / 1_000)
          .setExplain(true)
          .build();

  private final Channels channels;
  private final HostPort coordinator;
  private final Ticker ticker;

  BilledQueriesGrpcClient(Channels channels, HostPort coordinator, Ticker ticker) {
    this.channels = channels;
    this.coordinator = coordinator;
    this.ticker = ticker;
  }

  /**
   * What queries were billed.
   *
   * @param activeNanos of their bills
   * @param leafNanos of these, at leaves, by what they say of each call, to a microsecond
   * @param problems bills that do not hold their parts
   */
  record Sum(long activeNanos, long leafNanos, LatencyRecorder times, List<String> problems) {}

  /** Makes the dataset; returns when all of it is durable. */
  void load() throws InterruptedException {
    var bulk = new BulkGrpcClient(channels, coordinator);
    bulk.create(DATASET, SCHEMA, SHARDS, 1);
    var documents = new ArrayList<Corpus.Document>();
    for (int i = 0; i < DOCUMENTS; i++) {
      var json = "{\"n\":%d}".formatted(i).getBytes(StandardCharsets.UTF_8);
      documents.add(new Corpus.Document("id" + i, json));
    }
    bulk.load(DATASET, documents);
  }

  /** Asks one after the other. */
  Sum ask(int queries) {
    var stub = QueryGrpc.newBlockingStub(channels.to(coordinator.toString()));
    var times = new LatencyRecorder();
    var problems = new ArrayList<String>();
    long active = 0;
    long leaves = 0;
    for (int i = 0; i < queries; i++) {
      long began = ticker.nanoTime();
      QueryResponse answer;
      try {
        answer = stub.withDeadlineAfter(2 * DEADLINE.toNanos(), TimeUnit.NANOSECONDS).run(REQUEST);
      } catch (StatusRuntimeException e) {
        throw GrpcErrors.fromStatus(e);
      }
      times.record(ticker.nanoTime() - began);
      active += answer.getBill().getActiveNanos();
      leaves += leafNanos(answer);
      check(i, answer, problems);
    }
    return new Sum(active, leaves, times, List.copyOf(problems));
  }

  private static long leafNanos(QueryResponse answer) {
    return 1_000
        * answer.getExplanation().getLeavesList().stream()
            .mapToLong(LeafTiming::getActiveMicros)
            .sum();
  }

  private static void check(int number, QueryResponse answer, List<String> problems) {
    var bill = answer.getBill();
    var calls = answer.getExplanation().getLeavesList();
    if (!bill.getComplete()) {
      problems.add("query " + number + ": not all calls are in the bill: " + bill.getOpenList());
      return;
    }
    long scanned =
        calls.stream()
            .flatMap(call -> call.getShardsList().stream())
            .mapToLong(ShardTiming::getScanned)
            .sum();
    if (bill.getDocumentsScanned() != scanned) {
      problems.add(
          "query %d: billed %d documents (expected: %d, the sum over its shards)"
              .formatted(number, bill.getDocumentsScanned(), scanned));
    }
    // Leaves tell whole microseconds. The rest is the coordinator's, on one thread.
    long own = bill.getActiveNanos() - leafNanos(answer);
    long most = answer.getTookMicros() * 1_000 + 1_000L * (calls.size() + 1);
    if (own < 0 || own > most) {
      problems.add(
          "query %d: billed %d ns of which leaves have %d (expected: no less, and at most %d more)"
              .formatted(number, bill.getActiveNanos(), leafNanos(answer), most));
    }
  }
}
