package dev.heddle.cli.client;

import com.google.protobuf.ByteString;
import dev.heddle.json.FunctionJsonWire;
import dev.heddle.process.ErrorCode;
import dev.heddle.v1.DeleteAliasRequest;
import dev.heddle.v1.DeleteFunctionRequest;
import dev.heddle.v1.DeployRequest;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.FunctionLogsRequest;
import dev.heddle.v1.FunctionsGrpc;
import dev.heddle.v1.GetFunctionRequest;
import dev.heddle.v1.ListFunctionsRequest;
import dev.heddle.v1.RollbackRequest;
import dev.heddle.v1.SetAliasRequest;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.databind.json.JsonMapper;

/** The functions of a cluster. Thread safe. */
public final class FunctionsGrpcClient {
  private final ClusterGrpcClient cluster;
  private final FunctionsGrpc.FunctionsBlockingStub stub;

  public FunctionsGrpcClient(ClusterGrpcClient cluster) {
    this.cluster = cluster;
    this.stub = FunctionsGrpc.newBlockingStub(cluster.channel());
  }

  /**
   * Makes the package the latest version of its function; the same package again changes nothing.
   */
  public FunctionInfo deploy(FunctionPackage function) {
    DeployRequest request =
        DeployRequest.newBuilder()
            .setManifestYaml(function.manifestYaml())
            .setCode(ByteString.copyFrom(function.code()))
            .build();
    return info(cluster.call(() -> cluster.timed(stub).deploy(request)));
  }

  public FunctionInfo get(String name) {
    GetFunctionRequest request = GetFunctionRequest.newBuilder().setName(name).build();
    return info(cluster.call(() -> cluster.timed(stub).get(request)));
  }

  public Optional<FunctionInfo> find(String name) {
    try {
      return Optional.of(get(name));
    } catch (RemoteFailure e) {
      if (e.code() == ErrorCode.UNKNOWN_FUNCTION || e.code() == ErrorCode.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  public List<FunctionInfo> list() {
    return cluster
        .call(() -> cluster.timed(stub).list(ListFunctionsRequest.getDefaultInstance()))
        .getFunctionsList()
        .stream()
        .map(FunctionsGrpcClient::info)
        .toList();
  }

  public void delete(String name) {
    DeleteFunctionRequest request = DeleteFunctionRequest.newBuilder().setName(name).build();
    var _ = cluster.call(() -> cluster.timed(stub).delete(request));
  }

  /** Makes or moves an alias. */
  public FunctionInfo alias(String name, String alias, List<FunctionInfo.Target> targets) {
    SetAliasRequest request =
        SetAliasRequest.newBuilder()
            .setFunction(name)
            .setAlias(FunctionWire.alias(alias, targets))
            .build();
    return info(cluster.call(() -> cluster.timed(stub).setAlias(request)));
  }

  public FunctionInfo deleteAlias(String name, String alias) {
    DeleteAliasRequest request =
        DeleteAliasRequest.newBuilder().setFunction(name).setAlias(alias).build();
    return info(cluster.call(() -> cluster.timed(stub).deleteAlias(request)));
  }

  /**
   * Moves {@code latest} back.
   *
   * @param version empty: to the version that was deployed before
   */
  public FunctionInfo rollback(String name, String version) {
    RollbackRequest request =
        RollbackRequest.newBuilder().setFunction(name).setVersion(version).build();
    return info(cluster.call(() -> cluster.timed(stub).rollback(request)));
  }

  /**
   * Hands over the lines of a function's log, oldest first.
   *
   * @param lines the last so many of those kept
   * @param follow whether to go on with those that come, until the process ends
   * @param invocation empty: of all
   */
  public void logs(
      String name, int lines, boolean follow, String invocation, Consumer<LogLine> reader) {
    FunctionLogsRequest request =
        FunctionLogsRequest.newBuilder()
            .setFunction(name)
            .setLines(lines)
            .setFollow(follow)
            .setInvocationId(invocation)
            .build();
    var _ =
        cluster.call(() -> {
          var calls = follow ? stub : cluster.timed(stub);
          calls.logs(request).forEachRemaining(line -> reader.accept(line(line)));
          return name;
        });
  }

  private static LogLine line(FunctionLogLine line) {
    return new LogLine(
        FunctionJsonWire.at(line),
        line.getNode(),
        line.getVersion(),
        line.getInvocationId(),
        line.getText(),
        line.getLost(),
        JsonMapper.shared().readTree(FunctionJsonWire.write(line)));
  }

  private static FunctionInfo info(Function function) {
    return FunctionWire.info(function);
  }
}
