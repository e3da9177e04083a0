package dev.heddle.coordinator;

import dev.heddle.coordinator.InvocationGrpcClient.Caller;
import dev.heddle.process.CallerThreadService;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import io.grpc.stub.StreamObserver;

/** Plain invocations from outside. Blocks, so it runs on virtual threads. */
final class InvocationsGrpcService extends InvocationsGrpc.InvocationsImplBase
    implements CallerThreadService {
  private final InvocationDoorWire door;

  InvocationsGrpcService(InvocationDoorWire door) {
    this.door = door;
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
    door.answer(request, new Caller(context.tenant(), 0, context.position()), observer);
  }
}
