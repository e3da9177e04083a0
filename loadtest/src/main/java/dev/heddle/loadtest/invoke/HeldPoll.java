package dev.heddle.loadtest.invoke;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpReply;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of an app that polls for one frame, while the gateway holds its connection. */
final class HeldPoll implements AutoCloseable {
  private static final HttpLimits LIMITS = HttpLimits.DEFAULTS.withTimeout(Duration.ofMinutes(2));

  private final HostPort gateway;
  private final String path;
  private final HttpConnection http;
  private final String id;
  private String token;

  HeldPoll(HostPort gateway, String app) throws IOException {
    this.gateway = gateway;
    this.path = "/poll/" + app;
    this.http = HttpConnection.open(gateway, LIMITS);
    try {
      var opened = get(path);
      this.id = opened.path("connection").asString("");
      this.token = opened.path("resume").asString("");
    } catch (IOException | RuntimeException e) {
      http.close();
      throw e;
    }
  }

  /** Polls until the frame is there, and returns it. */
  String await() throws IOException {
    while (true) {
      var answer = get(path + "?resume=" + URLEncoder.encode(token, UTF_8) + "&offset=0");
      token = answer.path("resume").asString("");
      var messages = answer.path("messages");
      if (!messages.isEmpty()) {
        return messages.get(0).path("body").asString("");
      }
    }
  }

  /** Sends it a frame, as a service does. */
  void push(String frame) throws IOException {
    try (var connection = HttpConnection.open(gateway, LIMITS)) {
      var target = "/@connections/" + URLEncoder.encode(id, UTF_8);
      var _ =
          ok(
              connection.exchange(
                  HttpRequest.of("POST", target, gateway, Map.of(), frame.getBytes(UTF_8))));
    }
  }

  private JsonNode get(String target) throws IOException {
    var request = HttpRequest.of("GET", target, gateway, Map.of(), new byte[0]);
    return JsonMapper.shared().readTree(ok(http.exchange(request)).body());
  }

  private static HttpReply ok(HttpReply reply) throws IOException {
    if (!reply.ok()) {
      throw new IOException("poll: " + reply.status() + " " + reply.excerpt());
    }
    return reply;
  }

  @Override
  public void close() throws IOException {
    http.close();
  }
}
