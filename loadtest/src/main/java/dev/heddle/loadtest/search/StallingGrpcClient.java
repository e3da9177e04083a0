package dev.heddle.loadtest.search;

import dev.heddle.process.Channels;
import dev.heddle.process.HostPort;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/** Asks a coordinator for {@link StallingCount} over all documents, and checks each answer. */
final class StallingGrpcClient implements Subject {
  private static final long DEADLINE_SECONDS = 30;
  private static final long QUERY_SECONDS = 20;

  private final String name;
  private final Channels channels;
  private final HostPort coordinator;
  private final Supplier<List<Long>> processes;
  private final QueryRequest request;
  private final long documents;
  private final LongAdder queries = new LongAdder();
  private final LongAdder hedged = new LongAdder();

  /**
   * @param share of calls of leaves that stall
   * @param documents that there are
   */
  StallingGrpcClient(
      String name,
      Channels channels,
      HostPort coordinator,
      Supplier<List<Long>> processes,
      String dataset,
      double share,
      long millis,
      long documents) {
    this.name = name;
    this.channels = channels;
    this.coordinator = coordinator;
    this.processes = processes;
    this.documents = documents;
    this.request =
        QueryRequest.newBuilder()
            .setDataset(dataset)
            .setFunction("stalling")
            .setArgsJson("{\"share\":" + share + ",\"millis\":" + millis + "}")
            .setDeadlineMicros(TimeUnit.SECONDS.toMicros(QUERY_SECONDS))
            .build();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Long> pids() {
    return processes.get();
  }

  @Override
  public boolean ranksExactly() {
    return true;
  }

  /** Shards that were asked of a further replica, for each query up to now. */
  double hedgedPerQuery() {
    return hedged.sum() / (double) Math.max(1, queries.sum());
  }

  /** What was counted up to now is forgotten. */
  void forget() {
    queries.reset();
    hedged.reset();
  }

  @Override
  public Seat seat() {
    var stub = QueryGrpc.newBlockingStub(channels.to(coordinator.toString()));
    return new Seat() {
      @Override
      public Reply ask(int query) throws IOException {
        try {
          var answer = stub.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS).run(request);
          queries.increment();
          hedged.add(answer.getBill().getHedges());
          var coverage = answer.getCoverage();
          if (!answer.getResultJson().equals(Long.toString(documents))
              || coverage.getSeen() != documents) {
            throw new IOException(
                "counted %s, seen %d of %d (expected: %d)"
                    .formatted(
                        answer.getResultJson(),
                        coverage.getSeen(),
                        coverage.getTarget(),
                        documents));
          }
          return () -> new Found(documents, true, List.of(), Map.of(), "");
        } catch (StatusRuntimeException e) {
          throw new IOException(e.getStatus().toString(), e);
        }
      }

      @Override
      public void close() {
        // The channel is shared.
      }
    };
  }
}
