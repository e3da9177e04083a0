package dev.heddle.coordinator;

import dev.heddle.coordinator.scatter.Part;
import dev.heddle.coordinator.scatter.PartWire;
import dev.heddle.coordinator.scatter.SettleGrpcClient;
import dev.heddle.engine.QueryWire;
import dev.heddle.engine.SettleWire;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.RaiseRequest;
import dev.heddle.internal.v1.RaiseResponse;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.SettleRequest;
import dev.heddle.internal.v1.SettleResponse;
import dev.heddle.internal.v1.StatisticsRequest;
import dev.heddle.internal.v1.StatisticsResponse;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HandOffService;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;

/**
 * The coordinator's side of the service that leaves implement, too: takes parts of other
 * coordinators' plans. Hands them to threads that may wait.
 */
final class PartGrpcService extends ScatterGrpc.ScatterImplBase implements HandOffService {
  private final String node;
  private final Parts parts;
  private final ExecutorService threads;
  private final Duration maxDeadline;
  private final Ticker ticker;

  /**
   * @param threads a new one for each part; their owner closes them
   */
  PartGrpcService(
      String node, Parts parts, ExecutorService threads, Duration maxDeadline, Ticker ticker) {
    this.node = node;
    this.parts = parts;
    this.threads = threads;
    this.maxDeadline = maxDeadline;
    this.ticker = ticker;
  }

  @Override
  public void execute(LeafRequest request, StreamObserver<LeafResponse> observer) {
    if (request.getPartsCount() == 0) {
      observer.onError(GrpcErrors.toStatus(noLeaf("shards")));
      return;
    }
    try {
      parts.enter(PartWire.call(request));
    } catch (HeddleException e) {
      observer.onError(GrpcErrors.toStatus(e));
      return;
    }
    try {
      threads.execute(Context.current().wrap(() -> answer(request, observer)));
    } catch (RejectedExecutionException e) {
      refuse(
          request, observer, new HeddleException(ErrorCode.UNAVAILABLE, "coordinator: closes", e));
    } catch (RuntimeException | Error e) {
      // As where there are no more threads.
      refuse(request, observer, e);
    }
  }

  private void refuse(LeafRequest request, StreamObserver<LeafResponse> observer, Throwable cause) {
    parts.leave();
    parts.nothing(PartWire.call(request));
    GrpcCalls.fail(observer, cause);
  }

  private void answer(LeafRequest request, StreamObserver<LeafResponse> observer) {
    var call = (ServerCallStreamObserver<LeafResponse>) observer;
    // What it cancels is cancelled after itself: so whoever sees that can tell why.
    var caller = Context.current();
    try {
      var part = part(request);
      var deadline = Deadline.ofGrpc(caller.getDeadline(), maxDeadline, ticker);
      parts.run(
          part, deadline, caller::isCancelled, answer -> call.onNext(PartWire.response(answer)));
      call.onCompleted();
    } catch (InterruptedException | RuntimeException | Error e) {
      GrpcCalls.fail(observer, e);
    } finally {
      parts.leave();
    }
  }

  private Part part(LeafRequest request) {
    try {
      return PartWire.part(request, node);
    } catch (RuntimeException e) {
      parts.nothing(PartWire.call(request));
      throw e;
    }
  }

  private static HeddleException noLeaf(String what) {
    return new HeddleException(
        ErrorCode.NOT_OWNER, what + ": of a node without a leaf (expected: parts of a plan)");
  }

  @Override
  public void statistics(StatisticsRequest request, StreamObserver<StatisticsResponse> observer) {
    observer.onError(GrpcErrors.toStatus(noLeaf("statistics")));
  }

  @Override
  public void raise(RaiseRequest request, StreamObserver<RaiseResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var tenant = RequestContext.current().ownTenant("bar", request.getTenant());
          parts.raise(new Courses.Name(tenant, PartWire.call(request)), PartWire.bar(request));
          return RaiseResponse.getDefaultInstance();
        });
  }

  @Override
  public void settle(SettleRequest request, StreamObserver<SettleResponse> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            SettleWire.response(
                request, call -> parts.bill(SettleGrpcClient.ref(call)).map(QueryWire::bill)));
  }
}
