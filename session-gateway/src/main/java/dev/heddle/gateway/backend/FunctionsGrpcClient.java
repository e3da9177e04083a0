package dev.heddle.gateway.backend;

import com.google.protobuf.ByteString;
import dev.heddle.v1.DeleteFunctionRequest;
import dev.heddle.v1.DeployRequest;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionKind;
import dev.heddle.v1.FunctionsGrpc;
import dev.heddle.v1.GetFunctionRequest;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import dev.heddle.v1.ListFunctionsRequest;
import dev.heddle.v1.SessionRef;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JsonGenerator;

/** Functions and invocations of handlers. Blocking; thread-safe. */
public final class FunctionsGrpcClient {
  private final Coordinators coordinators;
  private final Deadlines deadlines;

  public FunctionsGrpcClient(Coordinators coordinators, Deadlines deadlines) {
    this.coordinators = coordinators;
    this.deadlines = deadlines;
  }

  /** {@code {"functions":[…]}}. */
  public byte[] list(BackendCall call) {
    return call.run(() -> {
      var all = functions().list(ListFunctionsRequest.getDefaultInstance()).getFunctionsList();
      return Json.write(json -> {
        json.writeStartObject();
        json.writeArrayPropertyStart("functions");
        all.forEach(function -> write(json, function));
        json.writeEndArray();
        json.writeEndObject();
      });
    });
  }

  /** The function with its versions. */
  public byte[] get(BackendCall call, String name) {
    var request = GetFunctionRequest.newBuilder().setName(name).build();
    return call.run(() -> json(functions().get(request)));
  }

  /** Deletes the function with all its versions. */
  public void delete(BackendCall call, String name) {
    var request = DeleteFunctionRequest.newBuilder().setName(name).build();
    call.run(() -> functions().delete(request));
  }

  /** Deploys a version; `latest` names it from then on. */
  public byte[] deploy(BackendCall call, String manifestYaml, byte[] code) {
    var request =
        DeployRequest.newBuilder()
            .setManifestYaml(manifestYaml)
            .setCode(ByteString.copyFrom(code))
            .build();
    return call.run(() -> json(functions().deploy(request)));
  }

  /**
   * What a handler returned.
   *
   * @param bill JSON
   */
  public record Result(
      byte[] json, byte[] bill, String version, String node, long tookMicros, String traceId) {}

  /**
   * Invokes a handler.
   *
   * @param function name or name:alias
   * @param session id of the cookie session that the handler may use
   */
  public Result invoke(
      BackendCall call, String function, byte[] eventJson, Optional<String> session) {
    InvokeRequest.Builder request =
        InvokeRequest.newBuilder()
            .setFunction(function)
            .setEventJson(ByteString.copyFrom(eventJson));
    coordinators
        .ownInternalAddress()
        .ifPresent(gateway ->
            session.ifPresent(
                id -> request.setSession(SessionRef.newBuilder().setId(id).setGateway(gateway))));
    return call.run(() -> {
      InvokeResponse response =
          InvocationsGrpc.newBlockingStub(coordinators.channel())
              .withDeadlineAfter(deadlines.invocation().toNanos(), TimeUnit.NANOSECONDS)
              .invoke(request.build());
      return new Result(
          response.getResultJson().toByteArray(),
          AnswerJsonWire.write(response.getBill()),
          response.getVersion(),
          response.getNode(),
          response.getTookMicros(),
          response.getTraceId());
    });
  }

  private static byte[] json(Function function) {
    return Json.write(json -> write(json, function));
  }

  private static void write(JsonGenerator json, Function function) {
    json.writeStartObject();
    json.writeStringProperty("name", function.getName());
    json.writeStringProperty("version", function.getVersion());
    json.writeStringProperty(
        "kind", function.getKind() == FunctionKind.FUNCTION_KIND_SCATTER ? "scatter" : "handler");
    json.writeStringProperty("runtime", function.getRuntime());
    json.writeArrayPropertyStart("versions");
    for (Function.Version version : function.getVersionsList()) {
      json.writeStartObject();
      json.writeStringProperty("version", version.getVersion());
      json.writeStringProperty("createdAt", version.getCreatedAt());
      json.writeNumberProperty("codeBytes", version.getCodeBytes());
      json.writeStringProperty("entry", version.getEntry());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeObjectPropertyStart("aliases");
    for (Map.Entry<String, String> alias : function.getAliasesMap().entrySet()) {
      json.writeStringProperty(alias.getKey(), alias.getValue());
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private FunctionsGrpc.FunctionsBlockingStub functions() {
    return FunctionsGrpc.newBlockingStub(coordinators.channel())
        .withDeadlineAfter(deadlines.administration().toNanos(), TimeUnit.NANOSECONDS);
  }
}
