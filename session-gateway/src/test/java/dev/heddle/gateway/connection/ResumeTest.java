package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.Security;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Connections that survive their sockets, over two gateways with one grid and a manual clock. */
@Timeout(60)
class ResumeTest {
  private static final String ACME = "key-of-tenant-acme-1";
  private static final String BETA = "key-of-tenant-beta-2";
  private static final String PROTOCOL = "heddle.v1";
  private static final Duration WINDOW = Duration.ofSeconds(60);
  private static final ManualClock CLOCK = new ManualClock(Instant.parse("2026-11-21T12:00:00Z"));
  private static final String APP =
      """
      name: chat
      routes:
        say: {function: say}
        slow: {function: slow}
        $connect: {function: hello}
        $disconnect: {function: goodbye}
      """;

  private static Path directory;
  private static Credentials credentials;
  private static GatewayFixture one;
  private static GatewayFixture two;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path temporary) throws Exception {
    directory = temporary;
    KeyRing.createIfAbsent(directory.resolve("sessions.yaml"));
    Path apiKeys =
        SharedGrid.secret(
            directory.resolve("api-keys.yaml"),
            "keys:\n  - {id: a, key: %s, tenant: acme}\n  - {id: b, key: %s, tenant: beta}\n"
                .formatted(ACME, BETA));
    Path cluster = SharedGrid.secret(directory.resolve("cluster"), "a:secret-between-the-nodes\n");
    credentials = Credentials.load(new Security(Optional.of(apiKeys), Optional.of(cluster)));
    one = gateway("1", List.of());
    two = gateway("2", List.of(one.gateway.gridAddress()));
    library = SocketClient.library();
  }

  private static GatewayFixture gateway(String name, List<String> members) {
    var gateway =
        new GatewayFixture(
                directory.resolve(name), config -> with(config, members), credentials, CLOCK)
            .readyForPeers();
    for (String tenant : List.of("acme", "beta")) {
      gateway.app(tenant, "chat", APP);
      gateway.app(tenant, "other", APP.replace("name: chat", "name: other"));
    }
    return gateway;
  }

  private static GatewayConfig with(GatewayConfig config, List<String> members) {
    var grid = new SharedGrid(directory.resolve("sessions.yaml"), Duration.ofSeconds(10), false);
    return grid.settings(config, members);
  }

  @AfterAll
  static void stop() throws Exception {
    library.stop();
    two.close();
    one.close();
  }

  @BeforeEach
  void handlers() {
    for (GatewayFixture each : List.of(one, two)) {
      handlers(each);
      each.coordinator.invocations.clear();
    }
  }

  private static void handlers(GatewayFixture gateway) {
    var handlers = gateway.coordinator.handlers;
    handlers.put("hello", request -> "{\"statusCode\":200}");
    handlers.put("goodbye", request -> "null");
    handlers.put("say", request -> "{\"body\":" + text(request.getEventJson().toByteArray()) + "}");
  }

  /** The event's `text`, as a JSON string. */
  private static String text(byte[] event) {
    return Json.parse(Json.parse(event).path("body").asString()).path("text").toString();
  }

  private static SocketClient socket(GatewayFixture gateway, String query, String cookie)
      throws Exception {
    Map<String, String> headers = cookie.isEmpty() ? Map.of() : Map.of("Cookie", cookie);
    String path = "/ws/chat?access_token=" + ACME + query;
    return SocketClient.connect(library, gateway.gateway.httpPort(), path, PROTOCOL, headers);
  }

  private static int refusal(GatewayFixture gateway, String query, String cookie) {
    return assertThrows(UpgradeException.class, () -> socket(gateway, query, cookie))
        .getResponseStatusCode();
  }

  private static String say(String text) {
    return "{\"action\":\"say\",\"text\":\"" + text + "\"}";
  }

  private static String coming(JsonNode welcome, long offset) {
    return "&resume=" + welcome.path("resume").asString() + "&offset=" + offset;
  }

  private static void message(SocketClient socket, long offset, String body) throws Exception {
    JsonNode frame = socket.next();
    assertEquals("message", frame.path("heddle").asString(), frame.toString());
    assertEquals(offset, frame.path("offset").longValue());
    assertEquals(body, frame.path("body").asString());
  }

  private static List<JsonNode> events(GatewayFixture gateway, String function) {
    return gateway.coordinator.invocations.stream()
        .filter(request -> request.getFunction().equals(function))
        .map(request -> Json.parse(request.getEventJson().toByteArray()))
        .toList();
  }

  /** Events of a connection that a function has got, over both gateways. */
  private static long calls(String function, JsonNode welcome) {
    String id = welcome.path("connection").asString();
    return Stream.of(one, two)
        .flatMap(gateway -> events(gateway, function).stream())
        .filter(event -> event.at("/requestContext/connectionId").asString().equals(id))
        .count();
  }

  private static HttpResponse<String> http(
      GatewayFixture gateway, String method, String path, String body, String key)
      throws Exception {
    return gateway.send(
        gateway.request(method, path, body).header("Authorization", "Bearer " + key));
  }

  @Test
  void movesToAnotherGatewayWithEveryFrameOnceAndNoSecondConnect() throws Exception {
    var first = socket(one, "", "");
    JsonNode welcome = first.next();
    assertEquals("welcome", welcome.path("heddle").asString());
    assertFalse(welcome.path("resume").asString().isEmpty());
    assertEquals(0, welcome.path("offset").longValue());
    assertEquals(WINDOW.toMillis(), welcome.path("windowMillis").longValue());
    for (int i = 1; i <= 3; i++) {
      first.send(say("m" + i));
      message(first, i, "m" + i);
    }
    first.vanish();
    // It has read two of three, as far as it knows.
    try (var second = socket(two, coming(welcome, 2), "")) {
      JsonNode back = second.next();
      assertTrue(back.path("recovered").booleanValue());
      assertEquals(welcome.path("connection"), back.path("connection"));
      assertNotEquals(welcome.path("resume"), back.path("resume"));
      assertEquals(2, back.path("offset").longValue());
      assertEquals(3, back.path("received").longValue());
      message(second, 3, "m3");
      second.send(say("m4"));
      message(second, 4, "m4");
      assertNull(second.frames.poll());
      String id = welcome.path("connection").asString();
      JsonNode event = events(two, "say").getLast();
      assertEquals(id, event.at("/requestContext/connectionId").asString());
    }
    assertEquals(1, calls("hello", welcome));
    Eventually.eventually("a goodbye ends it", () -> calls("goodbye", welcome) == 1);
  }

  @Test
  void disconnectComesOnceAndOnlyAfterTheWindow() throws Exception {
    var socket = socket(one, "", "");
    JsonNode welcome = socket.next();
    socket.vanish();
    CLOCK.advance(WINDOW.minusSeconds(1));
    JsonNode again;
    try (var back = socket(one, coming(welcome, 0), "")) {
      again = back.next();
      CLOCK.advance(WINDOW.multipliedBy(2));
      back.send(say("still here"));
      message(back, 1, "still here");
      assertEquals(0, calls("goodbye", welcome));
      back.vanish();
    }
    Eventually.eventually("it is detached", () -> one.gateway.connections() == 0);
    CLOCK.advance(WINDOW.plusSeconds(1));
    Eventually.eventually("it is over", () -> calls("goodbye", welcome) == 1);
    assertEquals(1, calls("hello", welcome));
    assertEquals(410, refusal(two, coming(again, 1), ""));
    assertEquals(
        410, http(one, "POST", "/sse/chat?resume=" + resume(again), "x", ACME).statusCode());
  }

  private static String resume(JsonNode welcome) {
    return welcome.path("resume").asString();
  }

  @Test
  void theNextFrameWaitsForTheCallThatIsInFlightElsewhere() throws Exception {
    var entered = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    one.coordinator.handlers.put(
        "slow",
        request -> {
          entered.countDown();
          go.await(20, TimeUnit.SECONDS);
          return "{\"body\":\"slow\"}";
        });
    var first = socket(one, "", "");
    JsonNode welcome = first.next();
    first.send("{\"action\":\"slow\"}");
    assertTrue(entered.await(10, TimeUnit.SECONDS));
    try (var second = socket(two, coming(welcome, 0), "")) {
      assertEquals("welcome", second.next().path("heddle").asString());
      assertEquals(CloseCodes.REPLACED, first.awaitClose());
      second.send(say("next"));
      assertNull(second.frames.poll(200, TimeUnit.MILLISECONDS));
      assertEquals(0, calls("say", welcome));
      go.countDown();
      message(second, 1, "slow");
      message(second, 2, "next");
    }
  }

  @Test
  void framesWithNumbersAreTakenOnce() throws Exception {
    try (var socket = socket(one, "", "")) {
      JsonNode welcome = socket.next();
      assertEquals(0, welcome.path("received").longValue());
      String frame =
          "{\"heddle\":\"message\",\"number\":1,\"body\":\"{\\\"action\\\":\\\"say\\\",\\\"text\\\":\\\"a\\\"}\"}";
      socket.send(frame);
      message(socket, 1, "a");
      assertEquals("{\"heddle\":\"received\",\"number\":1}", socket.nextText());
      socket.send(frame);
      assertEquals("{\"heddle\":\"received\",\"number\":1}", socket.nextText());
      socket.send(frame.replace("\"number\":1", "\"number\":3"));
      assertEquals("CONFLICT", socket.next().at("/error/name").asString());
      for (String bad :
          List.of(
              "{\"heddle\":\"sing\"}",
              "{\"heddle\":\"ack\"}",
              "{\"heddle\":\"ack\",\"offset\":-1}",
              "{\"heddle\":\"message\"}",
              "{\"heddle\":\"message\",\"body\":\"%\",\"isBase64Encoded\":true}",
              "{\"heddle\":{}}")) {
        socket.send(bad);
        JsonNode error = socket.next();
        assertEquals("error", error.path("heddle").asString(), bad);
        assertEquals("USER", error.at("/error/kind").asString(), bad);
      }
      socket.send("{\"heddle\":\"ack\",\"offset\":1}");
      assertEquals(1, calls("say", welcome));
      socket.send("{\"heddle\":\"close\"}");
      assertEquals(1000, socket.awaitClose());
      Eventually.eventually("the app knows", () -> calls("goodbye", welcome) == 1);
    }
  }

  @Test
  void movesBetweenTransportsAndPollsAnyGateway() throws Exception {
    var socket = socket(one, "", "");
    JsonNode welcome = socket.next();
    socket.send(say("m1"));
    message(socket, 1, "m1");
    // Another gateway takes a frame; the answer comes over the socket.
    var sent = http(two, "POST", "/poll/chat?number=2&resume=" + resume(welcome), say("m2"), ACME);
    assertEquals(200, sent.statusCode(), sent.body());
    assertEquals(2, Json.parse(sent.body()).path("received").longValue());
    message(socket, 2, "m2");
    socket.vanish();
    JsonNode polled = poll(two, welcome, 1);
    assertTrue(polled.path("recovered").booleanValue());
    assertEquals(2, polled.path("offset").longValue());
    assertEquals("m2", polled.at("/messages/0/body").asString());
    JsonNode last = polled;
    // A waiting poll at one gateway hears what another one was sent.
    var waiting =
        CompletableFuture.supplyAsync(() -> {
          try {
            return poll(one, last, 2);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
    Eventually.eventually("the poll waits", () -> one.gateway.connections() == 1);
    assertEquals(
        200, http(two, "POST", "/poll/chat?resume=" + resume(last), say("m3"), ACME).statusCode());
    JsonNode heard = waiting.get(10, TimeUnit.SECONDS);
    assertEquals(3, heard.at("/messages/0/offset").longValue());
    assertEquals("m3", heard.at("/messages/0/body").asString());
    assertEquals(1, calls("hello", welcome));
    assertEquals(0, calls("goodbye", welcome));
    assertEquals(
        403, http(one, "DELETE", "/poll/chat?resume=" + resume(welcome), "", ACME).statusCode());
    assertEquals(
        204, http(one, "DELETE", "/poll/chat?resume=" + resume(heard), "", ACME).statusCode());
    Eventually.eventually("the app knows", () -> calls("goodbye", welcome) == 1);
  }

  private static JsonNode poll(GatewayFixture gateway, JsonNode last, long offset)
      throws Exception {
    var response =
        http(gateway, "GET", "/poll/chat?offset=" + offset + "&resume=" + resume(last), "", ACME);
    assertEquals(200, response.statusCode(), response.body());
    return Json.parse(response.body());
  }

  @Test
  void anEventSourceComesBackByItself() throws Exception {
    String cookie;
    String lastId;
    JsonNode welcome;
    try (var events = EventReader.open(one, "/sse/chat", ACME, Map.of())) {
      cookie = events.cookie();
      welcome = Json.parse(events.next("heddle").data());
      assertEquals("welcome", welcome.path("heddle").asString());
      for (int i = 1; i <= 2; i++) {
        var request =
            one.request("POST", "/sse/chat?resume=" + resume(welcome), say("line\\n" + i))
                .header("Authorization", "Bearer " + ACME)
                .header("Cookie", cookie);
        assertEquals(200, one.send(request).statusCode());
      }
      EventReader.Event first = events.next("message");
      assertEquals("line\n1", first.data());
      lastId = first.id();
      assertEquals(resume(welcome) + ":1", lastId);
    }
    Map<String, String> headers = Map.of("Last-Event-ID", lastId, "Cookie", cookie);
    try (var events = EventReader.open(two, "/sse/chat", ACME, headers)) {
      JsonNode back = Json.parse(events.next("heddle").data());
      assertTrue(back.path("recovered").booleanValue());
      EventReader.Event second = events.next("message");
      assertEquals("line\n2", second.data());
      assertEquals(resume(back) + ":2", second.id());
    }
    assertEquals(1, calls("hello", welcome));
    assertEquals(0, calls("goodbye", welcome));
  }

  @Test
  void onlyItsOwnUserWithTheNewestTokenComesBack() throws Exception {
    var other = socket(one, "", "");
    other.next();
    String otherCookie = other.cookie();
    other.close();
    var first = socket(one, "", otherCookie);
    JsonNode welcome = first.next();
    String mine = otherCookie;
    var stranger = socket(two, "", "");
    stranger.next();
    String strangers = stranger.cookie();
    stranger.close();
    // It showed a cookie when it came, and has to show the same one again.
    assertEquals(403, refusal(two, coming(welcome, 0), ""));
    assertEquals(403, refusal(two, coming(welcome, 0), strangers));
    String token = resume(welcome);
    String id = welcome.path("connection").asString();
    for (String forged :
        List.of(
            id,
            id + ".1.",
            id + ".1.AAAAAAAAAAAAAAAAAAAAAAAA",
            token.replace(".1.", ".2."),
            token.substring(0, token.length() - 2),
            (token.charAt(0) == 'x' ? "y" : "x") + token.substring(1),
            "a.b.c",
            "%00",
            "x".repeat(500))) {
      assertEquals(403, refusal(two, "&resume=" + forged, mine), forged);
    }
    assertEquals(400, refusal(two, "&resume=" + token + "&offset=-1", mine));
    // Another tenant, another app.
    String path = "/poll/chat?resume=" + token;
    assertEquals(403, http(two, "GET", path, "", BETA).statusCode());
    assertEquals(403, http(two, "POST", path, say("x"), BETA).statusCode());
    var app =
        two.request("GET", path.replace("chat", "other"), "")
            .header("Authorization", "Bearer " + ACME)
            .header("Cookie", mine);
    assertEquals(403, two.send(app).statusCode());
    // A token that was followed and not used any more.
    first.vanish();
    try (var second = socket(two, coming(welcome, 0), mine)) {
      JsonNode next = second.next();
      second.send(say("used"));
      message(second, 1, "used");
      assertEquals(403, refusal(one, coming(welcome, 0), mine));
      second.send(say("undisturbed"));
      message(second, 2, "undisturbed");
      assertEquals(id, next.path("connection").asString());
    }
    assertEquals(1, calls("hello", welcome));
  }

  @Test
  void whatAGatewayLeavesBehindIsResumedOrEndedElsewhere() throws Exception {
    var third = gateway("3", List.of(one.gateway.gridAddress()));
    handlers(third);
    var stays = socket(third, "", "");
    var ends = socket(third, "", "");
    JsonNode welcome = stays.next();
    JsonNode ended = ends.next();
    stays.send(say("m1"));
    message(stays, 1, "m1");
    third.close();
    assertEquals(1001, stays.awaitClose());
    assertEquals(1001, ends.awaitClose());
    try (var back = socket(two, coming(welcome, 0), "")) {
      assertTrue(back.next().path("recovered").booleanValue());
      message(back, 1, "m1");
      CLOCK.advance(WINDOW.plusSeconds(1));
      Eventually.eventually("the other one is over", () -> calls("goodbye", ended) == 1);
      back.send(say("m2"));
      message(back, 2, "m2");
    }
    assertEquals(0, calls("hello", welcome), "not again");
  }
}
