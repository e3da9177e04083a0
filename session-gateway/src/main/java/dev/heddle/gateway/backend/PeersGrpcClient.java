package dev.heddle.gateway.backend;

import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.internal.v1.ConnectionRef;
import dev.heddle.internal.v1.ConnectionReply;
import dev.heddle.internal.v1.ConnectionsGrpc;
import dev.heddle.process.Channels;
import dev.heddle.process.HeddleException;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a gateway tells others of connections that clients took from one to another. None of it has
 * to arrive: the grid says what holds. Blocking; thread-safe.
 */
public final class PeersGrpcClient {
  private static final Logger log = LoggerFactory.getLogger(PeersGrpcClient.class);
  private static final Duration QUICK = Duration.ofSeconds(5);

  private final Channels channels;

  public PeersGrpcClient(Channels channels) {
    this.channels = channels;
  }

  /** What came of a wake. */
  public enum Woken {
    NOT_TOLD,
    TOLD,
    /** The gateway knows, and the client will with its next poll. */
    BETWEEN_POLLS
  }

  /** The history of a connection that the other gateway carries has grown. */
  public Woken wake(String address, ConnectionKey key) {
    return ask(address, QUICK, ref(key).build(), stub -> stub::wake)
        .map(reply -> reply.getBetween() ? Woken.BETWEEN_POLLS : Woken.TOLD)
        .orElse(Woken.NOT_TOLD);
  }

  /** A connection has been taken over from the other gateway. */
  public boolean replaced(String address, ConnectionKey key, long epoch) {
    return tell(address, QUICK, ref(key).setEpoch(epoch).build(), stub -> stub::replaced);
  }

  /** Returns when a call of the other gateway is over; false: it is not known to be. */
  public boolean awaitCall(String address, ConnectionKey key, long call, Duration most) {
    return tell(address, most, ref(key).setCall(call).build(), stub -> stub::awaitCall);
  }

  private static ConnectionRef.Builder ref(ConnectionKey key) {
    return ConnectionRef.newBuilder().setTenant(key.tenant()).setConnection(key.id());
  }

  private boolean tell(
      String address,
      Duration most,
      ConnectionRef ref,
      Function<ConnectionsGrpc.ConnectionsBlockingStub, Function<ConnectionRef, ConnectionReply>>
          method) {
    return ask(address, most, ref, method).map(ConnectionReply::getDone).orElse(false);
  }

  private Optional<ConnectionReply> ask(
      String address,
      Duration most,
      ConnectionRef ref,
      Function<ConnectionsGrpc.ConnectionsBlockingStub, Function<ConnectionRef, ConnectionReply>>
          method) {
    if (address.isEmpty()) {
      return Optional.empty();
    }
    try {
      var stub =
          ConnectionsGrpc.newBlockingStub(channels.to(address))
              .withDeadlineAfter(most.toNanos(), TimeUnit.NANOSECONDS);
      return Optional.of(method.apply(stub).apply(ref));
    } catch (StatusRuntimeException | HeddleException e) {
      log.info(
          "gateway not told address={} connection={} error={}",
          address,
          ref.getConnection(),
          e.toString());
      return Optional.empty();
    }
  }
}
