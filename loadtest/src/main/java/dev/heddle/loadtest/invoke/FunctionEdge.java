package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpReply;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * A cluster's gateway, for what is not measured by itself.
 *
 * @param address of the gateway
 */
record FunctionEdge(HostPort address) {
  private static final HttpLimits LIMITS = HttpLimits.DEFAULTS.withTimeout(Duration.ofMinutes(2));

  /** Deploys an archive and returns the version. */
  String deploy(String name, byte[] archive) {
    return put("/v1/functions/" + name, archive);
  }

  /** Deploys a module that holds a handler and returns the version. */
  String deployModule(String name, byte[] module) {
    return put("/v1/functions/" + name + "?runtime=wasm&kind=handler", module);
  }

  private String put(String target, byte[] body) {
    var type = Map.of("Content-Type", "application/octet-stream");
    var reply = exchange(HttpRequest.of("PUT", target, address, type, body));
    if (reply.status() != 201) {
      throw new HeddleException(
          ErrorCode.INTERNAL,
          "PUT " + target + ": status " + reply.status() + ", " + reply.excerpt());
    }
    return JsonMapper.shared().readTree(reply.body()).path("version").asString();
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
    return LoopRequest.post(address, "/run/" + function, event);
  }
}
