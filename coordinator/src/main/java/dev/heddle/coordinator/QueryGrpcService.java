package dev.heddle.coordinator;

import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.Queries.Options;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.scatter.ReplicaWire;
import dev.heddle.engine.QueryWire;
import dev.heddle.process.CallerThreadService;
import dev.heddle.process.Carriers;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.v1.Demand;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Queries over gRPC. One that was handed over on its caller's thread must be one of the platform's
 * own functions: these end by the deadline.
 */
final class QueryGrpcService extends QueryGrpc.QueryImplBase implements CallerThreadService {
  private static final int MOST_CREDITS = 1_000;
  private static final ThreadFactory STREAMED = Carriers.virtual("streamed-query");

  private final CoordinatorConfig config;
  private final Queries queries;
  private final Ticker ticker;

  QueryGrpcService(CoordinatorConfig config, Queries queries, Ticker ticker) {
    this.config = config;
    this.queries = queries;
    this.ticker = ticker;
  }

  @Override
  public void run(QueryRequest request, StreamObserver<QueryResponse> observer) {
    // The call's own listener waits for this method to end; its context does not.
    answer(
        request,
        (ServerCallStreamObserver<QueryResponse>) observer,
        Context.current()::isCancelled,
        Optional.empty(),
        Optional::empty);
  }

  @Override
  public void stream(QueryRequest request, StreamObserver<QueryResponse> observer) {
    var sending = new Sending((ServerCallStreamObserver<QueryResponse>) observer);
    // While a method of the service runs, nothing is told of what the client can take.
    begin(() -> answer(request, sending));
  }

  @Override
  public StreamObserver<Demand> improve(StreamObserver<QueryResponse> observer) {
    return new Demanded(new Granted((ServerCallStreamObserver<QueryResponse>) observer));
  }

  private static void begin(Runnable query) {
    STREAMED.newThread(Context.current().wrap(query)).start();
  }

  private void answer(QueryRequest request, Sending sending) {
    var caller = Context.current();
    answer(
        request,
        sending.client,
        () -> caller.isCancelled() || sending.failure().isPresent(),
        Optional.of(sending),
        sending::failure);
  }

  private void answer(
      QueryRequest request,
      ServerCallStreamObserver<QueryResponse> observer,
      BooleanSupplier cancelled,
      Optional<Improvements> improvements,
      Supplier<Optional<HeddleException>> failure) {
    try {
      var answer =
          queries.run(
              request.getDataset(),
              request.getFunction(),
              QueryWire.request(request),
              options(request),
              cancelled,
              improvements);
      // The query itself looks only where it waits for long.
      failure
          .get()
          .ifPresent(wrong -> {
            throw wrong;
          });
      observer.onNext(AnswerWire.response(answer, request.getExplain(), config.rates()));
      observer.onCompleted();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      observer.onError(
          GrpcErrors.toStatus(new HeddleException(ErrorCode.CANCELLED, "query: interrupted", e)));
    } catch (RuntimeException e) {
      var known = failure.get();
      observer.onError(GrpcErrors.toStatus(known.isPresent() ? known.get() : e));
    } catch (Error e) {
      // Nobody else ends the call.
      observer.onError(GrpcErrors.toStatus(e));
      throw e;
    }
  }

  /** A client that reads slowly gets fewer improvements, never a backlog of them. */
  private class Sending implements Improvements {
    final ServerCallStreamObserver<QueryResponse> client;
    private volatile Runnable wake = () -> {};

    Sending(ServerCallStreamObserver<QueryResponse> client) {
      this.client = client;
      client.setOnReadyHandler(this::wake);
      // Who is gone is seen by the call's context; without this, to send would throw.
      client.setOnCancelHandler(() -> {});
    }

    /** What the client did wrong meanwhile. */
    Optional<HeddleException> failure() {
      return Optional.empty();
    }

    final void wake() {
      wake.run();
    }

    @Override
    public boolean wanted() {
      return client.isReady();
    }

    @Override
    public void improved(QueryAnswer answer) {
      client.onNext(AnswerWire.response(answer, false, config.rates()));
    }

    @Override
    public void whenWanted(Runnable wake) {
      this.wake = wake;
      // It may have come to be wanted before.
      wake.run();
    }
  }

  /** A client that says how many it can take. */
  private final class Granted extends Sending {
    private final AtomicInteger credits = new AtomicInteger();
    private volatile Optional<HeddleException> failure = Optional.empty();

    Granted(ServerCallStreamObserver<QueryResponse> client) {
      super(client);
    }

    void grant(int more) {
      credits.updateAndGet(before -> Math.min(MOST_CREDITS, before + more));
      wake();
    }

    /** Ends the query with this, on its own thread: two must not speak to the client. */
    void fail(HeddleException cause) {
      failure = Optional.of(cause);
    }

    @Override
    Optional<HeddleException> failure() {
      return failure;
    }

    @Override
    public boolean wanted() {
      return credits.get() > 0 && super.wanted();
    }

    @Override
    public void improved(QueryAnswer answer) {
      credits.decrementAndGet();
      super.improved(answer);
    }
  }

  /** What comes from such a client; for the call's own thread. */
  private final class Demanded implements StreamObserver<Demand> {
    private final Granted granted;
    private boolean begun;
    private boolean over;

    Demanded(Granted granted) {
      this.granted = granted;
    }

    @Override
    public void onNext(Demand demand) {
      if (over) {
        return;
      }
      int more = demand.getImprovements();
      if (more < 0 || more > MOST_CREDITS) {
        refuse(
            ErrorCode.OUT_OF_RANGE,
            "improvements: %s (expected: 0..%d)"
                .formatted(Integer.toUnsignedString(more), MOST_CREDITS));
      } else if (demand.hasRequest() == begun) {
        refuse(
            ErrorCode.INVALID_REQUEST,
            begun
                ? "request: a second one (expected: in the first message only)"
                : "request: none (expected: in the first message)");
      } else {
        granted.grant(more);
        if (!begun) {
          begun = true;
          begin(() -> answer(demand.getRequest(), granted));
        }
      }
    }

    private void refuse(ErrorCode code, String message) {
      over = true;
      var failure = new HeddleException(code, message);
      if (begun) {
        granted.fail(failure);
      } else {
        granted.client.onError(GrpcErrors.toStatus(failure));
      }
    }

    @Override
    public void onError(Throwable gone) {
      // The query sees it by the call's context.
      over = true;
    }

    @Override
    public void onCompleted() {
      if (!begun && !over) {
        refuse(ErrorCode.INVALID_REQUEST, "request: none (expected: in the first message)");
      }
      over = true;
    }
  }

  private Options options(QueryRequest request) {
    long micros = request.getDeadlineMicros();
    if (micros < 0 || micros > config.maxDeadline().toNanos() / 1_000) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE,
          "deadline: " + micros + "us (expected: 1us.." + config.maxDeadline().toSeconds() + "s)");
    }
    var asked = micros == 0 ? config.defaultDeadline() : Duration.ofNanos(micros * 1_000);
    var deadline = Deadline.after(asked, ticker);
    var call = Context.current().getDeadline();
    if (call != null) {
      var outer = Deadline.ofGrpc(call, config.maxDeadline(), ticker);
      if (micros == 0 || outer.remainingNanos(ticker) < deadline.remainingNanos(ticker)) {
        deadline = outer;
      }
    }
    return new Options(
        deadline,
        request.getMinCoverage(),
        request.getExplain(),
        ReplicaWire.level(request.getRead(), Reading.Level.ANY),
        PositionToken.parse(RequestContext.current().position()));
  }
}
