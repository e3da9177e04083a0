package dev.heddle.gateway.connection;

import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.gateway.connection.Users.User;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.internal.v1.AboutRequest;
import dev.heddle.internal.v1.ConnectionsGrpc;
import dev.heddle.internal.v1.ConnectionsGrpc.ConnectionsBlockingStub;
import dev.heddle.internal.v1.ListRequest;
import dev.heddle.internal.v1.ListenRequest;
import dev.heddle.internal.v1.PushRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.ListConnectionsRequest;
import dev.heddle.v1.SendRequest;
import dev.heddle.v1.SendResponse;
import dev.heddle.v1.UserRef;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** What a gateway asks of the one where a connection began. Blocking; thread-safe. */
final class PushGrpcClient {
  private static final Duration MOST = Duration.ofSeconds(10);

  private final Channels channels;

  PushGrpcClient(Channels channels) {
    this.channels = channels;
  }

  /**
   * Sends a frame.
   *
   * @throws HeddleException as {@link Pushes#send}
   */
  void send(String address, ConnectionKey key, Payload frame) {
    var request =
        PushRequest.newBuilder()
            .setTenant(key.tenant())
            .setHome(true)
            .setRequest(
                SendRequest.newBuilder()
                    .setConnection(key.id())
                    .setPayload(UnsafeByteOperations.unsafeWrap(frame.bytes()))
                    .setBinary(frame.binary()))
            .build();
    var _ = call(address, stub -> stub.send(request));
  }

  /** Sends a frame to the connections of a user that the other gateway has. */
  Everywhere.Reached send(String address, User user, long id, Payload frame) {
    var request =
        PushRequest.newBuilder()
            .setTenant(user.tenant())
            .setHome(true)
            .setFrame(id)
            .setRequest(
                SendRequest.newBuilder()
                    .setUser(UserRef.newBuilder().setApp(user.app()).setUser(user.name()))
                    .setPayload(UnsafeByteOperations.unsafeWrap(frame.bytes()))
                    .setBinary(frame.binary()))
            .build();
    SendResponse response = call(address, stub -> stub.send(request));
    return new Everywhere.Reached(response.getConnections(), response.getFull(), true);
  }

  /** The other gateway's part of a list. */
  Everywhere.Listed list(String address, Everywhere.Which which) {
    var request =
        ListRequest.newBuilder()
            .setTenant(which.tenant())
            .setHome(true)
            .setRequest(
                ListConnectionsRequest.newBuilder()
                    .setApp(which.app())
                    .setUser(which.user())
                    .setAfter(which.after())
                    .setLimit(which.limit()))
            .build();
    return DescribedWire.decodeList(which.tenant(), call(address, stub -> stub.list(request)));
  }

  /**
   * Looks at a connection.
   *
   * @throws HeddleException as {@link Pushes#send}
   */
  Described find(String address, ConnectionKey key) {
    return DescribedWire.decode(key.tenant(), call(address, stub -> stub.get(about(key))));
  }

  /**
   * Ends a connection.
   *
   * @throws HeddleException as {@link Pushes#send}
   */
  void end(String address, ConnectionKey key) {
    var _ = call(address, stub -> stub.close(about(key)));
  }

  /**
   * Has a connection listen to channels, and no more to others.
   *
   * @throws HeddleException as {@link Pushes#channels}
   */
  void channels(String address, ConnectionKey key, Set<String> subscribe, Set<String> unsubscribe) {
    var request =
        ListenRequest.newBuilder()
            .setTenant(key.tenant())
            .setHome(true)
            .setConnection(key.id())
            .addAllSubscribe(subscribe)
            .addAllUnsubscribe(unsubscribe)
            .build();
    var _ = call(address, stub -> stub.listen(request));
  }

  private static AboutRequest about(ConnectionKey key) {
    return AboutRequest.newBuilder()
        .setTenant(key.tenant())
        .setConnection(key.id())
        .setHome(true)
        .build();
  }

  private <T> T call(String address, Function<ConnectionsBlockingStub, T> method) {
    try {
      return method.apply(
          ConnectionsGrpc.newBlockingStub(channels.to(address))
              .withDeadlineAfter(MOST.toNanos(), TimeUnit.NANOSECONDS));
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }
}
