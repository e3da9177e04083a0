package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Where a cluster is, and who we are there.
 *
 * @param grpc the coordinator's public gRPC port
 * @param http the gateway
 * @param key the API key that says for which tenant we speak
 * @param source how the address was found, for error messages
 */
public record ClusterAddress(HostPort grpc, URI http, Optional<String> key, String source) {
  private static final HostPort DEFAULT_GRPC = new HostPort("localhost", 8081);
  private static final URI DEFAULT_HTTP = URI.create("http://localhost:8080");

  /**
   * Finds the cluster: by what was said, by the environment, by the demo that runs in this
   * checkout, or at the usual ports of this machine. What was said wins part by part.
   *
   * @param demoFile {@code .heddle/demo.json}; need not exist
   */
  public static ClusterAddress find(
      @Nullable String grpc,
      @Nullable String http,
      @Nullable String key,
      Map<String, String> environment,
      Path demoFile) {
    Optional<JsonNode> demo = readDemo(demoFile);
    String saidGrpc = said(grpc, environment, "HEDDLE_GRPC");
    String saidHttp = said(http, environment, "HEDDLE_HTTP");
    Optional<String> saidKey =
        Optional.ofNullable(said(key, environment, "HEDDLE_KEY")).filter(k -> !k.isEmpty());
    boolean guess = saidGrpc == null && saidHttp == null;
    HostPort grpcAddress =
        saidGrpc != null
            ? HostPort.parse(saidGrpc)
            : demo.map(d -> HostPort.parse(d.path("grpc").asString())).orElse(DEFAULT_GRPC);
    URI httpAddress =
        saidHttp != null
            ? uri(saidHttp)
            : demo.map(d -> uri(d.path("http").asString())).orElse(DEFAULT_HTTP);
    String source = guess ? (demo.isPresent() ? demoFile.toString() : "default") : "given";
    return new ClusterAddress(grpcAddress, httpAddress, saidKey, source);
  }

  private static @Nullable String said(
      @Nullable String option, Map<String, String> environment, String variable) {
    return option != null ? option : environment.get(variable);
  }

  private static URI uri(String text) {
    try {
      URI uri = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
      if (uri.getHost() != null
          && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      // Told below, in our words.
    }
    throw new HeddleException(
        ErrorCode.INVALID_REQUEST, "http: " + text + " (expected: http://HOST:PORT)");
  }

  private static Optional<JsonNode> readDemo(Path file) {
    try {
      return Optional.of(JsonMapper.shared().readTree(Files.readString(file)))
          .filter(demo -> alive(demo.path("pid").asLong(0)));
    } catch (IOException | JacksonException e) {
      // No demo runs here, or it is just starting.
      return Optional.empty();
    }
  }

  private static boolean alive(long pid) {
    return ProcessHandle.of(pid).isPresent();
  }
}
