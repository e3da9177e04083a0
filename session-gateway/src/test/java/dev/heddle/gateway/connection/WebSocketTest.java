package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.InvokeRequest;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@Timeout(300)
public class WebSocketTest {
  private static final String APP =
      """
      name: search
      routes:
        search: {dataset: dbpedia, stream: true, defaults: {k: 2}}
        once: {dataset: dbpedia}
        topics: {dataset: dbpedia, function: related-topics}
        recent: {function: recent-searches}
        $default: {function: fallback}
        $connect: {function: gate}
        $disconnect: {function: goodbye}
      origins: ["https://pages.example.org"]
      """;
  private static final String PLAIN =
      """
      name: plain
      routes:
        once: {dataset: dbpedia}
        big: {function: big}
        slow: {function: slow}
      """;

  private static GatewayFixture fixture;
  private static WebSocketClient client;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    fixture = fixture(directory, Duration.ofSeconds(30));
    fixture.app("search", APP);
    fixture.app("plain", PLAIN);
    var handlers = fixture.coordinator.handlers;
    handlers.put("gate", request -> "{\"statusCode\":200}");
    handlers.put("goodbye", request -> "null");
    handlers.put("fallback", request -> "{\"statusCode\":200,\"body\":\"fallback\"}");
    handlers.put("recent-searches", request -> "{\"statusCode\":200,\"body\":\"one\"}");
    client = new WebSocketClient();
    client.setMaxTextMessageSize(64 << 20);
    client.getHttpClient().setHttpCookieStore(new HttpCookieStore.Empty());
    client.start();
  }

  private static GatewayFixture fixture(Path directory, Duration pings) {
    return new GatewayFixture(directory, config -> settings(config, pings), Credentials.none())
        .ready();
  }

  private static GatewayConfig settings(GatewayConfig config, Duration pings) {
    return GatewaySettings.of(config).connections(20).pingInterval(pings).config();
  }

  @AfterAll
  static void stop() throws Exception {
    client.stop();
    fixture.close();
  }

  private static SocketClient connect(String app) throws Exception {
    return connect(app, Map.of());
  }

  private static SocketClient connect(String app, Map<String, String> headers) throws Exception {
    return connect(fixture, app, headers);
  }

  private static SocketClient connect(GatewayFixture to, String app, Map<String, String> headers)
      throws Exception {
    return SocketClient.connect(client, to.gateway.httpPort(), "/ws/" + app, "", headers);
  }

  private static int refusal(String app, Map<String, String> headers) {
    return assertThrows(UpgradeException.class, () -> connect(app, headers))
        .getResponseStatusCode();
  }

  private static InvokeRequest invocation(String function) {
    Eventually.eventually(
        function + " is invoked",
        () ->
            fixture.coordinator.invocations.stream()
                .anyMatch(request -> request.getFunction().equals(function)));
    var all =
        fixture.coordinator.invocations.stream()
            .filter(request -> request.getFunction().equals(function))
            .toList();
    return all.getLast();
  }

  private static JsonNode event(InvokeRequest request) {
    return Json.parse(request.getEventJson().toByteArray());
  }

  @Test
  void streamsAnswersWithTheRoutesDefaults() throws Exception {
    try (var socket = connect("search")) {
      fixture.coordinator.queries.clear();
      socket.send("{\"action\":\"search\",\"id\":\"7\",\"query\":{\"query\":\"loom\"}}");
      JsonNode frame = socket.next();
      while (!frame.path("final").booleanValue()) {
        assertEquals("7", frame.path("id").asString());
        frame = socket.next();
      }
      assertEquals("search", frame.path("action").asString());
      assertEquals(3, frame.at("/answer/hits").size());
      var asked = fixture.coordinator.queries.poll();
      assertEquals(2, asked.getK());
      assertEquals("loom", asked.getQuery().getMatch().getText());
      socket.send("{\"action\":\"search\",\"query\":{\"k\":5}}");
      assertTrue(socket.next().path("id").isMissingNode());
      assertEquals(5, fixture.coordinator.queries.poll().getK());
    }
  }

  @Test
  void aRouteCanNameTheScatterFunction() throws Exception {
    try (var socket = connect("search")) {
      fixture.coordinator.queries.clear();
      socket.send("{\"action\":\"topics\",\"id\":1,\"query\":{\"query\":\"x\"}}");
      JsonNode frame = socket.next();
      assertEquals(1, frame.path("id").intValue());
      assertTrue(frame.path("final").booleanValue());
      assertEquals("related-topics", fixture.coordinator.queries.poll().getFunction());
      socket.send("{\"action\":\"topics\",\"query\":{\"function\":\"other\"}}");
      assertEquals("INVALID_REQUEST", socket.next().at("/error/name").stringValue());
    }
  }

  @Test
  void handlersGetAwsEventsAndTheirBodyGoesOutAsItIs() throws Exception {
    try (var socket = connect("search", Map.of("X-Test", "yes", "Cookie", "a=b"))) {
      JsonNode connect = event(invocation("gate"));
      assertEquals("CONNECT", connect.at("/requestContext/eventType").stringValue());
      assertEquals("$connect", connect.at("/requestContext/routeKey").stringValue());
      assertEquals("yes", connect.at("/headers/X-Test").stringValue());
      assertEquals("a=b", connect.at("/headers/Cookie").stringValue());
      String frame = "{\"action\":\"recent\", \"op\":\"list\"}";
      socket.send(frame);
      assertEquals("one", socket.frames.poll(60, TimeUnit.SECONDS));
      InvokeRequest invoked = invocation("recent-searches");
      JsonNode event = event(invoked);
      assertEquals(frame, event.path("body").stringValue());
      assertFalse(event.path("isBase64Encoded").booleanValue());
      JsonNode context = event.path("requestContext");
      assertEquals("recent", context.path("routeKey").stringValue());
      assertEquals("MESSAGE", context.path("eventType").stringValue());
      assertEquals("127.0.0.1", context.at("/identity/sourceIp").stringValue());
      assertEquals(
          connect.at("/requestContext/connectionId").stringValue(),
          context.path("connectionId").stringValue());
      assertTrue(context.path("messageId").isString());
      assertEquals("127.0.0.1:7000", invoked.getSession().getGateway());
      assertEquals(1, socket.cookies().size());
      assertTrue(
          socket.cookies().getFirst().startsWith("heddle_session=" + invoked.getSession().getId()));
    }
    JsonNode goodbye = event(invocation("goodbye"));
    assertEquals("DISCONNECT", goodbye.at("/requestContext/eventType").stringValue());
    assertTrue(goodbye.at("/requestContext/disconnectStatusCode").isInt());
  }

  @Test
  void theCookieIsTheSameUserOverHttpAndWebSocket() throws Exception {
    try (var socket = connect("plain")) {
      String cookie = socket.cookies().getFirst();
      cookie = cookie.substring(0, cookie.indexOf(';'));
      fixture.coordinator.handlers.put(
          "who", request -> "\"" + request.getSession().getId() + "\"");
      var response =
          fixture.send(fixture.request("POST", "/run/who", "{}").header("Cookie", cookie));
      assertTrue(cookie.contains(response.body().replace("\"", "")), response.body());
      try (var again = connect("plain", Map.of("Cookie", cookie))) {
        assertEquals(List.of(), again.cookies());
      }
    }
  }

  @Test
  void whatHasNoRouteGoesToDefaultOrIsAnErrorFrame() throws Exception {
    try (var socket = connect("search")) {
      for (String frame :
          List.of(
              "{\"action\":\"nothing\"}", "no json", "[1]", "{\"action\":\"$connect\"}", "{}")) {
        socket.send(frame);
        assertEquals("fallback", socket.frames.poll(60, TimeUnit.SECONDS), frame);
        assertEquals(
            "$default", event(invocation("fallback")).at("/requestContext/routeKey").stringValue());
      }
      socket.session.sendBinary(ByteBuffer.wrap(new byte[] {1, 2, 3}), Callback.NOOP);
      assertEquals("fallback", socket.frames.poll(60, TimeUnit.SECONDS));
      assertEquals("AQID", event(invocation("fallback")).path("body").stringValue());
      assertTrue(event(invocation("fallback")).path("isBase64Encoded").booleanValue());
    }
    try (var socket = connect("plain")) {
      socket.send("{\"action\":\"nothing\",\"id\":\"9\"}");
      JsonNode frame = socket.next();
      assertEquals("9", frame.path("id").asString());
      assertEquals("nothing", frame.path("action").asString());
      assertEquals(
          "action: \"nothing\" (expected: one of big, once, slow)",
          frame.at("/error/message").stringValue());
      socket.send("no json");
      assertEquals("MALFORMED_JSON", socket.next().at("/error/name").stringValue());
      socket.send("[]");
      assertEquals("TYPE_MISMATCH", socket.next().at("/error/name").stringValue());
      socket.send("{\"action\":\"once\",\"query\":{\"kk\":1}}");
      assertEquals("UNKNOWN_PARAMETER", socket.next().at("/error/name").stringValue());
      socket.send("{\"action\":\"once\",\"extra\":1}");
      assertEquals("UNKNOWN_PARAMETER", socket.next().at("/error/name").stringValue());
      socket.session.sendBinary(ByteBuffer.wrap(new byte[1]), Callback.NOOP);
      assertEquals("INVALID_REQUEST", socket.next().at("/error/name").stringValue());
      socket.send("{\"action\":\"once\",\"id\":\"still open\"}");
      assertEquals("still open", socket.next().path("id").asString());
    }
  }

  @Test
  void answersFramesInOrderAndReadsNoneWhileOneIsInWork() throws Exception {
    var entered = new CountDownLatch(1);
    var go = new CountDownLatch(1);
    fixture.coordinator.handlers.put(
        "slow",
        request -> {
          entered.countDown();
          go.await(60, TimeUnit.SECONDS);
          return "{\"body\":\"{\\\"id\\\":0}\"}";
        });
    try (var socket = connect("plain")) {
      fixture.coordinator.queries.clear();
      socket.send("{\"action\":\"slow\"}");
      for (int i = 1; i <= 50; i++) {
        socket.send("{\"action\":\"once\",\"id\":" + i + "}");
      }
      assertTrue(entered.await(60, TimeUnit.SECONDS));
      assertEquals(List.of(), List.copyOf(fixture.coordinator.queries));
      go.countDown();
      for (int i = 0; i <= 50; i++) {
        assertEquals(i, socket.next().path("id").intValue());
      }
    }
  }

  @Test
  void appAndFunctionAreReplacedUnderAnOpenSocket() throws Exception {
    fixture.app("changing", "name: changing\nroutes:\n  once: {dataset: dbpedia}\n");
    try (var socket = connect("changing")) {
      socket.send("{\"action\":\"once\"}");
      assertEquals(2, socket.next().at("/answer/hits").size());
      fixture.app("changing", "name: changing\nroutes:\n  say: {function: says}\n");
      socket.send("{\"action\":\"once\"}");
      assertEquals("INVALID_REQUEST", socket.next().at("/error/name").stringValue());
      fixture.coordinator.handlers.put("says", request -> "{\"body\":\"1\"}");
      socket.send("{\"action\":\"say\"}");
      assertEquals(1, socket.next().intValue());
      fixture.coordinator.handlers.put("says", request -> "{\"body\":\"2\"}");
      socket.send("{\"action\":\"say\"}");
      assertEquals(2, socket.next().intValue());
      assertEquals(204, fixture.send("DELETE", "/v1/apps/changing", "").statusCode());
      socket.send("{\"action\":\"say\"}");
      assertEquals("UNKNOWN_APP", socket.next().at("/error/name").stringValue());
    }
  }

  @Test
  void repliesCanCloseStaySilentAndFail() throws Exception {
    fixture.app("replies", "name: replies\nroutes:\n  say: {function: reply}\n");
    var replies = new LinkedBlockingQueue<String>();
    fixture.coordinator.handlers.put("reply", request -> replies.take());
    try (var socket = connect("replies")) {
      replies.add("null");
      socket.send("{\"action\":\"say\"}");
      for (String reply :
          List.of(
              "{\"statusCode\":500}",
              "{\"statuscode\":200}",
              "5",
              "{\"heddle\":{\"subscribe\":5}}")) {
        replies.add(reply);
        socket.send("{\"action\":\"say\",\"id\":\"f\"}");
        JsonNode frame = socket.next();
        assertEquals("FUNCTION_FAILED", frame.at("/error/name").stringValue(), reply);
        assertEquals("f", frame.path("id").asString());
      }
      replies.add("{\"body\":\"AQID\",\"isBase64Encoded\":true}");
      socket.send("{\"action\":\"say\"}");
      assertEquals("binary:3", socket.frames.poll(60, TimeUnit.SECONDS));
      replies.add("{\"body\":\"bye\",\"heddle\":{\"close\":true}}");
      socket.send("{\"action\":\"say\"}");
      assertEquals("bye", socket.frames.poll(60, TimeUnit.SECONDS));
      assertEquals(1000, socket.awaitClose());
    }
  }

  @Test
  void refusesUpgrades() throws Exception {
    assertEquals(404, refusal("nothing", Map.of()));
    assertEquals(403, refusal("search", Map.of("Origin", "https://evil.example")));
    assertEquals(403, refusal("search", Map.of("Origin", "https://evil.pages.example.org")));
    connect("search", Map.of("Origin", "https://pages.example.org")).close();
    connect("search", Map.of("Origin", "http://127.0.0.1:" + fixture.gateway.httpPort())).close();
    fixture.coordinator.handlers.put("gate", request -> "{\"statusCode\":401}");
    assertEquals(401, refusal("search", Map.of()));
    fixture.coordinator.handlers.put("gate", request -> "{\"statusCode\":500}");
    assertEquals(403, refusal("search", Map.of()));
    fixture.coordinator.handlers.put("gate", request -> "{\"statusCode\":200}");
    assertEquals(426, fixture.send("GET", "/ws/search", "").statusCode());
    Eventually.eventually("places are free again", () -> fixture.gateway.connections() == 0);
  }

  @Test
  void limitsConnectionsAndMessages() throws Exception {
    Eventually.eventually("nobody is here", () -> fixture.gateway.connections() == 0);
    var sockets = new ArrayList<SocketClient>();
    for (int i = 0; i < 20; i++) {
      sockets.add(connect("plain"));
    }
    assertEquals(503, refusal("plain", Map.of()));
    sockets.getFirst().send("\"" + "x".repeat(128 << 10) + "\"");
    assertEquals(1009, sockets.getFirst().awaitClose());
    for (SocketClient socket : sockets.subList(1, 20)) {
      socket.close();
    }
    Eventually.eventually("places are free again", () -> fixture.gateway.connections() == 0);
  }

  /** Stops reading after the upgrade. */
  public static final class Deaf implements Session.Listener {
    final CountDownLatch closed = new CountDownLatch(1);
    final CountDownLatch opened = new CountDownLatch(1);
    volatile int code;

    @Override
    public void onWebSocketOpen(Session session) {
      opened.countDown();
    }

    @Override
    public void onWebSocketClose(int status, String reason, Callback callback) {
      code = status;
      closed.countDown();
      callback.succeed();
    }
  }

  @Test
  void aClientThatDoesNotReadIsDropped() throws Exception {
    String body = "x".repeat(900_000);
    fixture.coordinator.handlers.put("big", request -> "{\"body\":\"" + body + "\"}");
    Eventually.eventually("nobody is here", () -> fixture.gateway.connections() == 0);
    var deaf = new Deaf();
    var uri = URI.create("ws://127.0.0.1:" + fixture.gateway.httpPort() + "/ws/plain");
    Session session = client.connect(deaf, uri).get(60, TimeUnit.SECONDS);
    assertTrue(deaf.opened.await(60, TimeUnit.SECONDS));
    for (int i = 0; i < 40; i++) {
      session.sendText("{\"action\":\"big\"}", Callback.NOOP);
    }
    Eventually.eventually("the client is dropped", () -> fixture.gateway.connections() == 0);
    String metrics = fixture.telemetry.prometheus();
    assertFalse(metrics.contains("heddle_gateway_slow_consumers_total 0.0"), metrics);
    session.disconnect();
  }

  @Test
  void pingsKeepAConnectionAndAClientThatDoesNotAnswerThemIsGone(@TempDir Path directory)
      throws Exception {
    // One of its own: elsewhere nobody has to answer in so short a time.
    try (var pinging = fixture(directory, Duration.ofSeconds(2))) {
      pinging.app("plain", PLAIN);
      var deaf = new Deaf();
      var uri = URI.create("ws://127.0.0.1:" + pinging.gateway.httpPort() + "/ws/plain");
      try (var socket = connect(pinging, "plain", Map.of())) {
        client.connect(deaf, uri).get(60, TimeUnit.SECONDS);
        Eventually.eventually("the silent one is gone", () -> pinging.gateway.connections() == 1);
        socket.send("{\"action\":\"once\",\"id\":1}");
        assertEquals(1, socket.next().path("id").intValue());
      }
    }
  }

  @Test
  void noExtensionIsNegotiated() throws Exception {
    try (var socket = connect("plain", Map.of("Sec-WebSocket-Extensions", "permessage-deflate"))) {
      assertEquals(List.of(), socket.session.getUpgradeResponse().getExtensions());
    }
  }
}
