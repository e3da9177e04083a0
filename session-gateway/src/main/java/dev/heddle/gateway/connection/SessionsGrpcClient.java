package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.SessionRecords.Part;
import dev.heddle.internal.v1.AboutSession;
import dev.heddle.internal.v1.ListOfSessions;
import dev.heddle.internal.v1.SessionAdministrationGrpc;
import dev.heddle.internal.v1.SessionAdministrationGrpc.SessionAdministrationBlockingStub;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcErrors;
import dev.heddle.v1.ListSessionsRequest;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** What a gateway asks of the others about sessions. Blocking; thread-safe. */
final class SessionsGrpcClient {
  /** A user who leaves waits for it; a gateway that was not told looks by itself. */
  private static final Duration MOST = Duration.ofSeconds(3);

  private final Channels channels;

  SessionsGrpcClient(Channels channels) {
    this.channels = channels;
  }

  /** A session has ended. */
  void ended(String address, String tenant, String session) {
    var request =
        AboutSession.newBuilder().setTenant(tenant).setSession(session).setHome(true).build();
    var _ = call(address, stub -> stub.end(request));
  }

  /** The sessions that the other gateway owns. */
  Part own(String address, String tenant, String after, int limit) {
    var request =
        ListOfSessions.newBuilder()
            .setTenant(tenant)
            .setHome(true)
            .setRequest(ListSessionsRequest.newBuilder().setAfter(after).setLimit(limit))
            .build();
    return SessionWire.decode(call(address, stub -> stub.list(request)));
  }

  private <T> T call(String address, Function<SessionAdministrationBlockingStub, T> method) {
    try {
      return method.apply(
          SessionAdministrationGrpc.newBlockingStub(channels.to(address))
              .withDeadlineAfter(MOST.toNanos(), TimeUnit.NANOSECONDS));
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }
}
