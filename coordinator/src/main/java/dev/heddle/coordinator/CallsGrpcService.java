package dev.heddle.coordinator;

import dev.heddle.coordinator.InvocationGrpcClient.Caller;
import dev.heddle.coordinator.admission.SharedAdmission;
import dev.heddle.engine.InvocationScope;
import dev.heddle.internal.v1.CallsGrpc;
import dev.heddle.internal.v1.NestedInvokeRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.v1.InvokeResponse;
import io.grpc.stub.StreamObserver;

/**
 * What leaves ask for the functions that run on them. Calls within calls hold no slot of those from
 * outside: their callers, which wait for them, have those. Blocks, so it runs on virtual threads.
 */
final class CallsGrpcService extends CallsGrpc.CallsImplBase {
  private final InvocationGrpcClient invocations;
  private final SharedAdmission admission;

  CallsGrpcService(CoordinatorConfig config, InvocationGrpcClient invocations) {
    this.invocations = invocations;
    // Each call from outside can have one open at every level, and more where it calls side by
    // side.
    int most = Math.multiplyExact(config.invocations(), InvocationScope.MAX_DEPTH);
    this.admission = SharedAdmission.leavingAQuarter("nested invocations", most);
  }

  @Override
  public void invoke(NestedInvokeRequest request, StreamObserver<InvokeResponse> observer) {
    int depth = request.getDepth();
    if (depth < 1 || depth > InvocationScope.MAX_DEPTH) {
      GrpcCalls.fail(
          observer,
          new HeddleException(
              ErrorCode.LIMIT_REACHED,
              "calls within calls: "
                  + depth
                  + " deep (expected: at most "
                  + InvocationScope.MAX_DEPTH
                  + ")"));
      return;
    }
    var caller = new Caller(RequestContext.current().tenant(), depth, request.getPositionToken());
    InvocationsGrpcService.answer(admission, invocations, request.getRequest(), caller, observer);
  }
}
