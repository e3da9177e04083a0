package dev.heddle.gateway.backend;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.Coordinators;
import dev.heddle.json.FunctionJsonWire;
import dev.heddle.v1.DeleteAliasRequest;
import dev.heddle.v1.DeleteFunctionRequest;
import dev.heddle.v1.DeployRequest;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.FunctionLogsRequest;
import dev.heddle.v1.FunctionsGrpc;
import dev.heddle.v1.GetFunctionRequest;
import dev.heddle.v1.ListFunctionsRequest;
import dev.heddle.v1.RollbackRequest;
import dev.heddle.v1.SetAliasRequest;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/** Functions with their versions, aliases and logs: JSON in, JSON out. Blocking; thread-safe. */
public final class FunctionsGrpcClient {
  /** A log that is followed ends after this; whoever wants more asks again. */
  private static final Duration LONGEST_FOLLOW = Duration.ofHours(12);

  private final Coordinators coordinators;
  private final Deadlines deadlines;

  public FunctionsGrpcClient(Coordinators coordinators, Deadlines deadlines) {
    this.coordinators = coordinators;
    this.deadlines = deadlines;
  }

  /** {@code {"functions":[…]}}. */
  public byte[] list(BackendCall call) {
    return call.run(
        () -> FunctionJsonWire.write(stub().list(ListFunctionsRequest.getDefaultInstance())));
  }

  /** The function with its versions. */
  public byte[] get(BackendCall call, String name) {
    var request = GetFunctionRequest.newBuilder().setName(name).build();
    return call.run(() -> FunctionJsonWire.write(stub().get(request)));
  }

  /** Deletes the function with all its versions. */
  public void delete(BackendCall call, String name) {
    var request = DeleteFunctionRequest.newBuilder().setName(name).build();
    var _ = call.run(() -> stub().delete(request));
  }

  /**
   * Deploys a version; {@code latest} names it from then on.
   *
   * @param name what the manifest has to say; empty: whatever it says
   * @param manifestYaml empty: the code is an archive that holds one
   */
  public byte[] deploy(BackendCall call, String name, String manifestYaml, byte[] code) {
    var request =
        DeployRequest.newBuilder()
            .setName(name)
            .setManifestYaml(manifestYaml)
            .setCode(ByteString.copyFrom(code))
            .build();
    return call.run(() -> FunctionJsonWire.write(stub().deploy(request)));
  }

  /**
   * Makes or moves an alias.
   *
   * @param targets {@code {"version": "…"}} or {@code {"versions": [{"version", "weight"}, …]}}
   */
  public byte[] alias(BackendCall call, String name, String alias, JsonNode targets) {
    var request =
        SetAliasRequest.newBuilder()
            .setFunction(name)
            .setAlias(FunctionJsonWire.alias(alias, targets))
            .build();
    return call.run(() -> FunctionJsonWire.write(stub().setAlias(request)));
  }

  public byte[] deleteAlias(BackendCall call, String name, String alias) {
    var request = DeleteAliasRequest.newBuilder().setFunction(name).setAlias(alias).build();
    return call.run(() -> FunctionJsonWire.write(stub().deleteAlias(request)));
  }

  /**
   * Moves {@code latest} back.
   *
   * @param version empty: to the version that was deployed before
   */
  public byte[] rollback(BackendCall call, String name, String version) {
    var request = RollbackRequest.newBuilder().setFunction(name).setVersion(version).build();
    return call.run(() -> FunctionJsonWire.write(stub().rollback(request)));
  }

  /**
   * Which lines of a function's log.
   *
   * @param lines the last so many of those kept
   * @param follow whether those that come are wanted, too
   * @param invocation empty: of all
   */
  public record LogQuery(String function, int lines, boolean follow, String invocation) {}

  /**
   * Hands over the lines of a function's log as JSON, oldest first.
   *
   * @param lines takes one; false: no more wanted
   */
  public void logs(BackendCall call, LogQuery query, Predicate<byte[]> lines) {
    var request =
        FunctionLogsRequest.newBuilder()
            .setFunction(query.function())
            .setLines(query.lines())
            .setFollow(query.follow())
            .setInvocationId(query.invocation())
            .build();
    var most = query.follow() ? LONGEST_FOLLOW : deadlines.administration();
    var _ =
        call.run(() -> {
          Iterator<FunctionLogLine> stream =
              FunctionsGrpc.newBlockingStub(coordinators.channel())
                  .withDeadlineAfter(most.toNanos(), TimeUnit.NANOSECONDS)
                  .logs(request);
          while (stream.hasNext()) {
            if (!lines.test(FunctionJsonWire.write(stream.next()))) {
              call.cancel("client: wants no more lines");
              return false;
            }
          }
          return true;
        });
  }

  private FunctionsGrpc.FunctionsBlockingStub stub() {
    return FunctionsGrpc.newBlockingStub(coordinators.channel())
        .withDeadlineAfter(deadlines.administration().toNanos(), TimeUnit.NANOSECONDS);
  }
}
