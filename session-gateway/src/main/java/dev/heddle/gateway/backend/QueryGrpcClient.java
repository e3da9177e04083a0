package dev.heddle.gateway.backend;

import dev.heddle.catalog.Coordinators;
import dev.heddle.json.AnswerJsonWire;
import dev.heddle.json.QueryJsonWire;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ReadLevel;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/** Queries: JSON in, JSON out. Blocking; thread-safe. */
public final class QueryGrpcClient {
  private final Coordinators coordinators;
  private final Deadlines deadlines;

  public QueryGrpcClient(Coordinators coordinators, Deadlines deadlines) {
    this.coordinators = coordinators;
    this.deadlines = deadlines;
  }

  /** Takes the answers of a stream. */
  @FunctionalInterface
  public interface Answers {
    /**
     * Takes one; may block, then the coordinator waits.
     *
     * @param last whether it is the final one
     * @return false: no more wanted
     */
    boolean answer(byte[] json, boolean last);
  }

  /** Answers once, by the deadline. */
  public byte[] run(BackendCall call, String dataset, JsonNode query) {
    QueryRequest request =
        QueryJsonWire.read(dataset, query, deadlines.query(), deadlines.mostQuery());
    return call.run(
        session(request),
        () -> {
          QueryResponse response = stub(request).run(request);
          call.seen(response.getPositionToken());
          return AnswerJsonWire.write(response, false);
        });
  }

  /** Hands over each improvement of the answer, the final one last. */
  public void stream(BackendCall call, String dataset, JsonNode query, Answers answers) {
    QueryRequest request =
        QueryJsonWire.read(dataset, query, deadlines.query(), deadlines.mostQuery());
    call.run(
        session(request),
        () -> {
          Iterator<QueryResponse> responses = stub(request).stream(request);
          String unsettled = "";
          try {
            boolean wanted = true;
            while (wanted && responses.hasNext()) {
              QueryResponse response = responses.next();
              // One more look at the session for each improvement would cost more than it is worth.
              unsettled = response.getPositionToken();
              if (response.getFinal()) {
                call.seen(unsettled);
                unsettled = "";
              }
              byte[] json = AnswerJsonWire.write(response, true);
              wanted = answers.answer(json, response.getFinal());
            }
            if (!wanted) {
              call.cancel("client: wants no more answers");
            }
            return wanted;
          } finally {
            call.seen(unsettled);
          }
        });
  }

  private static boolean session(QueryRequest request) {
    return request.getRead() == ReadLevel.READ_LEVEL_SESSION;
  }

  private QueryGrpc.QueryBlockingStub stub(QueryRequest request) {
    long nanos =
        TimeUnit.MICROSECONDS.toNanos(request.getDeadlineMicros()) + deadlines.margin().toNanos();
    return QueryGrpc.newBlockingStub(coordinators.channel())
        .withDeadlineAfter(nanos, TimeUnit.NANOSECONDS);
  }
}
