package dev.heddle.coordinator;

import dev.heddle.catalog.FunctionRecord;
import dev.heddle.coordinator.FunctionRegistry.Deploy;
import dev.heddle.process.Deadline;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.v1.DeleteAliasRequest;
import dev.heddle.v1.DeleteFunctionRequest;
import dev.heddle.v1.DeleteFunctionResponse;
import dev.heddle.v1.DeployRequest;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.FunctionLogsRequest;
import dev.heddle.v1.FunctionsGrpc;
import dev.heddle.v1.GetFunctionRequest;
import dev.heddle.v1.ListFunctionsRequest;
import dev.heddle.v1.ListFunctionsResponse;
import dev.heddle.v1.RollbackRequest;
import dev.heddle.v1.SetAliasRequest;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Functions over gRPC. Blocks, so it runs on virtual threads. */
final class FunctionsGrpcService extends FunctionsGrpc.FunctionsImplBase {
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private final FunctionRegistry registry;
  private final FunctionLogsGrpcClient logs;
  private final Ticker ticker;
  private final MeterRegistry meters;

  FunctionsGrpcService(
      FunctionRegistry registry, FunctionLogsGrpcClient logs, Ticker ticker, MeterRegistry meters) {
    this.registry = registry;
    this.logs = logs;
    this.ticker = ticker;
    this.meters = meters;
  }

  @Override
  public void deploy(DeployRequest request, StreamObserver<Function> observer) {
    var deploy =
        new Deploy(request.getName(), request.getManifestYaml(), request.getCode().toByteArray());
    GrpcCalls.unary(observer, () -> FunctionWire.message(deployed(deploy)));
  }

  private FunctionRecord deployed(Deploy deploy) throws InterruptedException {
    long start = ticker.nanoTime();
    String outcome = "failed";
    try {
      var record = registry.deploy(tenant(), deploy, deadline());
      outcome = "ok";
      return record;
    } finally {
      meters
          .timer("heddle_coordinator_deploy_seconds", "outcome", outcome)
          .record(ticker.nanoTime() - start, TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public void get(GetFunctionRequest request, StreamObserver<Function> observer) {
    GrpcCalls.unary(
        observer, () -> FunctionWire.message(registry.find(tenant(), request.getName())));
  }

  @Override
  public void list(ListFunctionsRequest request, StreamObserver<ListFunctionsResponse> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            ListFunctionsResponse.newBuilder()
                .addAllFunctions(
                    registry.list(tenant()).stream().map(FunctionWire::message).toList())
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

  @Override
  public void setAlias(SetAliasRequest request, StreamObserver<Function> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            FunctionWire.message(
                registry.alias(
                    tenant(),
                    request.getFunction(),
                    request.getAlias().getName(),
                    FunctionWire.targets(request.getAlias()),
                    deadline())));
  }

  @Override
  public void deleteAlias(DeleteAliasRequest request, StreamObserver<Function> observer) {
    GrpcCalls.unary(
        observer,
        () ->
            FunctionWire.message(
                registry.deleteAlias(
                    tenant(), request.getFunction(), request.getAlias(), deadline())));
  }

  @Override
  public void rollback(RollbackRequest request, StreamObserver<Function> observer) {
    var version = Optional.of(request.getVersion()).filter(spoken -> !spoken.isEmpty());
    GrpcCalls.unary(
        observer,
        () ->
            FunctionWire.message(
                registry.rollback(tenant(), request.getFunction(), version, deadline())));
  }

  @Override
  public void logs(FunctionLogsRequest request, StreamObserver<FunctionLogLine> observer) {
    try {
      var _ = registry.find(tenant(), request.getFunction());
      logs.send(tenant(), request, (ServerCallStreamObserver<FunctionLogLine>) observer);
    } catch (InterruptedException | RuntimeException e) {
      GrpcCalls.fail(observer, e);
    }
  }

  private static String tenant() {
    return RequestContext.current().tenant();
  }

  private Deadline deadline() {
    return Deadline.ofGrpc(Context.current().getDeadline(), LONGEST, ticker);
  }
}
