package dev.heddle.cli;

import dev.heddle.cli.client.ClusterAddress;
import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.ClusterHttp;
import dev.heddle.process.DurationFormat;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the cluster is that a command speaks to. */
final class ClusterOptions {
  @Option(
      names = "--grpc",
      paramLabel = "HOST:PORT",
      description =
          "The cluster's gRPC address. Default: $$HEDDLE_GRPC, else the demo that runs in this"
              + " checkout, else localhost:8081.")
  private @Nullable String grpc;

  @Option(
      names = "--http",
      paramLabel = "URL",
      description = "The cluster's HTTP address. Default: $$HEDDLE_HTTP, else as above.")
  private @Nullable String http;

  @Option(
      names = "--key",
      paramLabel = "KEY",
      description = "The API key of your tenant. Default: $$HEDDLE_KEY, else none.")
  private @Nullable String key;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      defaultValue = "30s",
      description = "How long to wait for an answer. Default: ${DEFAULT-VALUE}.")
  private String timeout = "30s";

  ClusterAddress address() {
    Path demoFile = Checkout.ofProcess().demoFolder().resolve("demo.json");
    return ClusterAddress.find(grpc, http, key, System.getenv(), demoFile);
  }

  Duration timeout() {
    return DurationFormat.parse(timeout);
  }

  ClusterGrpcClient connect() {
    return new ClusterGrpcClient(address(), timeout());
  }

  ClusterHttp http() {
    return new ClusterHttp(address(), timeout());
  }
}
