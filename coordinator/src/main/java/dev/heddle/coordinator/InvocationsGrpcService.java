package dev.heddle.coordinator;

import dev.heddle.coordinator.InvocationGrpcClient.Caller;
import dev.heddle.coordinator.admission.Admission;
import dev.heddle.process.CallerThreadService;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.RequestContext;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;

/** Plain invocations from outside. Blocks, so it runs on virtual threads. */
final class InvocationsGrpcService extends InvocationsGrpc.InvocationsImplBase
    implements CallerThreadService {
  private final InvocationGrpcClient invocations;
  private final Admission admission;

  InvocationsGrpcService(CoordinatorConfig config, InvocationGrpcClient invocations) {
    this.invocations = invocations;
    this.admission = new Admission("invocations", config.invocations());
  }

  @Override
  public void invoke(InvokeRequest request, StreamObserver<InvokeResponse> observer) {
    var context = RequestContext.current();
    var caller = new Caller(context.tenant(), 0, context.position());
    answer(admission, invocations, request, caller, observer);
  }

  /** Answers a call that holds a slot meanwhile. */
  static void answer(
      Admission admission,
      InvocationGrpcClient invocations,
      InvokeRequest request,
      Caller caller,
      StreamObserver<InvokeResponse> observer) {
    InvokeResponse response;
    try (var _ = admission.admit()) {
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
