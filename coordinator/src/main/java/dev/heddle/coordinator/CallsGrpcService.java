package dev.heddle.coordinator;

import dev.heddle.coordinator.InvocationGrpcClient.Caller;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionLogsWire;
import dev.heddle.engine.InvocationScope;
import dev.heddle.internal.v1.CallsGrpc;
import dev.heddle.internal.v1.LeafLogsRequest;
import dev.heddle.internal.v1.NestedInvokeRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Started;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.InvokeResponse;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/**
 * What leaves ask for the functions that run on them, and coordinators for what functions wrote on
 * this one. Calls within calls hold no slot of those from outside: their callers, which wait for
 * them, have those. Blocks, so it runs on virtual threads.
 */
final class CallsGrpcService extends CallsGrpc.CallsImplBase {
  private final InvocationDoorWire door;
  private final String node;
  private final FunctionLogs logs;

  /**
   * @param logs of what runs on this node
   */
  CallsGrpcService(InvocationDoorWire door, String node, FunctionLogs logs) {
    this.door = door;
    this.node = node;
    this.logs = logs;
  }

  /**
   * Each call from outside can have one open at every level, and more where it calls side by side.
   */
  static int most(CoordinatorConfig config) {
    return Math.multiplyExact(config.invocations(), InvocationScope.MAX_DEPTH);
  }

  @Override
  public void invoke(NestedInvokeRequest request, StreamObserver<InvokeResponse> observer) {
    int depth = request.getDepth();
    if (depth < 1 || depth > InvocationScope.MAX_DEPTH) {
      observer.onError(
          Started.NO.toStatus(
              new HeddleException(
                  ErrorCode.LIMIT_REACHED,
                  "calls within calls: "
                      + depth
                      + " deep (expected: at most "
                      + InvocationScope.MAX_DEPTH
                      + ")")));
      return;
    }
    var caller = new Caller(RequestContext.current().tenant(), depth, request.getPositionToken());
    door.answer(request.getRequest(), caller, observer);
  }

  @Override
  public void logs(LeafLogsRequest request, StreamObserver<FunctionLogLine> observer) {
    try {
      new FunctionLogsWire(node, logs, (ServerCallStreamObserver<FunctionLogLine>) observer)
          .open(request);
    } catch (RuntimeException e) {
      GrpcCalls.fail(observer, e);
    }
  }
}
