package dev.heddle.coordinator;

import dev.heddle.internal.v1.InvokerGrpc;
import dev.heddle.internal.v1.InvokerReport;
import dev.heddle.internal.v1.LeafInvokeRequest;
import dev.heddle.internal.v1.LeafLogsRequest;
import dev.heddle.internal.v1.WatchInvokerRequest;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Started;
import dev.heddle.v1.Bill;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.InvokeResponse;
import io.grpc.Metadata;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/** A leaf's invoker by script. */
final class ScriptedInvokerGrpcService extends InvokerGrpc.InvokerImplBase {
  private final String node;

  /** What it was asked for. */
  final Queue<LeafInvokeRequest> asked = new ConcurrentLinkedQueue<>();

  /** What it refuses or fails with, one after the other; then it answers. */
  final Queue<Failure> failures = new ConcurrentLinkedQueue<>();

  /** Whether it takes calls and never answers. */
  volatile boolean silent;

  /** What its log holds. */
  final List<FunctionLogLine> kept = new CopyOnWriteArrayList<>();

  private final List<StreamObserver<FunctionLogLine>> followers = new CopyOnWriteArrayList<>();
  private final List<StreamObserver<InvokerReport>> watches = new CopyOnWriteArrayList<>();
  private volatile InvokerReport report = InvokerReport.getDefaultInstance();

  /**
   * A failure.
   *
   * @param started whether the function's code ran
   */
  record Failure(HeddleException why, boolean started) {}

  ScriptedInvokerGrpcService(String node) {
    this.node = node;
  }

  @Override
  public void invoke(LeafInvokeRequest request, StreamObserver<InvokeResponse> observer) {
    asked.add(request);
    if (silent) {
      return;
    }
    var failure = failures.poll();
    if (failure != null) {
      var status = (failure.started() ? Started.YES : Started.NO).toStatus(failure.why());
      Metadata trailers = Objects.requireNonNull(status.getTrailers());
      if (failure.started()) {
        trailers.put(GrpcMetadata.BILL, bill().toByteArray());
        trailers.put(GrpcMetadata.INVOCATION, request.getInvocationId());
        trailers.put(GrpcMetadata.FUNCTION_VERSION, request.getFunction().getVersion());
      }
      observer.onError(status.getStatus().asRuntimeException(trailers));
      return;
    }
    observer.onNext(
        InvokeResponse.newBuilder()
            .setResultJson(request.getEventJson())
            .setNode(node)
            .setVersion(request.getFunction().getVersion())
            .setInvocationId(request.getInvocationId())
            .setPositionToken(request.getPositionToken())
            .setBill(bill())
            .build());
    observer.onCompleted();
  }

  /** A GiB for a second. */
  private static Bill bill() {
    return Bill.newBuilder()
        .setActiveNanos(1_000_000_000L)
        .setMemoryMibNanos(1_024L * 1_000_000_000L)
        .setComplete(true)
        .build();
  }

  @Override
  public synchronized void watch(
      WatchInvokerRequest request, StreamObserver<InvokerReport> observer) {
    observer.onNext(report);
    watches.add(observer);
  }

  /** From now on the leaf is so. */
  synchronized void tell(InvokerReport now) {
    report = now;
    watches.forEach(watch -> watch.onNext(now));
  }

  boolean watched() {
    return !watches.isEmpty();
  }

  @Override
  public synchronized void logs(LeafLogsRequest request, StreamObserver<FunctionLogLine> observer) {
    kept.forEach(observer::onNext);
    if (!request.getRequest().getFollow()) {
      observer.onCompleted();
      return;
    }
    followers.add(observer);
    observer.onNext(FunctionLogLine.newBuilder().setNode(node).setCaughtUp(true).build());
  }

  int followers() {
    return followers.size();
  }

  /** Sends a line to those who follow. */
  synchronized void write(FunctionLogLine line) {
    kept.add(line);
    followers.forEach(follower -> follower.onNext(line));
  }

  /** Cuts off those who follow. */
  synchronized void cut() {
    var cut = List.copyOf(followers);
    followers.clear();
    cut.forEach(follower -> follower.onError(io.grpc.Status.UNAVAILABLE.asRuntimeException()));
  }
}
