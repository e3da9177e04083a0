package dev.heddle.loadtest.invoke;

import com.google.protobuf.ByteString;
import dev.heddle.internal.v1.FunctionRef;
import dev.heddle.internal.v1.InvokerGrpc;
import dev.heddle.internal.v1.LeafInvokeRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HostPort;
import dev.heddle.process.RequestContext;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Invokes handlers at a certain leaf, so that no coordinator chooses. Safe for any thread. */
final class InvokerGrpcClient {
  private static final Duration CALL = Duration.ofSeconds(60);
  private static final Duration HELD = Duration.ofMinutes(5);

  private final Channels channels;

  InvokerGrpcClient(Channels channels) {
    this.channels = channels;
  }

  /**
   * The reply as JSON text.
   *
   * @param version its digest
   * @throws dev.heddle.process.HeddleException what the leaf failed with
   */
  String invoke(HostPort leaf, String function, String version, String event) {
    var request = request(function, version, event);
    try {
      return InvokerGrpc.newBlockingStub(channels.to(leaf.toString()))
          .withDeadlineAfter(CALL.toNanos(), TimeUnit.NANOSECONDS)
          .invoke(request)
          .getResultJson()
          .toStringUtf8();
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  /**
   * Begins an invocation, and does not wait for its reply.
   *
   * @param version its digest
   * @return cancels it where it has not ended
   */
  Future<?> begin(HostPort leaf, String function, String version, String event) {
    return InvokerGrpc.newFutureStub(channels.to(leaf.toString()))
        .withDeadlineAfter(HELD.toNanos(), TimeUnit.NANOSECONDS)
        .invoke(request(function, version, event));
  }

  private static LeafInvokeRequest request(String function, String version, String event) {
    return LeafInvokeRequest.newBuilder()
        .setInvocationId(UUID.randomUUID().toString())
        .setTenant(RequestContext.DEFAULT_TENANT)
        .setFunction(FunctionRef.newBuilder().setName(function).setVersion(version))
        .setEventJson(ByteString.copyFromUtf8(event))
        .build();
  }
}
