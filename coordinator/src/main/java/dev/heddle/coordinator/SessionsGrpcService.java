package dev.heddle.coordinator;

import dev.heddle.catalog.Gateways;
import dev.heddle.internal.v1.AboutRequest;
import dev.heddle.internal.v1.ChannelHistoryRequest;
import dev.heddle.internal.v1.ChannelPresenceRequest;
import dev.heddle.internal.v1.ChannelPublishRequest;
import dev.heddle.internal.v1.ConnectionsGrpc;
import dev.heddle.internal.v1.ConnectionsGrpc.ConnectionsBlockingStub;
import dev.heddle.internal.v1.ListRequest;
import dev.heddle.internal.v1.ListenRequest;
import dev.heddle.internal.v1.PushRequest;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.RequestContext;
import dev.heddle.v1.CloseConnectionRequest;
import dev.heddle.v1.CloseConnectionResponse;
import dev.heddle.v1.Connection;
import dev.heddle.v1.GetConnectionRequest;
import dev.heddle.v1.HistoryRequest;
import dev.heddle.v1.HistoryResponse;
import dev.heddle.v1.ListConnectionsRequest;
import dev.heddle.v1.ListConnectionsResponse;
import dev.heddle.v1.PresenceRequest;
import dev.heddle.v1.PresenceResponse;
import dev.heddle.v1.PublishRequest;
import dev.heddle.v1.PublishResponse;
import dev.heddle.v1.SendRequest;
import dev.heddle.v1.SendResponse;
import dev.heddle.v1.SessionsGrpc;
import dev.heddle.v1.SubscribeRequest;
import dev.heddle.v1.SubscribeResponse;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * {@code heddle.v1.Sessions}: hands on to a gateway what is for connections and channels. Any one
 * will do, as they know among themselves which of them has what. Blocks, so it runs on virtual
 * threads.
 */
final class SessionsGrpcService extends SessionsGrpc.SessionsImplBase {
  /** Where the caller has no deadline, or a later one. */
  private static final Duration MOST = Duration.ofSeconds(15);

  private final Gateways gateways;

  SessionsGrpcService(Gateways gateways) {
    this.gateways = gateways;
  }

  @Override
  public void send(SendRequest request, StreamObserver<SendResponse> observer) {
    ask(
        observer,
        stub ->
            stub.send(PushRequest.newBuilder().setTenant(tenant()).setRequest(request).build()));
  }

  @Override
  public void get(GetConnectionRequest request, StreamObserver<Connection> observer) {
    ask(observer, stub -> stub.get(about(request.getConnection())));
  }

  @Override
  public void list(
      ListConnectionsRequest request, StreamObserver<ListConnectionsResponse> observer) {
    ask(
        observer,
        stub ->
            stub.list(ListRequest.newBuilder().setTenant(tenant()).setRequest(request).build()));
  }

  @Override
  public void close(
      CloseConnectionRequest request, StreamObserver<CloseConnectionResponse> observer) {
    ask(observer, stub -> stub.close(about(request.getConnection())));
  }

  @Override
  public void publish(PublishRequest request, StreamObserver<PublishResponse> observer) {
    var asked = ChannelPublishRequest.newBuilder().setTenant(tenant()).setRequest(request);
    ask(observer, stub -> stub.publish(asked.build()));
  }

  @Override
  public void history(HistoryRequest request, StreamObserver<HistoryResponse> observer) {
    var asked = ChannelHistoryRequest.newBuilder().setTenant(tenant()).setRequest(request);
    ask(observer, stub -> stub.history(asked.build()));
  }

  @Override
  public void presence(PresenceRequest request, StreamObserver<PresenceResponse> observer) {
    var asked = ChannelPresenceRequest.newBuilder().setTenant(tenant()).setRequest(request);
    ask(observer, stub -> stub.presence(asked.build()));
  }

  @Override
  public void subscribe(SubscribeRequest request, StreamObserver<SubscribeResponse> observer) {
    var asked = listening(request).addAllSubscribe(request.getChannelsList());
    ask(observer, stub -> stub.listen(asked.build()));
  }

  @Override
  public void unsubscribe(SubscribeRequest request, StreamObserver<SubscribeResponse> observer) {
    var asked = listening(request).addAllUnsubscribe(request.getChannelsList());
    ask(observer, stub -> stub.listen(asked.build()));
  }

  private static ListenRequest.Builder listening(SubscribeRequest request) {
    return ListenRequest.newBuilder().setTenant(tenant()).setConnection(request.getConnection());
  }

  private static AboutRequest about(String connection) {
    return AboutRequest.newBuilder().setTenant(tenant()).setConnection(connection).build();
  }

  private static String tenant() {
    return RequestContext.current().tenant();
  }

  private <T> void ask(StreamObserver<T> observer, Function<ConnectionsBlockingStub, T> call) {
    // The gateway's refusals are the answer, with their codes.
    GrpcCalls.unary(
        observer,
        () ->
            call.apply(
                ConnectionsGrpc.newBlockingStub(gateways.channel())
                    .withDeadlineAfter(MOST.toNanos(), TimeUnit.NANOSECONDS)));
  }
}
