package dev.heddle.coordinator;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.process.Deadline;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.v1.DeleteFunctionRequest;
import dev.heddle.v1.DeleteFunctionResponse;
import dev.heddle.v1.DeployRequest;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionsGrpc;
import dev.heddle.v1.GetFunctionRequest;
import dev.heddle.v1.ListFunctionsRequest;
import dev.heddle.v1.ListFunctionsResponse;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.time.Duration;

/** Functions over gRPC. Blocks, so it runs on virtual threads. */
final class FunctionsGrpcService extends FunctionsGrpc.FunctionsImplBase {
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private final FunctionRegistry registry;
  private final Ticker ticker;

  FunctionsGrpcService(FunctionRegistry registry, Ticker ticker) {
    this.registry = registry;
    this.ticker = ticker;
  }

  @Override
  public void deploy(DeployRequest request, StreamObserver<Function> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            message(
                registry.deploy(
                    tenant(),
                    request.getManifestYaml(),
                    request.getCode().toByteArray(),
                    deadline())));
  }

  @Override
  public void get(GetFunctionRequest request, StreamObserver<Function> observer) {
    GrpcCalls.unary(observer, () -> message(registry.find(tenant(), request.getName())));
  }

  @Override
  public void list(ListFunctionsRequest request, StreamObserver<ListFunctionsResponse> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            ListFunctionsResponse.newBuilder()
                .addAllFunctions(
                    registry.list(tenant()).stream().map(FunctionsGrpcService::message).toList())
                .build());
  }

  @Override
  public void delete(
      DeleteFunctionRequest request, StreamObserver<DeleteFunctionResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          registry.delete(tenant(), request.getName(), deadline());
          return DeleteFunctionResponse.getDefaultInstance();
        });
  }

  private static Function message(FunctionRecord record) {
    var message =
        Function.newBuilder()
            .setName(record.name())
            .setVersion(record.aliases().getOrDefault(FunctionRecord.LATEST, ""))
            .setKind(
                record.kind() == FunctionKind.HANDLER
                    ? dev.heddle.v1.FunctionKind.FUNCTION_KIND_HANDLER
                    : dev.heddle.v1.FunctionKind.FUNCTION_KIND_SCATTER)
            .setRuntime(record.runtime())
            .putAllAliases(record.aliases());
    for (var version : record.versions()) {
      message.addVersions(
          Function.Version.newBuilder()
              .setVersion(version.digest())
              .setCreatedAt(version.createdAt().toString())
              .setCodeBytes(version.codeBytes())
              .setEntry(version.entry()));
    }
    return message.build();
  }

  private static String tenant() {
    return RequestContext.current().tenant();
  }

  private Deadline deadline() {
    return Deadline.ofGrpc(Context.current().getDeadline(), LONGEST, ticker);
  }
}
