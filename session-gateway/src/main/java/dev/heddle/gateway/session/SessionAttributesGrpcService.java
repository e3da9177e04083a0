package dev.heddle.gateway.session;

import dev.heddle.internal.v1.AttributeChange;
import dev.heddle.internal.v1.GetAttributesRequest;
import dev.heddle.internal.v1.GetAttributesResponse;
import dev.heddle.internal.v1.SessionAttributesGrpc;
import dev.heddle.internal.v1.SessionPositionsRequest;
import dev.heddle.internal.v1.SessionPositionsResponse;
import dev.heddle.internal.v1.SetAttributesRequest;
import dev.heddle.internal.v1.SetAttributesResponse;
import dev.heddle.process.GrpcCalls;
import io.grpc.stub.StreamObserver;

/** Cookie sessions, for running handlers. Blocks on the grid. */
public final class SessionAttributesGrpcService
    extends SessionAttributesGrpc.SessionAttributesImplBase {
  private final SessionStore store;

  public SessionAttributesGrpcService(SessionStore store) {
    this.store = store;
  }

  @Override
  public void get(GetAttributesRequest request, StreamObserver<GetAttributesResponse> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            GetAttributesResponse.newBuilder()
                .putAllAttributes(
                    store.get(request.getTenant(), request.getSession(), request.getNamesList()))
                .build());
  }

  @Override
  public void set(SetAttributesRequest request, StreamObserver<SetAttributesResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var changes =
              request.getChangesList().stream().map(SessionAttributesGrpcService::change).toList();
          boolean applied = store.change(request.getTenant(), request.getSession(), changes);
          return SetAttributesResponse.newBuilder().setApplied(applied).build();
        });
  }

  @Override
  public void positions(
      SessionPositionsRequest request, StreamObserver<SessionPositionsResponse> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            SessionPositionsResponse.newBuilder()
                .setPositionToken(
                    store.positions(request.getTenant(), request.getSession()).toString())
                .build());
  }

  private static SessionStore.Change change(AttributeChange change) {
    return new SessionStore.Change(
        change.getName(),
        change.hasValue() ? change.getValue() : null,
        change.hasExpected() ? change.getExpected() : null);
  }
}
