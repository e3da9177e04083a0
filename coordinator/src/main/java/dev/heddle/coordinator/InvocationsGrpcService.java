package dev.heddle.coordinator;

import dev.heddle.coordinator.InvocationGrpcClient.Caller;
import dev.heddle.coordinator.admission.SharedAdmission;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;

/** Plain invocations from outside. Blocks, so it runs on virtual threads. */
final class InvocationsGrpcService extends InvocationsGrpc.InvocationsImplBase {
  private final InvocationGrpcClient invocations;
  private final SharedAdmission admission;

  InvocationsGrpcService(CoordinatorConfig config, InvocationGrpcClient invocations) {
    this.invocations = invocations;
    this.admission = SharedAdmission.leavingAQuarter("invocations", config.invocations());
  }

  @Override
  public void invoke(InvokeRequest request, StreamObserver<InvokeResponse> observer) {
    var context = RequestContext.current();
    if (request.hasSession() && !context.node()) {
      GrpcCalls.fail(
          observer,
          new HeddleException(
              ErrorCode.FORBIDDEN,
              "session: named by a client (expected: none; a gateway names it)"));
      return;
    }
    var caller = new Caller(context.tenant(), 0, context.position());
    answer(admission, invocations, request, caller, observer);
  }

  /** Answers a call that holds a slot meanwhile. */
  static void answer(
      SharedAdmission admission,
      InvocationGrpcClient invocations,
      InvokeRequest request,
      Caller caller,
      StreamObserver<InvokeResponse> observer) {
    InvokeResponse response;
    try (var _ = admission.admit(caller.tenant())) {
      response = invocations.invoke(request, caller);
    } catch (StatusRuntimeException e) {
      // As it is: its trailers hold the bill.
      observer.onError(e);
      return;
    } catch (RuntimeException | Error e) {
      GrpcCalls.fail(observer, e);
      return;
    }
    observer.onNext(response);
    observer.onCompleted();
  }
}
