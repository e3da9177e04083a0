package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.json.Json;
import dev.heddle.process.testing.Eventually;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an app.yaml says besides its routes. */
@Timeout(60)
class AppPoliciesTest {
  private static final String ROUTES = "routes: {big: {function: big}, say: {function: say}}\n";

  /** More, of 100 kB each, than the buffers of two sockets take. */
  private static final int FRAMES = 400;

  private static GatewayFixture fixture;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    fixture = new GatewayFixture(directory).readyForPeers();
    library = SocketClient.library();
    fixture.coordinator.handlers.put("say", request -> "{\"body\":\"said\"}");
  }

  @AfterAll
  static void stop() throws Exception {
    library.stop();
    fixture.close();
  }

  private static SocketClient connect(String app, Map<String, String> headers) throws Exception {
    return SocketClient.connect(library, fixture.gateway.httpPort(), "/ws/" + app, "", headers);
  }

  private static int refusal(String app, Map<String, String> headers) {
    return assertThrows(UpgradeException.class, () -> connect(app, headers))
        .getResponseStatusCode();
  }

  @Test
  void onlySessionsWithTheAttributeConnectAndEventsSayWhoTheyAre() throws Exception {
    fixture.app("members", "name: members\nauthentication: {session: user}\n" + ROUTES);
    fixture.app("open", "name: open\n" + ROUTES);
    assertEquals(401, refusal("members", Map.of()));
    assertEquals(401, fixture.send("GET", "/sse/members", "").statusCode());
    assertEquals(401, fixture.send("GET", "/poll/members", "").statusCode());
    String cookie;
    try (var anybody = connect("open", Map.of())) {
      cookie = anybody.cookie();
    }
    Map<String, String> headers = Map.of("Cookie", cookie);
    assertEquals(401, refusal("members", headers), "a session, but nobody has logged in");
    String session = cookie.substring(cookie.indexOf('=') + 1, cookie.indexOf('.'));
    fixture.login(session, "user", "\"ada\"");
    try (var member = connect("members", headers)) {
      member.send("{\"action\":\"say\"}");
      assertEquals("said", member.nextText());
      var event =
          Json.parse(
              List.copyOf(fixture.coordinator.invocations).getLast().getEventJson().toByteArray());
      assertEquals("ada", event.at("/requestContext/authorizer/principalId").asString());
    }
  }

  @Test
  void anAppHasLimitsOfItsOwn() throws Exception {
    fixture.app("small", "name: small\nlimits: {connections: 2, message: 1KiB}\n" + ROUTES);
    fixture.app("large", "name: large\n" + ROUTES);
    try (var first = connect("small", Map.of());
        var second = connect("small", Map.of());
        var _ = connect("large", Map.of())) {
      assertEquals(503, refusal("small", Map.of()));
      assertEquals(503, fixture.send("GET", "/poll/small", "").statusCode());
      first.send("\"" + "x".repeat(2_000) + "\"");
      assertEquals(1009, first.awaitClose());
      second.send("{\"action\":\"say\"}");
      assertEquals("said", second.nextText());
      Eventually.eventually("there is a place again", () -> fixture.gateway.connections() == 2);
      connect("small", Map.of()).close();
    }
  }

  @Test
  void anAppThatCannotBeResumedHasSocketsOnly() throws Exception {
    fixture.app("raw", "name: raw\nlimits: {resume: 0s}\n" + ROUTES);
    assertEquals(400, fixture.send("GET", "/sse/raw", "").statusCode());
    assertEquals(400, fixture.send("GET", "/poll/raw", "").statusCode());
    try (var socket =
        SocketClient.connect(
            library, fixture.gateway.httpPort(), "/ws/raw", "heddle.v1", Map.of())) {
      assertNull(socket.session.getUpgradeResponse().getAcceptedSubProtocol());
      socket.send("{\"action\":\"say\"}");
      assertEquals("said", socket.nextText(), "plain frames");
    }
  }

  @Test
  void pagesOfOtherSitesAreRefusedAtEveryTransport() throws Exception {
    fixture.app("sites", "name: sites\norigins: ['https://shop.example']\n" + ROUTES);
    for (String evil :
        List.of(
            "https://evil.example",
            "https://shop.example.evil.example",
            "http://shop.example",
            "https://shop.example:444",
            "null")) {
      assertEquals(403, refusal("sites", Map.of("Origin", evil)), evil);
      for (String method : List.of("GET", "POST", "DELETE")) {
        for (String path : List.of("/sse/sites", "/poll/sites")) {
          var request = fixture.request(method, path, "").header("Origin", evil);
          assertEquals(403, fixture.send(request).statusCode(), method + path + evil);
        }
      }
    }
    var allowed =
        fixture.request("GET", "/poll/sites", "").header("Origin", "https://shop.example");
    var response = fixture.send(allowed);
    assertEquals(200, response.statusCode());
    assertEquals(
        "https://shop.example",
        response.headers().firstValue("access-control-allow-origin").orElse(""));
  }

  @Test
  void preflightsOfAnAppsOriginsAreAnswered() throws Exception {
    fixture.app("asked", "name: asked\norigins: ['https://shop.example']\n" + ROUTES);
    for (String path : List.of("/sse/asked", "/poll/asked")) {
      var answer = preflight(path, "https://shop.example");
      assertEquals(204, answer.statusCode());
      assertEquals("https://shop.example", header(answer, "access-control-allow-origin"));
      assertEquals("true", header(answer, "access-control-allow-credentials"));
      assertEquals("GET, POST, DELETE", header(answer, "access-control-allow-methods"));
      assertTrue(header(answer, "access-control-allow-headers").contains("Last-Event-ID"));
      assertEquals("Origin", header(answer, "vary"));
      assertEquals(403, preflight(path, "https://evil.example").statusCode());
      assertEquals(403, preflight(path, "null").statusCode());
      String own = "http://127.0.0.1:" + fixture.gateway.httpPort();
      assertEquals(own, header(preflight(path, own), "access-control-allow-origin"));
    }
    assertEquals(403, preflight("/poll/open", "https://shop.example").statusCode());
    var plain = fixture.send("OPTIONS", "/poll/asked", "");
    assertEquals("GET, POST, DELETE, OPTIONS", header(plain, "allow"));
    assertEquals("", header(plain, "access-control-allow-origin"));
  }

  private static HttpResponse<String> preflight(String path, String origin) throws Exception {
    return fixture.send(
        fixture
            .request("OPTIONS", path, "")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "DELETE"));
  }

  private static String header(HttpResponse<String> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  @Test
  void connectChoosesASubprotocolThatTheClientOffers() throws Exception {
    fixture.app("spoken", "name: spoken\nroutes: {$connect: {function: chooses}}\n");
    for (String headers :
        List.of(
            "\"headers\":{\"Sec-WebSocket-Protocol\":\"graphql-ws\"}",
            "\"headers\":{\"sec-websocket-protocol\":\"graphql-ws\"}",
            "\"multiValueHeaders\":{\"Sec-WebSocket-Protocol\":[\"graphql-ws\"]}")) {
      fixture.coordinator.handlers.put(
          "chooses", request -> "{\"statusCode\":200," + headers + "}");
      assertEquals("graphql-ws", agreed("graphql-ws"));
      assertNull(agreed("graphql-WS"), "names are compared as they are");
      assertNull(agreed(""));
      assertEquals("heddle.v1", agreed("heddle.v1"));
    }
    fixture.coordinator.handlers.put("chooses", request -> "{\"statusCode\":200}");
    assertNull(agreed("graphql-ws"), "the app has chosen none");
    fixture.coordinator.handlers.put(
        "chooses", request -> "{\"headers\":{\"Sec-WebSocket-Protocol\":1}}");
    assertEquals(
        500,
        assertThrows(UpgradeException.class, () -> agreed("graphql-ws")).getResponseStatusCode());
  }

  /** What the handshake's answer says, as a client has it that checks that. */
  private static @Nullable String agreed(String offered) throws Exception {
    try (var socket =
        SocketClient.connect(
            library, fixture.gateway.httpPort(), "/ws/spoken", offered, Map.of())) {
      return socket.session.getUpgradeResponse().getAcceptedSubProtocol();
    }
  }

  /** Reads only when told to. Public for Jetty. */
  public static final class Hesitant implements Session.Listener {
    final LinkedBlockingQueue<String> frames = new LinkedBlockingQueue<>();
    volatile int code;

    @SuppressWarnings("NullAway.Init") // Set when connected.
    volatile Session session;

    @Override
    public void onWebSocketOpen(Session opened) {
      // The default would ask for a frame.
    }

    @Override
    public void onWebSocketText(String text) {
      frames.add(text.substring(0, text.indexOf(' ')));
      session.demand();
    }

    @Override
    public void onWebSocketClose(int status, String reason, Callback callback) {
      code = status;
      callback.succeed();
    }
  }

  private static List<String> framesOfAHesitantReader(String policy) throws Exception {
    String app = "slow-" + policy;
    fixture.app(app, "name: " + app + "\nslowConsumer: " + policy + "\n" + ROUTES);
    var sent = new AtomicInteger();
    String padding = " " + "x".repeat(100_000);
    fixture.coordinator.handlers.put(
        "big", request -> "{\"body\":\"" + sent.incrementAndGet() + padding + "\"}");
    var reader = new Hesitant();
    var uri = URI.create("ws://127.0.0.1:" + fixture.gateway.httpPort() + "/ws/" + app);
    reader.session = library.connect(reader, uri).get(10, TimeUnit.SECONDS);
    for (int i = 0; i < FRAMES; i++) {
      reader.session.sendText("{\"action\":\"big\"}", Callback.NOOP);
    }
    Eventually.eventually("all were answered", () -> sent.get() == FRAMES);
    assertEquals(0, reader.code);
    reader.session.demand();
    var seen = new ArrayList<String>();
    while (!seen.contains(Integer.toString(FRAMES))) {
      String frame = reader.frames.poll(10, TimeUnit.SECONDS);
      assertTrue(frame != null, policy + ": " + seen);
      seen.add(frame);
    }
    reader.session.disconnect();
    return seen;
  }

  @Test
  void aSlowReaderLosesTheOldestFramesWhereTheAppSaysSo() throws Exception {
    List<String> seen = framesOfAHesitantReader("dropOldest");
    assertEquals("1", seen.getFirst(), "it was on its way already");
    assertTrue(seen.size() < FRAMES, seen.toString());
    assertTrue(seen.contains(Integer.toString(FRAMES - 1)), "what fits is kept: " + seen);
  }

  @Test
  void aSlowReaderGetsTheLatestStateWhereTheAppSaysSo() throws Exception {
    List<String> seen = framesOfAHesitantReader("latest");
    assertTrue(seen.size() < FRAMES, seen.toString());
    assertEquals(Integer.toString(FRAMES), seen.getLast());
  }
}
