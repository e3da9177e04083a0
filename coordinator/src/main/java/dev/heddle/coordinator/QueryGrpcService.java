package dev.heddle.coordinator;

import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.Queries.Options;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.scatter.ReplicaWire;
import dev.heddle.engine.QueryWire;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;

/** Queries over gRPC. */
final class QueryGrpcService extends QueryGrpc.QueryImplBase {
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
    answer(request, (ServerCallStreamObserver<QueryResponse>) observer, false);
  }

  @Override
  public void stream(QueryRequest request, StreamObserver<QueryResponse> observer) {
    answer(request, (ServerCallStreamObserver<QueryResponse>) observer, true);
  }

  private void answer(
      QueryRequest request, ServerCallStreamObserver<QueryResponse> observer, boolean streamed) {
    // The call's own listener waits for this method to end; its context does not.
    var caller = Context.current();
    try {
      var answer =
          queries.run(
              request.getDataset(),
              request.getFunction(),
              QueryWire.request(request),
              options(request),
              caller::isCancelled,
              streamed ? Optional.of(new Sending(observer)) : Optional.empty());
      observer.onNext(AnswerWire.response(answer, request.getExplain(), config.rates()));
      observer.onCompleted();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      observer.onError(
          GrpcErrors.toStatus(new HeddleException(ErrorCode.CANCELLED, "query: interrupted", e)));
    } catch (RuntimeException e) {
      observer.onError(GrpcErrors.toStatus(e));
    }
  }

  /** A client that reads slowly gets fewer improvements, never a backlog of them. */
  private final class Sending implements Improvements {
    private final ServerCallStreamObserver<QueryResponse> client;

    Sending(ServerCallStreamObserver<QueryResponse> client) {
      this.client = client;
    }

    @Override
    public boolean wanted() {
      return client.isReady();
    }

    @Override
    public void improved(QueryAnswer answer) {
      client.onNext(AnswerWire.response(answer, false, config.rates()));
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
