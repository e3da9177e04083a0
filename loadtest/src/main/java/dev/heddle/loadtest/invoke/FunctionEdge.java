package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpReply;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;

/**
 * A cluster's gateway, for what is not measured by itself.
 *
 * @param address of the gateway
 * @param key the API key of a tenant, where one is needed
 */
public record FunctionEdge(HostPort address, Optional<String> key) {
  private static final HttpLimits LIMITS = HttpLimits.DEFAULTS.withTimeout(Duration.ofMinutes(3));

  /** Of a cluster that everyone may use. */
  public FunctionEdge(HostPort address) {
    this(address, Optional.empty());
  }

  /** Deploys an archive and returns the version. */
  public String deploy(String name, byte[] archive) {
    return put("/v1/functions/" + name, archive);
  }

  /** Deploys a module that holds a handler and returns the version. */
  String deployModule(String name, byte[] module) {
    return put("/v1/functions/" + name + "?runtime=wasm&kind=handler", module);
  }

  /** Deploys a module that holds a scatter function and returns the version. */
  public String deployScatterModule(String name, byte[] module) {
    return put("/v1/functions/" + name + "?runtime=wasm&kind=scatter", module);
  }

  private String put(String target, byte[] body) {
    var reply = sent(target, "application/octet-stream", body);
    return JsonMapper.shared().readTree(reply.body()).path("version").asString();
  }

  /** Deploys an app, or puts it in the place of the one with its name. */
  public void deployApp(String name, String yaml) {
    var _ = sent("/v1/apps/" + name, "application/yaml", yaml.getBytes(StandardCharsets.UTF_8));
  }

  private HttpReply sent(String target, String type, byte[] body) {
    var headers = new HashMap<>(Map.of("Content-Type", type));
    key.ifPresent(value -> headers.put("Authorization", "Bearer " + value));
    var reply = exchange(HttpRequest.of("PUT", target, address, headers, body));
    if (reply.status() != 200 && reply.status() != 201) {
      throw new HeddleException(
          ErrorCode.INTERNAL,
          "PUT " + target + ": status " + reply.status() + ", " + reply.excerpt());
    }
    return reply;
  }

  private HttpReply exchange(HttpRequest request) {
    try (var connection = HttpConnection.open(address, LIMITS)) {
      return connection.exchange(request);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, address + ": " + e, e);
    }
  }

  /** An invocation, as {@link LoopConnection} sends it: without the end of its head. */
  LoopRequest run(String function, String event) {
    var request = LoopRequest.post(address, "/run/" + function, event);
    return key.map(value -> request.withHeader("Authorization", "Bearer " + value)).orElse(request);
  }
}
