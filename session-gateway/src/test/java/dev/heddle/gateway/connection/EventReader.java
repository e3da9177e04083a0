package dev.heddle.gateway.connection;

import dev.heddle.gateway.GatewayFixture;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Reads server-sent events as the standard's parser does, from java.net.http. */
final class EventReader implements AutoCloseable {
  private final HttpClient client = GatewayFixture.newClient();
  private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final HttpResponse<InputStream> response;

  /** One event. */
  record Event(String name, String id, String data) {}

  private EventReader(HttpRequest request) throws IOException, InterruptedException {
    response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) {
      throw new AssertionError("status " + response.statusCode());
    }
    Thread.ofVirtual().name("event-reader").start(this::read);
  }

  static EventReader open(
      GatewayFixture gateway, String path, String key, Map<String, String> headers)
      throws Exception {
    var request = HttpRequest.newBuilder(gateway.uri(path));
    if (!key.isEmpty()) {
      request.header("Authorization", "Bearer " + key);
    }
    headers.forEach(request::header);
    return new EventReader(request.build());
  }

  private void read() {
    try (var lines =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      String name = "message";
      String id = "";
      var data = new StringBuilder();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.isEmpty()) {
          if (!data.isEmpty()) {
            events.add(new Event(name, id, data.substring(0, data.length() - 1)));
          }
          name = "message";
          data.setLength(0);
        } else if (line.startsWith("event: ")) {
          name = line.substring(7);
        } else if (line.startsWith("id: ")) {
          id = line.substring(4);
        } else if (line.startsWith("data: ")) {
          data.append(line.substring(6)).append('\n');
        }
      }
    } catch (IOException | UncheckedIOException e) {
      // Closed by the test.
    }
  }

  /** The next event, which must have this name. */
  Event next(String name) throws InterruptedException {
    Event event = events.poll(60, TimeUnit.SECONDS);
    if (event == null || !event.name().equals(name)) {
      throw new AssertionError("event: " + event + " (expected: " + name + ")");
    }
    return event;
  }

  String cookie() {
    String cookie = response.headers().firstValue("set-cookie").orElseThrow();
    return cookie.substring(0, cookie.indexOf(';'));
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
