package dev.heddle.gateway.backend;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.heddle.catalog.Coordinators;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Started;
import dev.heddle.v1.Bill;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import dev.heddle.v1.SessionRef;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Invocations of handlers: JSON in, JSON out. Blocking; thread-safe. */
public final class InvocationsGrpcClient {
  private final Coordinators coordinators;
  private final Deadlines deadlines;

  public InvocationsGrpcClient(Coordinators coordinators, Deadlines deadlines) {
    this.coordinators = coordinators;
    this.deadlines = deadlines;
  }

  /**
   * What a handler gets to see.
   *
   * @param json any JSON value
   * @param http the request as an HTTP event, for versions that want it; empty: there is none
   * @param httpRequired whether to fail with CONFLICT rather than give {@code json} to such a one
   */
  public record Event(byte[] json, byte[] http, boolean httpRequired) {
    private static final byte[] NONE = {};

    /** The same for versions of all shapes. */
    public static Event of(byte[] json) {
      return new Event(json, NONE, false);
    }
  }

  /**
   * What an invocation had better run near to.
   *
   * @param key calls with the same one go to the same leaf, if they can; empty: to any
   * @param dataset of a document that the function will use; empty: none
   * @param id of that document
   */
  public record Near(String key, String dataset, String id) {
    /** To calls with the same key. */
    public static Near calls(String key) {
      return new Near(key, "", "");
    }
  }

  /**
   * What an invocation was, and what it took.
   *
   * @param bill {@code active=…;cpu=…;…}, in nanoseconds, MiB·ns and picos
   */
  public record Receipt(String invocation, String version, String bill) {}

  /**
   * What a handler returned.
   *
   * @param http whether it took the HTTP event, and so answers in the shape of an HTTP reply
   * @param placement the policy that chose the node, and what spoke for it
   */
  public record Result(
      byte[] json, boolean http, Receipt receipt, String node, String placement, long tookMicros) {}

  /**
   * Invokes a handler.
   *
   * @param function name or name:alias
   * @param session id of the cookie session that the handler may use
   * @param near what it had better run near to
   */
  public Result invoke(
      BackendCall call, String function, Event event, Optional<String> session, Near near) {
    var request =
        InvokeRequest.newBuilder()
            .setFunction(function)
            .setEventJson(ByteString.copyFrom(event.json()))
            .setHttpEventJson(ByteString.copyFrom(event.http()))
            .setHttpEventRequired(event.httpRequired())
            .setLocalityKey(near.key())
            .setNearDataset(near.dataset())
            .setNearId(near.id());
    if (session.isPresent()) {
      coordinators
          .ownInternalAddress()
          .ifPresent(gateway ->
              request.setSession(SessionRef.newBuilder().setId(session.get()).setGateway(gateway)));
    }
    return call.run(
        // Who has the session asks for its positions where a document is read.
        session.isPresent() && !request.hasSession(),
        () -> {
          InvokeResponse response =
              InvocationsGrpc.newBlockingStub(coordinators.channel())
                  .withDeadlineAfter(deadlines.invocation().toNanos(), TimeUnit.NANOSECONDS)
                  .invoke(request.build());
          call.seen(response.getPositionToken());
          return new Result(
              response.getResultJson().toByteArray(),
              response.getHttpReply(),
              new Receipt(
                  response.getInvocationId(), response.getVersion(), text(response.getBill())),
              response.getNode(),
              response.getPlacement(),
              response.getTookMicros());
        });
  }

  /** What a failed invocation took; empty: nothing ran. */
  public static Optional<Receipt> receipt(HeddleException failure) {
    Throwable cause = failure.getCause();
    Metadata trailers = cause == null ? null : Status.trailersFromThrowable(cause);
    byte @Nullable [] bill = trailers == null ? null : trailers.get(GrpcMetadata.BILL);
    if (trailers == null || bill == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Receipt(
              orEmpty(trailers.get(GrpcMetadata.INVOCATION)),
              orEmpty(trailers.get(GrpcMetadata.FUNCTION_VERSION)),
              text(Bill.parseFrom(bill))));
    } catch (InvalidProtocolBufferException e) {
      return Optional.empty();
    }
  }

  /** Whether any of the function's code ran, in an invocation that failed. */
  public static Started started(HeddleException failure) {
    boolean sent = failure.getCause() instanceof StatusRuntimeException;
    return sent ? Started.of(failure) : Started.NO;
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static String text(Bill bill) {
    return "active="
        + bill.getActiveNanos()
        + ";cpu="
        + bill.getCpuNanos()
        + ";queue="
        + bill.getQueueNanos()
        + ";init="
        + bill.getInitNanos()
        + ";parked="
        + bill.getParkedNanos()
        + ";memory="
        + bill.getMemoryMibNanos()
        + ";cost="
        + bill.getCostPicos();
  }
}
