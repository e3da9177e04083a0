package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.internal.v1.ConnectionRef;
import dev.heddle.internal.v1.ConnectionReply;
import dev.heddle.internal.v1.ConnectionsGrpc;
import dev.heddle.process.GrpcCalls;
import io.grpc.stub.StreamObserver;
import java.util.function.Predicate;

/** What other gateways say of connections that clients took from one to another. Blocks. */
final class ConnectionsGrpcService extends ConnectionsGrpc.ConnectionsImplBase {
  private final Resumables resumables;

  ConnectionsGrpcService(Resumables resumables) {
    this.resumables = resumables;
  }

  @Override
  public void wake(ConnectionRef request, StreamObserver<ConnectionReply> observer) {
    answer(request, observer, resumables::wake);
  }

  @Override
  public void replaced(ConnectionRef request, StreamObserver<ConnectionReply> observer) {
    answer(request, observer, key -> resumables.replaced(key, request.getEpoch()));
  }

  @Override
  public void awaitCall(ConnectionRef request, StreamObserver<ConnectionReply> observer) {
    answer(request, observer, key -> resumables.calls().await(key, request.getCall()));
  }

  private static void answer(
      ConnectionRef request,
      StreamObserver<ConnectionReply> observer,
      Predicate<ConnectionKey> work) {
    GrpcCalls.unary(
        observer,
        () -> {
          var key = new ConnectionKey(request.getTenant(), request.getConnection());
          return ConnectionReply.newBuilder().setDone(work.test(key)).build();
        });
  }
}
