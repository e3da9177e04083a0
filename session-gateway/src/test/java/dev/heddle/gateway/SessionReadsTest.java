package dev.heddle.gateway;

import static dev.heddle.gateway.GatewayFixture.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.HostPort;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What a user has done at one gateway holds at the other: position tokens in cookie sessions. */
@Timeout(300)
class SessionReadsTest {
  private static final String DOC = "/v1/datasets/books/docs/a";
  private static final String QUERY = "/v1/datasets/books/query";
  private static final String APP =
      """
      name: shop
      routes:
        once: {dataset: books}
        stream: {dataset: books, stream: true}
      """;

  private static GatewayFixture one;
  private static GatewayFixture two;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    Path keys = directory.resolve("sessions.yaml");
    KeyRing.createIfAbsent(keys);
    one = node(directory.resolve("1"), keys, List.of());
    two = node(directory.resolve("2"), keys, List.of(one.gateway.gridAddress()));
    for (GatewayFixture each : List.of(one, two)) {
      each.app("shop", APP);
      each.coordinator.handlers.put("who", request -> "\"" + request.getSession().getId() + "\"");
    }
  }

  private static GatewayFixture node(Path directory, Path keys, List<String> members) {
    return new GatewayFixture(
            directory,
            config -> new SharedGrid(keys, Duration.ofSeconds(60), false).settings(config, members),
            Credentials.none())
        .ready();
  }

  @AfterAll
  static void stop() {
    two.close();
    one.close();
  }

  @BeforeEach
  void clear() {
    for (GatewayFixture each : List.of(one, two)) {
      each.coordinator.datasets.documents.clear();
      each.coordinator.datasets.tokens.clear();
      each.coordinator.datasets.incarnation = "i1";
      // Both speak of the same shard.
      LocalCatalog.write(each.catalog, List.of(Change.put(records())));
    }
  }

  private static dev.heddle.catalog.DatasetRecord records() {
    return one.coordinator.datasets.record("books");
  }

  private static String cookie() throws Exception {
    return cookie(one);
  }

  private static String cookie(GatewayFixture node) throws Exception {
    String header =
        node.send("POST", "/run/who", "{}").headers().firstValue("set-cookie").orElseThrow();
    return header.substring(0, header.indexOf(';'));
  }

  private static HttpResponse<String> send(
      GatewayFixture node, String method, String path, String body, String... headers)
      throws Exception {
    var request = node.request(method, path, body);
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return node.send(request);
  }

  private static String token(HttpResponse<String> response) {
    assertEquals(200, response.statusCode(), response.body());
    return response.headers().firstValue("heddle-position").orElse("");
  }

  private static String asked(GatewayFixture node) {
    String token = node.coordinator.datasets.tokens.poll();
    return token == null ? "not asked" : token;
  }

  private static long index(String token) {
    return PositionToken.parse(token).of(records()).getFirst().index();
  }

  @Test
  void aWriteHereIsKnownToAReadThere() throws Exception {
    String cookie = cookie();
    String written = token(send(one, "PUT", DOC, "{}", "Cookie", cookie));
    for (String read : List.of(DOC + "?read=session", "/v1/datasets/books/docs?read=session")) {
      HttpResponse<String> response = send(two, "GET", read, "", "Cookie", cookie);
      assertTrue(response.statusCode() == 200 || response.statusCode() == 404);
      assertEquals(written, asked(two), read);
    }
    token(send(two, "POST", QUERY, "{\"read\":\"session\"}", "Cookie", cookie));
    assertEquals(written, asked(two));
    // Other reads and other users wait for nothing.
    token(send(two, "POST", QUERY, "{\"read\":\"any\"}", "Cookie", cookie));
    assertEquals("", asked(two));
    token(send(two, "POST", QUERY, "{\"read\":\"session\"}", "Cookie", cookie()));
    assertEquals("", asked(two));
    token(send(two, "POST", QUERY, "{\"read\":\"session\"}", "Cookie", cookie + "x"));
    assertEquals("", asked(two));
  }

  @Test
  void theHeaderAndTheSessionAreMerged() throws Exception {
    String cookie = cookie();
    String first = token(send(one, "PUT", DOC, "{}"));
    String second = token(send(one, "PUT", DOC, "{}", "Cookie", cookie));
    assertTrue(index(first) < index(second));
    one.coordinator.datasets.tokens.clear();
    String read = DOC + "?read=session";
    token(send(one, "GET", read, "", "Cookie", cookie, "Heddle-Position", first));
    assertEquals(second, asked(one), "the session is ahead");
    String third = token(send(one, "PUT", DOC, "{}"));
    one.coordinator.datasets.tokens.clear();
    token(send(one, "GET", read, "", "Cookie", cookie, "Heddle-Position", third));
    assertEquals(third, asked(one), "the header is ahead");
    send(two, "GET", read, "", "Cookie", cookie);
    assertEquals(third, asked(two), "what the header said is the session's, too");
  }

  @Test
  void whatAUserHasSeenIsNeverUnseen() throws Exception {
    String cookie = cookie();
    token(send(one, "PUT", DOC, "{}"));
    String seen = token(send(one, "POST", QUERY, "{}", "Cookie", cookie));
    token(send(two, "POST", QUERY, "{\"read\":\"session\"}", "Cookie", cookie));
    assertEquals(seen, asked(two));
  }

  @Test
  void whatAUserHasSeenToBeGoneStaysGone() throws Exception {
    String cookie = cookie();
    token(send(one, "PUT", DOC, "{}"));
    String deleted = token(send(one, "DELETE", DOC, ""));
    HttpResponse<String> gone = send(one, "GET", DOC + "?read=session", "", "Cookie", cookie);
    assertEquals(404, gone.statusCode(), gone.body());
    assertEquals(deleted, gone.headers().firstValue("heddle-position").orElse(""));
    for (String read : List.of(DOC + "?read=session", "/v1/datasets/books/docs?read=session")) {
      send(two, "GET", read, "", "Cookie", cookie);
      assertEquals(deleted, asked(two), read);
    }
    token(send(two, "POST", QUERY, "{\"read\":\"session\"}", "Cookie", cookie));
    assertEquals(deleted, asked(two));
  }

  @Test
  void aRefusedConditionIsSomethingToHaveSeen() throws Exception {
    String cookie = cookie();
    String written = token(send(one, "PUT", DOC, "{}"));
    HttpResponse<String> refused = send(one, "PUT", DOC + "?ifVersion=0", "{}", "Cookie", cookie);
    assertEquals(409, refused.statusCode(), refused.body());
    assertEquals(written, refused.headers().firstValue("heddle-position").orElse(""));
    token(send(two, "POST", QUERY, "{\"read\":\"session\"}", "Cookie", cookie));
    assertEquals(written, asked(two));
  }

  @Test
  void aReplyTellsWhereTheSessionCouldNotBeTold(@TempDir Path directory) throws Exception {
    Path keys = directory.resolve("sessions.yaml");
    KeyRing.createIfAbsent(keys);
    try (GatewayFixture alone = node(directory.resolve("alone"), keys, List.of())) {
      alone.coordinator.handlers.put("who", request -> "1");
      String cookie = cookie(alone);
      HttpResponse<String> kept = send(alone, "PUT", DOC, "{}", "Cookie", cookie);
      assertEquals("", kept.headers().firstValue("heddle-session-position").orElse(""));
      int port = HostPort.parse(alone.gateway.gridAddress().toString()).port();
      for (HazelcastInstance member : Hazelcast.getAllHazelcastInstances()) {
        if (member.getCluster().getLocalMember().getAddress().getPort() == port) {
          member.getLifecycleService().terminate();
        }
      }
      HttpResponse<String> lost = send(alone, "PUT", DOC, "{}", "Cookie", cookie);
      assertEquals("not-kept", lost.headers().firstValue("heddle-session-position").orElse(""));
      assertTrue(token(lost).startsWith("A"), "the work is done, and the client has the token");
      HttpResponse<String> without = send(alone, "PUT", DOC, "{}");
      assertEquals("", without.headers().firstValue("heddle-session-position").orElse(""));
    }
  }

  @Test
  void aBulkStreamRaisesTheSessionWithEachAnswer() throws Exception {
    String cookie = cookie();
    HttpResponse<String> bulk =
        send(
            one,
            "POST",
            "/v1/datasets/books/bulk",
            "{\"put\":{\"id\":\"a\",\"document\":{}}}\n",
            "Cookie",
            cookie,
            "Content-Type",
            "application/x-ndjson");
    String last = bulk.body().strip().substring(bulk.body().strip().lastIndexOf('\n') + 1);
    String token = Json.parse(last).path("positionToken").stringValue();
    token(send(two, "POST", QUERY, "{\"read\":\"session\"}", "Cookie", cookie));
    assertEquals(token, asked(two));
  }

  @Test
  void aLostPositionIsToldOnceAndForgotten() throws Exception {
    String cookie = cookie();
    token(send(one, "PUT", DOC, "{}", "Cookie", cookie));
    two.coordinator.datasets.incarnation = "i2";
    token(send(two, "PUT", DOC, "{}"));
    String session = "{\"read\":\"session\"}";
    HttpResponse<String> lost = send(two, "POST", QUERY, session, "Cookie", cookie);
    assertEquals(410, lost.statusCode(), lost.body());
    assertEquals("POSITION_LOST", json(lost).at("/error/name").stringValue());
    token(send(two, "POST", QUERY, session, "Cookie", cookie));
    two.coordinator.datasets.tokens.clear();
    HttpResponse<String> again = send(two, "POST", QUERY, session, "Cookie", cookie);
    PositionToken kept = PositionToken.parse(token(again));
    assertEquals(1, kept.of(two.coordinator.datasets.record("books")).size());
  }

  @Test
  void framesOfAConnectionReadAndRaiseTheSession() throws Exception {
    String cookie = cookie();
    String written = token(send(one, "PUT", DOC, "{}", "Cookie", cookie));
    var frames = new LinkedBlockingQueue<String>();
    WebSocket socket =
        two.client
            .newWebSocketBuilder()
            .header("Cookie", cookie)
            .buildAsync(
                URI.create("ws://127.0.0.1:" + two.gateway.httpPort() + "/ws/shop"),
                new Listener(frames))
            .join();
    for (String action : List.of("once", "stream")) {
      two.coordinator.datasets.tokens.clear();
      socket.sendText(frame(action, "session"), true).join();
      JsonNode answer = last(frames);
      assertEquals(written, asked(two), action);
      assertTrue(answer.at("/answer/positionToken").isString(), answer.toString());
    }
    token(send(two, "PUT", DOC, "{}"));
    socket.sendText(frame("stream", "any"), true).join();
    String seen = last(frames).at("/answer/positionToken").stringValue();
    one.coordinator.datasets.tokens.clear();
    token(send(one, "POST", QUERY, "{\"read\":\"session\"}", "Cookie", cookie));
    assertEquals(
        Math.max(index(seen), index(written)), index(asked(one)), "over HTTP as over WebSocket");
    two.coordinator.datasets.incarnation = "i3";
    socket.sendText(frame("once", "session"), true).join();
    assertEquals("POSITION_LOST", last(frames).at("/error/name").stringValue());
    socket.sendText(frame("once", "session"), true).join();
    assertTrue(last(frames).path("final").booleanValue());
    socket.abort();
  }

  private static String frame(String action, String read) {
    return "{\"action\":\"" + action + "\",\"query\":{\"read\":\"" + read + "\"}}";
  }

  private static JsonNode last(BlockingQueue<String> frames) throws InterruptedException {
    while (true) {
      String frame = frames.poll(60, TimeUnit.SECONDS);
      if (frame == null) {
        throw new AssertionError("no frame");
      }
      JsonNode json = Json.parse(frame);
      if (json.path("final").asBoolean(false) || json.has("error")) {
        return json;
      }
    }
  }

  /** Collects whole frames. */
  private static final class Listener implements WebSocket.Listener {
    private final BlockingQueue<String> frames;
    private final StringBuilder part = new StringBuilder();

    Listener(BlockingQueue<String> frames) {
      this.frames = frames;
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      part.append(data);
      if (last) {
        frames.add(part.toString());
        part.setLength(0);
      }
      return WebSocket.Listener.super.onText(socket, data, last);
    }
  }
}
