package dev.heddle.loadtest.gateway;

import dev.heddle.internal.v1.AttributeChange;
import dev.heddle.internal.v1.GetAttributesRequest;
import dev.heddle.internal.v1.SessionAttributesGrpc;
import dev.heddle.internal.v1.SetAttributesRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HostPort;
import dev.heddle.process.RequestContext;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The attributes of sessions at a certain gateway, as running functions have them. Thread-safe. */
record AttributesGrpcClient(Channels channels, HostPort gateway) implements Attributes {
  private static final Duration CALL = Duration.ofSeconds(60);

  @Override
  public boolean change(String session, String name, Optional<String> expected, String value) {
    var change = AttributeChange.newBuilder().setName(name).setValue(value);
    return send(session, change.setExpected(expected.orElse("")));
  }

  @Override
  public void put(String session, String name, String value) {
    var _ = send(session, AttributeChange.newBuilder().setName(name).setValue(value));
  }

  private boolean send(String session, AttributeChange.Builder change) {
    var request =
        SetAttributesRequest.newBuilder()
            .setTenant(RequestContext.DEFAULT_TENANT)
            .setSession(session)
            .addChanges(change)
            .build();
    try {
      return stub().set(request).getApplied();
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  @Override
  public Map<String, String> get(String session, String... names) {
    var request =
        GetAttributesRequest.newBuilder()
            .setTenant(RequestContext.DEFAULT_TENANT)
            .setSession(session);
    for (var name : names) {
      request.addNames(name);
    }
    try {
      return stub().get(request.build()).getAttributesMap();
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  @Override
  public String toString() {
    return gateway.toString();
  }

  private SessionAttributesGrpc.SessionAttributesBlockingStub stub() {
    return SessionAttributesGrpc.newBlockingStub(channels.to(gateway.toString()))
        .withDeadlineAfter(CALL.toNanos(), TimeUnit.NANOSECONDS);
  }
}
