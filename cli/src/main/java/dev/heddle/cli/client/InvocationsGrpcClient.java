package dev.heddle.cli.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Bill;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Plain invocations of functions. Thread safe. */
public final class InvocationsGrpcClient {
  private final ClusterGrpcClient cluster;
  private final InvocationsGrpc.InvocationsBlockingStub stub;

  public InvocationsGrpcClient(ClusterGrpcClient cluster) {
    this.cluster = cluster;
    this.stub = InvocationsGrpc.newBlockingStub(cluster.channel());
  }

  /**
   * Runs a handler once.
   *
   * @param function {@code name} or {@code name:alias}
   */
  public Invoked invoke(String function, JsonNode event) {
    byte[] json = event.toString().getBytes(StandardCharsets.UTF_8);
    InvokeRequest request =
        InvokeRequest.newBuilder()
            .setFunction(function)
            .setEventJson(ByteString.copyFrom(json))
            .build();
    InvokeResponse response = cluster.call(() -> cluster.timed(stub).invoke(request));
    return new Invoked(
        JsonMapper.shared().readTree(response.getResultJson().toByteArray()),
        AnswerWire.bill(response.getBill()),
        response.getVersion(),
        response.getInvocationId(),
        response.getNode(),
        response.getTookMicros(),
        response.getTraceId());
  }

  /**
   * What an invocation that failed took until then.
   *
   * @return empty: none of the function's code ran, as far as the cluster knows
   */
  public static Optional<FailedInvocation> spent(RemoteFailure failure) {
    Metadata trailers = Status.trailersFromThrowable(failure);
    byte @Nullable [] bill = trailers == null ? null : trailers.get(GrpcMetadata.BILL);
    if (trailers == null || bill == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new FailedInvocation(
              AnswerWire.bill(Bill.parseFrom(bill)),
              text(trailers, GrpcMetadata.FUNCTION_VERSION),
              text(trailers, GrpcMetadata.INVOCATION)));
    } catch (InvalidProtocolBufferException e) {
      throw new HeddleException(
          ErrorCode.INTERNAL, "bill of a failed invocation: unreadable (expected: a bill)", e);
    }
  }

  private static String text(Metadata trailers, Metadata.Key<String> key) {
    String value = trailers.get(key);
    return value == null ? "" : value;
  }
}
