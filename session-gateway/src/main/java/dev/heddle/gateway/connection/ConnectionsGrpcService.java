package dev.heddle.gateway.connection;

import com.google.protobuf.ByteString;
import dev.heddle.gateway.connection.Users.User;
import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.internal.v1.AboutRequest;
import dev.heddle.internal.v1.ChannelHistoryRequest;
import dev.heddle.internal.v1.ChannelPresenceRequest;
import dev.heddle.internal.v1.ChannelPublishRequest;
import dev.heddle.internal.v1.ConnectionRef;
import dev.heddle.internal.v1.ConnectionReply;
import dev.heddle.internal.v1.ConnectionsGrpc;
import dev.heddle.internal.v1.ListRequest;
import dev.heddle.internal.v1.ListenRequest;
import dev.heddle.internal.v1.PushRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.CloseConnectionResponse;
import dev.heddle.v1.Connection;
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
import dev.heddle.v1.SubscribeResponse;
import io.grpc.stub.StreamObserver;
import java.util.function.Predicate;

/**
 * What other gateways say of connections that clients took from one to another, and what others do
 * to connections. Blocks.
 */
final class ConnectionsGrpcService extends ConnectionsGrpc.ConnectionsImplBase {
  /** Connections of a list that does not say how long it is to be. */
  private static final int USUAL_LIST = 100;

  private final Resumables resumables;
  private final Pushes pushes;
  private final Everywhere everywhere;
  private final ClientChannels channels;

  ConnectionsGrpcService(
      Resumables resumables, Pushes pushes, Everywhere everywhere, ClientChannels channels) {
    this.resumables = resumables;
    this.pushes = pushes;
    this.everywhere = everywhere;
    this.channels = channels;
  }

  @Override
  public void wake(ConnectionRef request, StreamObserver<ConnectionReply> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var key = new ConnectionKey(request.getTenant(), request.getConnection());
          // Before the wake: a poll that comes meanwhile may be told, too, which does no harm.
          boolean between = resumables.between(key);
          boolean done = resumables.wake(key);
          return ConnectionReply.newBuilder().setDone(done).setBetween(between).build();
        });
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
    GrpcCalls.unary(observer, () -> send(request));
  }

  private SendResponse send(PushRequest request) {
    SendRequest send = request.getRequest();
    Payload frame = frame(send.getPayload(), send.getBinary());
    return switch (send.getToCase()) {
      case CONNECTION -> {
        pushes.send(request.getTenant(), send.getConnection(), frame, request.getHome());
        yield SendResponse.newBuilder().setConnections(1).setComplete(true).build();
      }
      case USER -> {
        var user = new User(request.getTenant(), send.getUser().getApp(), send.getUser().getUser());
        Everywhere.Reached reached =
            request.getHome()
                ? everywhere.sendHere(user, request.getFrame(), frame)
                : everywhere.send(user, frame);
        yield SendResponse.newBuilder()
            .setConnections(reached.connections())
            .setFull(reached.full())
            .setComplete(reached.complete())
            .build();
      }
      case TO_NOT_SET ->
          throw new HeddleException(
              ErrorCode.INVALID_REQUEST, "to: missing (expected: a connection or a user)");
    };
  }

  @Override
  public void list(ListRequest request, StreamObserver<ListConnectionsResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          ListConnectionsRequest asked = request.getRequest();
          var which =
              new Everywhere.Which(
                  request.getTenant(),
                  asked.getApp(),
                  asked.getUser(),
                  asked.getAfter(),
                  asked.getLimit() == 0 ? USUAL_LIST : asked.getLimit());
          return DescribedWire.encode(
              request.getHome() ? everywhere.listHere(which) : everywhere.list(which));
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

  @Override
  public void listen(ListenRequest request, StreamObserver<SubscribeResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          String tenant = request.getTenant();
          pushes.channels(
              tenant,
              request.getConnection(),
              ChannelsWire.names(tenant, request.getSubscribeList()),
              ChannelsWire.names(tenant, request.getUnsubscribeList()),
              request.getHome());
          return SubscribeResponse.getDefaultInstance();
        });
  }

  @Override
  public void publish(ChannelPublishRequest request, StreamObserver<PublishResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          PublishRequest asked = request.getRequest();
          var key = ChannelKey.named(request.getTenant(), asked.getChannel());
          Payload frame = frame(asked.getPayload(), asked.getBinary());
          return ChannelsWire.published(channels.publish(key, frame));
        });
  }

  @Override
  public void history(ChannelHistoryRequest request, StreamObserver<HistoryResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          HistoryRequest asked = request.getRequest();
          var key = ChannelKey.named(request.getTenant(), asked.getChannel());
          int limit = asked.getLimit() == 0 ? USUAL_LIST : asked.getLimit();
          return ChannelsWire.encode(channels.hub().history(key, ChannelsWire.after(asked), limit));
        });
  }

  @Override
  public void presence(ChannelPresenceRequest request, StreamObserver<PresenceResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          PresenceRequest asked = request.getRequest();
          var key = ChannelKey.named(request.getTenant(), asked.getChannel());
          return ChannelsWire.encode(channels.present(key, ChannelsWire.named(asked.getLimit())));
        });
  }

  private static Payload frame(ByteString bytes, boolean binary) {
    if (!binary && !bytes.isValidUtf8()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "payload: no UTF-8 (expected: a text, or binary)");
    }
    return new Payload(bytes.toByteArray(), binary);
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
