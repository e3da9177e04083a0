package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.json.Json;
import dev.heddle.process.testing.Eventually;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.LinkedBlockingQueue;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What handlers get and leave: AWS's events, the connection's state and tags. */
@Timeout(60)
class EventsTest {
  private static final LinkedBlockingQueue<String> REPLIES = new LinkedBlockingQueue<>();

  private static GatewayFixture fixture;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    fixture = new GatewayFixture(directory).readyForPeers();
    library = SocketClient.library();
    fixture.app(
        "game",
        """
        name: game
        routes:
          $connect: {function: enter}
          play: {function: play}
          $disconnect: {function: leave}
        autoReplies: {ping: pong}
        """);
    var handlers = fixture.coordinator.handlers;
    handlers.put(
        "enter",
        request -> "{\"statusCode\":200,\"heddle\":{\"state\":{\"level\":1},\"tags\":[\"new\"]}}");
    handlers.put("play", request -> REPLIES.take());
    handlers.put("leave", request -> "null");
  }

  @AfterAll
  static void stop() throws Exception {
    library.stop();
    fixture.close();
  }

  private static SocketClient connect(String protocol) throws Exception {
    fixture.coordinator.invocations.clear();
    return SocketClient.connect(
        library, fixture.gateway.httpPort(), "/ws/game", protocol, Map.of());
  }

  /** What a function got of the newest connection: goodbyes of older ones may come late. */
  private static List<JsonNode> events(String function) {
    String newest = id(all("enter").getLast());
    return all(function).stream().filter(event -> id(event).equals(newest)).toList();
  }

  private static String id(JsonNode event) {
    return event.at("/requestContext/connectionId").asString();
  }

  private static List<JsonNode> all(String function) {
    return fixture.coordinator.invocations.stream()
        .filter(request -> request.getFunction().equals(function))
        .map(request -> Json.parse(request.getEventJson().toByteArray()))
        .toList();
  }

  private static JsonNode play(SocketClient socket, String reply) throws Exception {
    REPLIES.add(reply);
    socket.send("{\"action\":\"play\"}");
    String frame = socket.nextText();
    assertTrue(frame.contains("done"), frame);
    return events("play").getLast().path("heddle");
  }

  private static void playsWithState(String protocol) throws Exception {
    try (var socket = connect(protocol)) {
      if (!protocol.isEmpty()) {
        socket.next();
      }
      JsonNode first = play(socket, "{\"body\":\"done\",\"heddle\":{\"state\":[1,\"ü\"]}}");
      assertEquals("{\"state\":{\"level\":1},\"tags\":[\"new\"]}", first.toString());
      JsonNode second = play(socket, "{\"body\":\"done\",\"heddle\":{\"tags\":[\"a\",\"b\"]}}");
      assertEquals("{\"state\":[1,\"ü\"],\"tags\":[\"new\"]}", second.toString());
      JsonNode third = play(socket, "{\"body\":\"done\"}");
      assertEquals("{\"state\":[1,\"ü\"],\"tags\":[\"a\",\"b\"]}", third.toString());
      JsonNode fourth = play(socket, "{\"body\":\"done\",\"heddle\":{\"state\":null}}");
      assertEquals(third.toString(), fourth.toString());
      JsonNode fifth =
          play(socket, "{\"body\":\"done\",\"heddle\":{\"state\":\"" + "x".repeat(16_382) + "\"}}");
      assertEquals("{\"state\":null,\"tags\":[\"a\",\"b\"]}", fifth.toString());
    }
    Eventually.eventually("the app hears of the end", () -> events("leave").size() == 1);
    JsonNode left = events("leave").getFirst().path("heddle");
    assertEquals(16_382, left.path("state").asString().length());
    assertEquals(2, left.path("tags").size());
  }

  @Test
  void eachInvocationGetsWhatTheLastOneLeft() throws Exception {
    playsWithState("");
  }

  @Test
  void soItIsOnAConnectionThatSurvivesItsSocket() throws Exception {
    playsWithState("heddle.v1");
    String resume;
    String before;
    try (var socket = connect("heddle.v1")) {
      resume = socket.next().path("resume").asString();
      before = play(socket, "{\"body\":\"done\",\"heddle\":{\"state\":7}}").toString();
      socket.vanish();
    }
    assertEquals("{\"state\":{\"level\":1},\"tags\":[\"new\"]}", before);
    REPLIES.add("{\"body\":\"done\"}");
    var sent = fixture.send("POST", "/poll/game?resume=" + resume, "{\"action\":\"play\"}");
    assertEquals(200, sent.statusCode(), sent.body());
    assertEquals(7, events("play").getLast().at("/heddle/state").intValue());
  }

  @Test
  void aReplyThatLeavesTooMuchFailsAndLeavesNothing() throws Exception {
    try (var socket = connect("")) {
      for (String heddle :
          List.of(
              "{\"state\":\"" + "x".repeat(16_383) + "\"}",
              "{\"tags\":[\"" + "x".repeat(257) + "\"]}",
              "{\"tags\":[\"\"]}",
              "{\"tags\":\"a\"}",
              "{\"tags\":[1,2,3,4,5,6,7,8,9,10,11]}",
              "{\"status\":1}")) {
        REPLIES.add("{\"body\":\"done\",\"heddle\":" + heddle + "}");
        socket.send("{\"action\":\"play\",\"id\":1}");
        JsonNode frame = socket.next();
        assertEquals("FUNCTION_FAILED", frame.at("/error/name").asString(), frame.toString());
      }
      assertEquals(1, play(socket, "{\"body\":\"done\"}").at("/state/level").intValue());
    }
  }

  @Test
  void eventsHaveTheFieldsOfAws() throws Exception {
    try (var socket = connect("")) {
      play(socket, "{\"body\":\"done\"}");
    }
    Eventually.eventually("the app hears of the end", () -> events("leave").size() == 1);
    Set<String> always =
        Set.of(
            "routeKey",
            "eventType",
            "extendedRequestId",
            "requestTime",
            "messageDirection",
            "stage",
            "connectedAt",
            "requestTimeEpoch",
            "identity",
            "requestId",
            "domainName",
            "connectionId",
            "apiId");
    check("enter", "CONNECT", "$connect", always, Set.of());
    check("play", "MESSAGE", "play", always, Set.of("messageId"));
    check(
        "leave",
        "DISCONNECT",
        "$disconnect",
        always,
        Set.of("disconnectStatusCode", "disconnectReason"));
  }

  private static void check(
      String function, String type, String route, Set<String> always, Set<String> besides) {
    JsonNode event = events(function).getFirst();
    JsonNode context = event.path("requestContext");
    var expected = new TreeSet<>(always);
    expected.addAll(besides);
    assertEquals(expected, new TreeSet<>(context.propertyNames()));
    assertEquals(type, context.path("eventType").asString());
    assertEquals(route, context.path("routeKey").asString());
    assertEquals("IN", context.path("messageDirection").asString());
    assertEquals("game", context.path("apiId").asString());
    assertTrue(context.path("requestTimeEpoch").isIntegralNumber());
    assertTrue(
        context
            .path("requestTime")
            .asString()
            .matches("\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d \\+0000"));
    assertEquals(false, event.path("isBase64Encoded").booleanValue());
  }

  @Test
  void autoRepliesAndPingsWakeNobody() throws Exception {
    try (var socket = connect("")) {
      socket.session.sendPing(ByteBuffer.wrap(new byte[] {1}), Callback.NOOP);
      socket.send("ping");
      assertEquals("pong", socket.nextText());
      socket.send("ping ");
      assertEquals("MALFORMED_JSON", socket.next().at("/error/name").asString());
      assertEquals(0, events("play").size());
    }
    try (var socket = connect("heddle.v1")) {
      socket.next();
      socket.send("ping");
      assertEquals("pong", socket.next().path("body").asString());
      assertEquals(0, events("play").size());
    }
  }
}
