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
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Queries: JSON in, JSON out. Blocking; thread-safe. */
public final class QueryGrpcClient {
  private static final Demand ONE_MORE = Demand.newBuilder().setImprovements(1).build();

  /** How often it is looked whether a taker who lags is ready again. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private static final long LONGEST_LOOK_NANOS = TimeUnit.MINUTES.toNanos(1);

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

    /** Whether an improvement would be taken now. While it would not, none is asked for. */
    default boolean ready() {
      return true;
    }
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
   * when the one before was taken and the taker is ready for it: who takes his time gets the newest
   * then, and none waits for him.
   */
  public void stream(BackendCall call, String dataset, JsonNode query, Answers answers) {
    QueryRequest request =
        QueryJsonWire.read(dataset, query, deadlines.query(), deadlines.mostQuery());
    call.run(session(request), () -> stream(call, request, answers));
  }

  private boolean stream(BackendCall call, QueryRequest request, Answers answers) {
    var improving = new Improving();
    var _ = within(QueryGrpc.newStub(coordinators.channel()), request).improve(improving);
    boolean asked = answers.ready();
    improving.ask(Demand.newBuilder().setRequest(request).setImprovements(asked ? 1 : 0).build());
    boolean last = false;
    String unsettled = "";
    // What came when the taker was not ready any more.
    QueryResponse held = null;
    try {
      while (true) {
        if (!asked && !last && answers.ready()) {
          if (held == null) {
            improving.ask(ONE_MORE);
            asked = true;
          } else if (taken(call, answers, held)) {
            held = null;
            continue;
          } else {
            return false;
          }
        }
        var arrival = improving.next(asked || last ? LONGEST_LOOK_NANOS : LOOK_NANOS);
        if (arrival instanceof Ended) {
          return true;
        }
        if (!(arrival instanceof Answered(var response))) {
          continue;
        }
        asked = false;
        last = response.getFinal();
        // One more look at the session for each improvement would cost more than it is worth.
        unsettled = response.getPositionToken();
        if (last) {
          call.seen(unsettled);
          unsettled = "";
        }
        held = last || answers.ready() ? null : response;
        if (held == null && !taken(call, answers, response)) {
          return false;
        }
      }
    } finally {
      improving.end();
      call.seen(unsettled);
    }
  }

  private static boolean taken(BackendCall call, Answers answers, QueryResponse response) {
    boolean wanted = answers.answer(AnswerJsonWire.write(response, true), response.getFinal());
    if (!wanted) {
      call.cancel("client: wants no more answers");
    }
    return wanted;
  }

  private sealed interface Arrival {}

  private record Answered(QueryResponse response) implements Arrival {}

  private record Ended(Optional<StatusRuntimeException> failure) implements Arrival {}

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

    @Override
    public void beforeStart(ClientCallStreamObserver<Demand> call) {
      demands = call;
    }

    void ask(Demand demand) {
      demands.onNext(demand);
    }

    /**
     * Waits for the next answer, or for the end that is none; null: it has not come by then.
     *
     * @throws StatusRuntimeException as the call ended
     */
    @Nullable Arrival next(long nanos) {
      try {
        var arrival = arrivals.poll(nanos, TimeUnit.NANOSECONDS);
        if (arrival instanceof Ended(var failure)) {
          over = true;
          if (failure.isPresent()) {
            throw failure.get();
          }
        }
        return arrival;
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
