package dev.heddle.gateway.backend;

import dev.heddle.catalog.Coordinators;
import dev.heddle.json.AnswerJsonWire;
import dev.heddle.json.QueryJsonWire;
import dev.heddle.process.CallerThreadService;
import dev.heddle.v1.Demand;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ReadLevel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/** Queries: JSON in, JSON out. Blocking; thread-safe. */
public final class QueryGrpcClient {
  private static final Demand ONE_MORE = Demand.newBuilder().setImprovements(1).build();

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
     * Takes one; may block: the next is then the newest there is.
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

  /**
   * Hands over improvements of the answer, the final one last. The next improvement is asked for
   * when the one before was taken: who takes his time gets the newest then, and none waits for him.
   */
  public void stream(BackendCall call, String dataset, JsonNode query, Answers answers) {
    QueryRequest request =
        QueryJsonWire.read(dataset, query, deadlines.query(), deadlines.mostQuery());
    call.run(session(request), () -> stream(call, request, answers));
  }

  private boolean stream(BackendCall call, QueryRequest request, Answers answers) {
    var improving = new Improving();
    var _ = within(QueryGrpc.newStub(coordinators.channel()), request).improve(improving);
    improving.ask(Demand.newBuilder().setRequest(request).setImprovements(1).build());
    String unsettled = "";
    boolean wanted = true;
    try {
      var next = improving.next();
      while (next.isPresent()) {
        QueryResponse response = next.get();
        // One more look at the session for each improvement would cost more than it is worth.
        unsettled = response.getPositionToken();
        if (response.getFinal()) {
          call.seen(unsettled);
          unsettled = "";
        }
        byte[] json = AnswerJsonWire.write(response, true);
        wanted = answers.answer(json, response.getFinal());
        if (!wanted) {
          call.cancel("client: wants no more answers");
          return false;
        }
        if (!response.getFinal()) {
          improving.ask(ONE_MORE);
        }
        next = improving.next();
      }
      return true;
    } finally {
      improving.end();
      call.seen(unsettled);
    }
  }

  /**
   * A query under way, which one thread waits for. As it asks for one improvement at a time, at
   * most that, the final answer and the end wait for it.
   */
  private static final class Improving implements ClientResponseObserver<Demand, QueryResponse> {
    private final LinkedBlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();

    /** Set before the stub returns. */
    @SuppressWarnings("NullAway.Init")
    private ClientCallStreamObserver<Demand> demands;

    private boolean over;

    private sealed interface Arrival {}

    private record Answered(QueryResponse response) implements Arrival {}

    private record Ended(Optional<StatusRuntimeException> failure) implements Arrival {}

    @Override
    public void beforeStart(ClientCallStreamObserver<Demand> call) {
      demands = call;
    }

    void ask(Demand demand) {
      demands.onNext(demand);
    }

    /**
     * Waits for the next answer; empty: there is none after the last one.
     *
     * @throws StatusRuntimeException as the call ended
     */
    Optional<QueryResponse> next() {
      try {
        return switch (arrivals.take()) {
          case Answered(var response) -> Optional.of(response);
          case Ended(var failure) -> {
            over = true;
            if (failure.isPresent()) {
              throw failure.get();
            }
            yield Optional.empty();
          }
        };
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw Status.CANCELLED.withDescription("interrupted").withCause(e).asRuntimeException();
      }
    }

    /** Nobody waits for anything any more. */
    void end() {
      if (!over) {
        demands.cancel("no more answers are wanted", null);
      }
    }

    @Override
    public void onNext(QueryResponse response) {
      arrivals.add(new Answered(response));
    }

    @Override
    public void onError(Throwable failure) {
      arrivals.add(
          new Ended(
              Optional.of(
                  failure instanceof StatusRuntimeException known
                      ? known
                      : Status.fromThrowable(failure).asRuntimeException())));
    }

    @Override
    public void onCompleted() {
      arrivals.add(new Ended(Optional.empty()));
    }
  }

  private static boolean session(QueryRequest request) {
    return request.getRead() == ReadLevel.READ_LEVEL_SESSION;
  }

  private QueryGrpc.QueryBlockingStub stub(QueryRequest request) {
    var stub = within(QueryGrpc.newBlockingStub(coordinators.channel()), request);
    // Of the platform's own code it is known that it ends by the deadline.
    return request.getFunction().isEmpty() ? stub : CallerThreadService.elsewhere(stub);
  }

  private <S extends AbstractStub<S>> S within(S stub, QueryRequest request) {
    long nanos =
        TimeUnit.MICROSECONDS.toNanos(request.getDeadlineMicros()) + deadlines.margin().toNanos();
    return stub.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS);
  }
}
