package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.internal.v1.AboutRequest;
import dev.heddle.internal.v1.ConnectionRef;
import dev.heddle.internal.v1.ConnectionReply;
import dev.heddle.internal.v1.ConnectionsGrpc;
import dev.heddle.internal.v1.PushRequest;
import dev.heddle.process.GrpcCalls;
import dev.heddle.v1.CloseConnectionResponse;
import dev.heddle.v1.Connection;
import dev.heddle.v1.SendRequest;
import dev.heddle.v1.SendResponse;
import io.grpc.stub.StreamObserver;
import java.util.function.Predicate;

/**
 * What other gateways say of connections that clients took from one to another, and what others do
 * to connections. Blocks.
 */
final class ConnectionsGrpcService extends ConnectionsGrpc.ConnectionsImplBase {
  private final Resumables resumables;
  private final Pushes pushes;

  ConnectionsGrpcService(Resumables resumables, Pushes pushes) {
    this.resumables = resumables;
    this.pushes = pushes;
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

  @Override
  public void send(PushRequest request, StreamObserver<SendResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          SendRequest send = request.getRequest();
          var frame = new Payload(send.getPayload().toByteArray(), send.getBinary());
          pushes.send(request.getTenant(), send.getConnection(), frame, request.getHome());
          return SendResponse.getDefaultInstance();
        });
  }

  @Override
  public void get(AboutRequest request, StreamObserver<Connection> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            DescribedWire.encode(
                pushes.find(request.getTenant(), request.getConnection(), request.getHome())));
  }

  @Override
  public void close(AboutRequest request, StreamObserver<CloseConnectionResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          pushes.end(request.getTenant(), request.getConnection(), request.getHome());
          return CloseConnectionResponse.getDefaultInstance();
        });
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
