package dev.heddle.loadtest.query;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpReply;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.measure.BenchOptions.Target;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The HTTP edge of the cluster under load, and its dataset there. */
record ClusterEdge(Target target) {
  private static final JsonMapper JSON = JsonMapper.shared();

  HttpConnection open() throws IOException {
    return HttpConnection.open(target.address(), HttpLimits.DEFAULTS.withTimeout(target.timeout()));
  }

  HttpRequest query(byte[] body) {
    return request("POST", "/query", body);
  }

  private HttpRequest request(String method, String below, byte[] body) {
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Accept", "application/json");
    target.key().ifPresent(key -> headers.put("Authorization", "Bearer " + key));
    if (body.length > 0) {
      headers.put("Content-Type", "application/json");
    }
    var name = URLEncoder.encode(target.dataset(), StandardCharsets.UTF_8).replace("+", "%20");
    return HttpRequest.of(
        method, target.path("/v1/datasets/" + name + below), target.address(), headers, body);
  }

  /** Asks over a connection of its own, outside of all measurements. */
  private JsonNode ask(HttpRequest request) {
    HttpReply reply;
    try (var connection = open()) {
      reply = connection.exchange(request);
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE,
          "target: "
              + target.url()
              + ": "
              + e.getMessage()
              + " (expected: a running cluster; `heddle demo` starts one)",
          e);
    }
    try {
      var json = JSON.readTree(reply.body());
      if (reply.ok()) {
        return json;
      }
      var error = json.path("error");
      throw new HeddleException(
          ErrorCode.of(error.path("code").asInt(0)).orElse(ErrorCode.INVALID_REQUEST),
          target.url() + ": " + error.path("message").asString("status " + reply.status()));
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "target: %s: status %d, %s (expected: the JSON of a Heddle gateway)"
              .formatted(target.url(), reply.status(), reply.excerpt()),
          e);
    }
  }

  DatasetShape shape() {
    return DatasetShape.of(ask(request("GET", "", new byte[0])));
  }

  JsonNode answer(JsonNode query) {
    return ask(query(query.toString().getBytes(StandardCharsets.UTF_8)));
  }
}
