package dev.heddle.cli.client;

import com.google.protobuf.ByteString;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import java.nio.charset.StandardCharsets;
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
}
