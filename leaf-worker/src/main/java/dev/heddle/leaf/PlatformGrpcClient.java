package dev.heddle.leaf;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.catalog.Coordinators;
import dev.heddle.catalog.PositionToken;
import dev.heddle.engine.InvocationScope;
import dev.heddle.engine.JsonValues;
import dev.heddle.engine.Operation;
import dev.heddle.engine.Platform;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.JsonObject;
import dev.heddle.internal.v1.CallsGrpc;
import dev.heddle.internal.v1.NestedInvokeRequest;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.v1.Bill;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.PublishRequest;
import dev.heddle.v1.SendRequest;
import dev.heddle.v1.SessionsGrpc;
import dev.heddle.v1.SessionsGrpc.SessionsBlockingStub;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What running functions ask of the cluster; coordinators do it. Each call has the invocation's
 * tenant, trace and deadline, and what it came to joins the invocation. Blocks; safe for any
 * thread.
 */
final class PlatformGrpcClient implements Platform {
  private final Coordinators coordinators;
  private final DataSize maxReply;
  private final DataGrpcClient data;
  private final Ticker ticker;

  /**
   * @param maxReply of a function that is called; checked before anything is made of it
   */
  PlatformGrpcClient(Coordinators coordinators, DataSize maxReply, Ticker ticker) {
    this.coordinators = coordinators;
    this.maxReply = maxReply;
    this.data = new DataGrpcClient(coordinators, ticker);
    this.ticker = ticker;
  }

  @Override
  public @Nullable Object call(Operation operation, JsonObject arguments, InvocationScope scope) {
    return switch (operation) {
      case DATA_GET -> data.get(arguments, scope);
      case DATA_GET_MANY -> data.getMany(arguments, scope);
      case DATA_PUT -> data.put(arguments, scope);
      case DATA_PATCH -> data.patch(arguments, scope);
      case DATA_DELETE -> data.delete(arguments, scope);
      case DATA_QUERY -> data.query(arguments, scope);
      case INVOKE -> invoke(arguments, scope);
      case PUBLISH -> publish(arguments, scope);
      case SEND -> send(arguments, scope);
      case SESSION_GET, SESSION_ALL, SESSION_PUT, SESSION_REMOVE, SESSION_REPLACE, LOG, CONTEXT ->
          throw new IllegalArgumentException(
              operation.wireName() + ": not a call of the cluster (expected: the engine does it)");
    };
  }

  /** A message is JSON, and so a text frame. */
  private @Nullable Object send(JsonObject arguments, InvocationScope scope) {
    var request =
        SendRequest.newBuilder()
            .setConnection(arguments.string("connection"))
            .setPayload(UnsafeByteOperations.unsafeWrap(JsonValues.write(arguments.get("message"))))
            .build();
    return sessions(scope, stub -> stub.send(request));
  }

  private @Nullable Object publish(JsonObject arguments, InvocationScope scope) {
    var request =
        PublishRequest.newBuilder()
            .setChannel(arguments.string("channel"))
            .setPayload(UnsafeByteOperations.unsafeWrap(JsonValues.write(arguments.get("message"))))
            .build();
    return sessions(scope, stub -> stub.publish(request));
  }

  private @Nullable Object sessions(
      InvocationScope scope, Function<SessionsBlockingStub, ?> method) {
    return DataGrpcClient.within(
        scope,
        PositionToken.EMPTY,
        () -> {
          var _ =
              method.apply(
                  SessionsGrpc.newBlockingStub(coordinators.channel())
                      .withDeadlineAfter(
                          scope.deadline().remainingNanos(ticker), TimeUnit.NANOSECONDS));
          return null;
        });
  }

  private @Nullable Object invoke(JsonObject arguments, InvocationScope scope) {
    byte[] event = JsonValues.write(arguments.get("event"));
    var called =
        InvokeRequest.newBuilder()
            .setFunction(arguments.string("function"))
            .setEventJson(UnsafeByteOperations.unsafeWrap(event));
    if (scope.session().orElse(null) instanceof SessionGrpcClient session) {
      called.setSession(session.reference());
    }
    var request =
        NestedInvokeRequest.newBuilder()
            .setRequest(called)
            .setDepth(scope.depth() + 1)
            .setPositionToken(scope.positions().toString())
            .build();
    return DataGrpcClient.within(
        scope,
        PositionToken.EMPTY,
        () -> {
          try {
            var response =
                CallsGrpc.newBlockingStub(coordinators.internalChannel())
                    .withDeadlineAfter(
                        scope.deadline().remainingNanos(ticker), TimeUnit.NANOSECONDS)
                    .invoke(request);
            scope.spent(QueryWire.bill(response.getBill()));
            if (!response.getPositionToken().isEmpty()) {
              scope.saw(PositionToken.parse(response.getPositionToken()));
            }
            return JsonValues.read(checked(response.getResultJson()).toByteArray());
          } catch (StatusRuntimeException e) {
            spent(e, scope, "invoke/" + arguments.string("function"));
            throw e;
          }
        });
  }

  private ByteString checked(ByteString reply) {
    if (reply.size() > maxReply.bytes()) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "invoke: a reply of %d bytes (expected: at most %s)".formatted(reply.size(), maxReply));
    }
    return reply;
  }

  /**
   * A call that failed costs what it took until then. One that nobody answered, as where the
   * deadline came first, may have cost anything; one that was refused without a bill cost nothing.
   *
   * @param what names it where that stays open
   */
  static void spent(StatusRuntimeException failure, InvocationScope scope, String what) {
    Metadata trailers = Status.trailersFromThrowable(failure);
    byte @Nullable [] bill = trailers == null ? null : trailers.get(GrpcMetadata.BILL);
    if (bill == null) {
      if (trailers == null || !trailers.containsKey(GrpcErrors.ERROR)) {
        scope.open(what);
      }
      return;
    }
    try {
      scope.spent(QueryWire.bill(Bill.parseFrom(bill)));
    } catch (InvalidProtocolBufferException e) {
      throw new HeddleException(
          ErrorCode.INTERNAL, "bill of a nested call: unreadable (expected: a bill)", e);
    }
  }
}
