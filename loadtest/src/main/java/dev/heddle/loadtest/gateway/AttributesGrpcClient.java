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
record AttributesGrpcClient(Channels channels, HostPort gateway) {
  private static final Duration CALL = Duration.ofSeconds(60);

  /**
   * Changes an attribute if it has an expected value.
   *
   * @param expected JSON; empty: the attribute is absent
   * @param value JSON
   * @return whether it had
   * @throws dev.heddle.process.HeddleException what the gateway failed with
   */
  boolean change(String session, String name, Optional<String> expected, String value) {
    var change = AttributeChange.newBuilder().setName(name).setValue(value);
    return send(session, change.setExpected(expected.orElse("")));
  }

  /** Changes an attribute, whatever it has. */
  void put(String session, String name, String value) {
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

  /** JSON by attribute; of the named one, or of all where none is named. */
  Map<String, String> get(String session, String... names) {
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

  private SessionAttributesGrpc.SessionAttributesBlockingStub stub() {
    return SessionAttributesGrpc.newBlockingStub(channels.to(gateway.toString()))
        .withDeadlineAfter(CALL.toNanos(), TimeUnit.NANOSECONDS);
  }
}
