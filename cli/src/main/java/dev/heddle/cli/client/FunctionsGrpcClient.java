package dev.heddle.cli.client;

import com.google.protobuf.ByteString;
import dev.heddle.process.ErrorCode;
import dev.heddle.v1.DeleteFunctionRequest;
import dev.heddle.v1.DeployRequest;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionKind;
import dev.heddle.v1.FunctionsGrpc;
import dev.heddle.v1.GetFunctionRequest;
import dev.heddle.v1.ListFunctionsRequest;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

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

  private static FunctionInfo info(Function function) {
    return new FunctionInfo(
        function.getName(),
        function.getVersion(),
        kind(function.getKind()),
        function.getRuntime(),
        function.getVersionsList().stream()
            .map(v ->
                new FunctionInfo.Version(
                    v.getVersion(), v.getCreatedAt(), v.getCodeBytes(), v.getEntry()))
            .toList(),
        function.getAliasesMap());
  }

  private static String kind(FunctionKind kind) {
    return kind.name().replace("FUNCTION_KIND_", "").toLowerCase(Locale.ROOT);
  }
}
