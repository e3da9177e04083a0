package dev.heddle.loadtest.search;

import com.google.common.util.concurrent.ListenableFuture;
import dev.heddle.process.Channels;
import dev.heddle.process.HostPort;
import dev.heddle.v1.Aggregation;
import dev.heddle.v1.All;
import dev.heddle.v1.Clause;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Sends group-bys, many at once. Safe for many threads. */
final class GroupBysGrpcClient {
  private final QueryGrpc.QueryFutureStub stub;

  GroupBysGrpcClient(Channels channels, HostPort coordinator) {
    stub = QueryGrpc.newFutureStub(channels.to(coordinator.toString()));
  }

  /** What is asked. */
  record Asked(QueryRequest request) {
    /**
     * By a field.
     *
     * @param times the same so often in one query
     */
    static Asked terms(String dataset, String field, int size, int times) {
      return asked(dataset, aggregation(field, size), times);
    }

    /** By the long keys, with two top hits and three figures of each. */
    static Asked nested(String dataset, int size) {
      var aggregation =
          aggregation(GroupBysWire.LONG, size).toBuilder()
              .putAggs(
                  "hits",
                  Aggregation.newBuilder()
                      .setTopHits(Aggregation.TopHits.newBuilder().setSize(2))
                      .build())
              .putAggs(
                  "stats",
                  Aggregation.newBuilder()
                      .setStats(Aggregation.Stats.newBuilder().setField("n"))
                      .build())
              .putAggs(
                  "different",
                  Aggregation.newBuilder()
                      .setCardinality(
                          Aggregation.Cardinality.newBuilder().setField("n").setError(0.05))
                      .build())
              .putAggs(
                  "quantiles",
                  Aggregation.newBuilder()
                      .setQuantiles(Aggregation.Quantiles.newBuilder().setField("n").setError(0.05))
                      .build())
              .build();
      return asked(dataset, aggregation, 1);
    }

    private static Aggregation aggregation(String field, int size) {
      return Aggregation.newBuilder()
          .setTerms(Aggregation.Terms.newBuilder().setField(field).setSize(size))
          .build();
    }

    private static Asked asked(String dataset, Aggregation aggregation, int times) {
      var request =
          QueryRequest.newBuilder()
              .setDataset(dataset)
              .setQuery(Clause.newBuilder().setAll(All.getDefaultInstance()))
              .setK(0);
      for (int i = 0; i < times; i++) {
        request.putAggs("by" + i, aggregation);
      }
      return new Asked(request.build());
    }
  }

  /** An answer that is to come. */
  static final class Answer {
    private final ListenableFuture<QueryResponse> response;

    private Answer(ListenableFuture<QueryResponse> response) {
      this.response = response;
    }

    boolean isDone() {
      return response.isDone();
    }

    /**
     * Waits for it.
     *
     * @return what is wrong with it; empty: nothing
     * @throws ExecutionException where it was refused
     */
    String wrong(GroupBysWire truth, String field) throws InterruptedException, ExecutionException {
      return truth.wrong(response.get(), field);
    }
  }

  List<Answer> send(Asked asked, int times, Duration deadline) {
    var answers = new ArrayList<Answer>();
    var timed = stub.withDeadlineAfter(deadline.toNanos(), TimeUnit.NANOSECONDS);
    for (int i = 0; i < times; i++) {
      answers.add(new Answer(timed.run(asked.request())));
    }
    return answers;
  }
}
