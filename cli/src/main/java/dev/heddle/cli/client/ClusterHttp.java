package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.TraceContext;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A cluster's HTTP edge. Thread safe. */
public final class ClusterHttp implements AutoCloseable {
  private static final String POSITION = "heddle-position";

  private final ClusterAddress address;
  private final Duration timeout;
  private final HttpClient client;
  private final TraceContext trace = TraceContext.create();

  /**
   * @param timeout for each call
   */
  public ClusterHttp(ClusterAddress address, Duration timeout) {
    this.address = address;
    this.timeout = timeout;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(timeout)
            .build();
  }

  public JsonNode get(String... path) throws InterruptedException {
    return send("GET", BodyPublishers.noBody(), "", Optional.empty(), path);
  }

  /**
   * @param query by name
   */
  public JsonNode get(Map<String, String> query, String... path) throws InterruptedException {
    StringJoiner parameters = new StringJoiner("&", "?", "").setEmptyValue("");
    query.forEach((name, value) -> parameters.add(name + "=" + encode(value)));
    return sendTo(
        "GET",
        BodyPublishers.noBody(),
        "",
        Optional.empty(),
        URI.create(uri(path) + parameters.toString()));
  }

  /** What is no JSON, such as metrics. */
  public String text(String... path) throws InterruptedException {
    HttpResponse<String> response = answer(request(uri(path)));
    if (response.statusCode() / 100 != 2) {
      // Errors are JSON everywhere.
      var _ = read(response);
    }
    return response.body();
  }

  public JsonNode delete(String... path) throws InterruptedException {
    return send("DELETE", BodyPublishers.noBody(), "", Optional.empty(), path);
  }

  public JsonNode post(JsonNode body, String... path) throws InterruptedException {
    return post(body, Optional.empty(), path);
  }

  /**
   * @param position token of earlier calls
   */
  public JsonNode post(JsonNode body, Optional<String> position, String... path)
      throws InterruptedException {
    return send(
        "POST", BodyPublishers.ofString(body.toString()), "application/json", position, path);
  }

  public JsonNode putYaml(String yaml, String... path) throws InterruptedException {
    return send("PUT", BodyPublishers.ofString(yaml), "application/yaml", Optional.empty(), path);
  }

  private JsonNode send(
      String method, BodyPublisher body, String type, Optional<String> position, String... path)
      throws InterruptedException {
    return sendTo(method, body, type, position, uri(path));
  }

  private JsonNode sendTo(
      String method, BodyPublisher body, String type, Optional<String> position, URI uri)
      throws InterruptedException {
    HttpRequest.Builder request =
        request(uri).method(method, body).header("accept", "application/json");
    if (!type.isEmpty()) {
      request.header("content-type", type);
    }
    position.ifPresent(token -> request.header(POSITION, token));
    return read(answer(request));
  }

  private HttpRequest.Builder request(URI uri) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(timeout)
            .header("traceparent", trace.child().traceparent());
    address.key().ifPresent(key -> request.header("authorization", "Bearer " + key));
    return request;
  }

  private HttpResponse<String> answer(HttpRequest.Builder request) throws InterruptedException {
    try {
      return client.send(request.build(), BodyHandlers.ofString());
    } catch (ConnectException e) {
      throw new RemoteFailure(
          new HeddleException(
              ErrorCode.UNAVAILABLE,
              "nothing answers at "
                  + address.http()
                  + " (expected: a running cluster; start one with 'heddle demo', or say where it"
                  + " is with --http URL)",
              e),
          "");
    } catch (IOException e) {
      throw new RemoteFailure(
          new HeddleException(ErrorCode.UNAVAILABLE, address.http() + ": " + e.getMessage(), e),
          trace.traceId());
    }
  }

  private URI uri(String... path) {
    StringBuilder uri = new StringBuilder(address.http().toString());
    Arrays.stream(path).map(ClusterHttp::encode).forEach(part -> uri.append('/').append(part));
    return URI.create(uri.toString());
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private JsonNode read(HttpResponse<String> response) {
    JsonNode body;
    try {
      String text = response.body().isBlank() ? "{}" : response.body();
      body = JsonMapper.shared().readTree(text);
    } catch (JacksonException e) {
      throw new RemoteFailure(
          new HeddleException(
              ErrorCode.INTERNAL,
              response.uri() + ": status " + response.statusCode() + " (expected: JSON)",
              e),
          trace.traceId());
    }
    if (response.statusCode() / 100 == 2) {
      return body;
    }
    JsonNode error = body.path("error");
    ErrorCode code = ErrorCode.of(error.path("code").asInt(0)).orElse(ErrorCode.INTERNAL);
    String message = error.path("message").asString("status " + response.statusCode());
    throw new RemoteFailure(
        new HeddleException(code, message), error.path("traceId").asString(trace.traceId()));
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
