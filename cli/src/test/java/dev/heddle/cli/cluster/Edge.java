package dev.heddle.cli.cluster;

import dev.heddle.cli.node.Node;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.net.CookieHandler;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of a gateway's HTTP edge, with its own cookies. */
final class Edge implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final HttpClient client;
  private final URI base;

  Edge(Node gateway, CookieHandler cookies) {
    this(gateway.http().orElseThrow(), cookies);
  }

  Edge(HostPort gateway, CookieHandler cookies) {
    this.client =
        HttpClient.newBuilder()
            .cookieHandler(cookies)
            .connectTimeout(Duration.ofSeconds(60))
            .build();
    this.base = URI.create("http://" + gateway);
  }

  HttpClient client() {
    return client;
  }

  URI webSocket(String app) {
    return URI.create("ws://" + base.getAuthority() + "/ws/" + app);
  }

  HttpResponse<String> send(String method, String path, String contentType, String body)
      throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(base.resolve(path))
            .timeout(Duration.ofMinutes(2))
            .header("content-type", contentType)
            .method(method, BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  HttpResponse<String> post(String path, String json) throws IOException, InterruptedException {
    return send("POST", path, "application/json", json);
  }

  static JsonNode json(HttpResponse<String> response) {
    return JSON.readTree(response.body());
  }

  @Override
  public void close() {
    client.close();
  }
}
