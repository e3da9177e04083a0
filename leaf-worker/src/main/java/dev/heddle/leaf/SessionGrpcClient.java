package dev.heddle.leaf;

import dev.heddle.catalog.PositionToken;
import dev.heddle.engine.JsonValues;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Session;
import dev.heddle.internal.v1.AttributeChange;
import dev.heddle.internal.v1.GetAttributesRequest;
import dev.heddle.internal.v1.SessionAttributesGrpc;
import dev.heddle.internal.v1.SessionPositionsRequest;
import dev.heddle.internal.v1.SetAttributesRequest;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.v1.SessionRef;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A cookie session for one invocation, at a gateway: its attributes, read and changed by the
 * invocation's thread; and its positions, for any thread.
 */
final class SessionGrpcClient implements Session {
  private final Channel gateway;
  private final String tenant;
  private final String session;
  private final SessionRef reference;
  private final Deadline deadline;
  private final Ticker ticker;
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock. */
  private @Nullable PositionToken positions;

  /**
   * @param gateway to the one that the reference names
   */
  SessionGrpcClient(
      Channel gateway, String tenant, SessionRef reference, Deadline deadline, Ticker ticker) {
    this.gateway = gateway;
    this.tenant = tenant;
    this.session = reference.getId();
    this.reference = reference;
    this.deadline = deadline;
    this.ticker = ticker;
  }

  /** What names the session to others who are to use it. */
  SessionRef reference() {
    return reference;
  }

  /**
   * What the session's user has written and seen, over all gateways. Few invocations read
   * documents, so it is asked for with the first one that does, and then no more.
   */
  PositionToken positions() {
    lock.lock();
    try {
      if (positions == null) {
        var request =
            SessionPositionsRequest.newBuilder().setTenant(tenant).setSession(session).build();
        positions = PositionToken.parse(call(() -> stub().positions(request)).getPositionToken());
      }
      return positions;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public @Nullable Object get(String name) {
    var request =
        GetAttributesRequest.newBuilder().setTenant(tenant).setSession(session).addNames(name);
    String json = call(() -> stub().get(request.build())).getAttributesMap().get(name);
    return json == null ? null : value(json);
  }

  @Override
  public Map<String, @Nullable Object> all() {
    var request = GetAttributesRequest.newBuilder().setTenant(tenant).setSession(session);
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    call(() -> stub().get(request.build()))
        .getAttributesMap()
        .forEach((name, json) -> values.put(name, value(json)));
    return values;
  }

  @Override
  public void put(String name, Object value) {
    var _ = set(AttributeChange.newBuilder().setName(name).setValue(json(value)));
  }

  @Override
  public void remove(String name) {
    var _ = set(AttributeChange.newBuilder().setName(name));
  }

  @Override
  public boolean replace(String name, @Nullable Object expected, Object value) {
    return set(
        AttributeChange.newBuilder()
            .setName(name)
            .setValue(json(value))
            .setExpected(expected == null ? "" : json(expected)));
  }

  private boolean set(AttributeChange.Builder change) {
    var request =
        SetAttributesRequest.newBuilder()
            .setTenant(tenant)
            .setSession(session)
            .addChanges(change)
            .build();
    return call(() -> stub().set(request)).getApplied();
  }

  private SessionAttributesGrpc.SessionAttributesBlockingStub stub() {
    return SessionAttributesGrpc.newBlockingStub(gateway)
        .withDeadlineAfter(deadline.remainingNanos(ticker), TimeUnit.NANOSECONDS);
  }

  /**
   * What is wrong with an attribute is the handler's caller's business only if the handler lets it
   * pass.
   */
  private static <T> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      HeddleException cause = GrpcErrors.fromStatus(e);
      if (cause.code().kind() == ErrorCode.Kind.USER || cause.code() == ErrorCode.LIMIT_REACHED) {
        throw new BadRequestException(String.valueOf(cause.getMessage()));
      }
      throw cause;
    }
  }

  private static @Nullable Object value(String json) {
    return JsonValues.read(json.getBytes(StandardCharsets.UTF_8));
  }

  private static String json(Object value) {
    return new String(JsonValues.write(value), StandardCharsets.UTF_8);
  }
}
