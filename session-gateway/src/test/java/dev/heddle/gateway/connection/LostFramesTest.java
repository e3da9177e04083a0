package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualTicker;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What clients are told when frames could not reach them, and how they come back. */
@Timeout(60)
class LostFramesTest {
  private static final String APP =
      """
      name: chat
      routes: {large: {function: large}, say: {function: say}}
      limits: {outgoing: 1KiB}
      """;
  private static final String SAY = "{\"action\":\"say\"}";
  private static final String LARGE = "{\"action\":\"large\"}";

  /** Two do not fit into a history. */
  private static final int LARGE_CHARACTERS = 100_000;

  /** More than the buffers of two sockets take. */
  private static final int FRAMES = 200;

  private static Path keys;

  /** Nobody can tell it of anything: where it says that it is, nobody listens. */
  private static GatewayFixture deaf;

  private static GatewayFixture two;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    keys = directory.resolve("sessions.yaml");
    KeyRing.createIfAbsent(keys);
    deaf =
        new GatewayFixture(
                directory,
                config -> with(config, List.of()),
                Credentials.none(),
                Clock.systemUTC(),
                // Nobody is cut off because a goodbye was not answered in time.
                new ManualTicker())
            .ready();
    two =
        deaf.beside("gw2", config -> with(config, List.of(deaf.gateway.gridAddress())))
            .readyForPeers();
    library = SocketClient.library();
    deaf.app("chat", APP);
    for (GatewayFixture each : List.of(deaf, two)) {
      Eventually.eventually(
          "the app is known", () -> each.catalog.view().apps("default").size() == 1);
      String large = "{\"body\":\"" + "x".repeat(LARGE_CHARACTERS) + "\"}";
      each.coordinator.handlers.put("large", request -> large);
      each.coordinator.handlers.put("say", request -> "{\"body\":\"said\"}");
    }
  }

  private static GatewayConfig with(GatewayConfig config, List<String> members) {
    return new SharedGrid(keys, Duration.ofSeconds(10), false).settings(config, members);
  }

  @AfterAll
  static void stop() throws Exception {
    library.stop();
    two.close();
    deaf.close();
  }

  private static String coming(JsonNode welcome, long offset) {
    return "?offset=" + offset + "&resume=" + welcome.path("resume").asString();
  }

  private static SocketClient connect(GatewayFixture at, String query) throws Exception {
    return SocketClient.connect(
        library, at.gateway.httpPort(), "/ws/chat" + query, "heddle.v1", Map.of());
  }

  @Test
  void aFrameThatWasLostBeforeItWasSentIsToldOf() throws Exception {
    var socket = connect(deaf, "");
    JsonNode welcome = socket.next();
    for (int i = 0; i < 2; i++) {
      var sent = two.send("POST", "/poll/chat" + coming(welcome, 0), LARGE);
      assertEquals(200, sent.statusCode(), sent.body());
    }
    assertTrue(socket.frames.isEmpty(), "nobody has told its gateway");
    socket.send(SAY);
    assertEquals(CloseCodes.INSUFFICIENT, socket.awaitClose());
    try (var back = connect(two, coming(welcome, 0))) {
      JsonNode again = back.next();
      assertEquals(welcome.path("connection"), again.path("connection"));
      assertFalse(again.path("recovered").booleanValue(), again.toString());
      assertEquals(3, again.path("offset").longValue());
      back.send(SAY);
      JsonNode next = back.next();
      assertEquals(4, next.path("offset").longValue());
      assertEquals("said", next.path("body").asString());
    }
  }

  @Test
  void whoReadsTooSlowlyIsSentAwayAndMayComeBack() throws Exception {
    double before = slow();
    JsonNode welcome;
    long read;
    try (var socket =
        RawWebSocket.connect(
            two.gateway.httpPort(), "/ws/chat", "Sec-WebSocket-Protocol: heddle.v1")) {
      welcome = Json.parse(socket.message().payload());
      for (int i = 0; i < FRAMES; i++) {
        socket.send(RawWebSocket.text(LARGE));
      }
      Eventually.eventually("it is too slow", () -> slow() > before);
      RawWebSocket.Frame frame = socket.message();
      for (read = 0; frame.opcode() == RawWebSocket.TEXT; read++) {
        assertEquals(read + 1, Json.parse(frame.payload()).path("offset").longValue());
        frame = socket.message();
      }
      assertEquals(EdgeErrors.SLOW_CONSUMER, frame.code());
      socket.send(RawWebSocket.close(EdgeErrors.SLOW_CONSUMER, ""));
      assertEquals(0, socket.socket().drain());
    }
    Eventually.eventually("it has left", () -> two.gateway.connections() == 0);
    assertTrue(read > 0 && read < FRAMES, "some were sent");
    try (var back = connect(two, coming(welcome, read))) {
      JsonNode again = back.next();
      assertTrue(again.path("recovered").booleanValue(), again.toString());
      JsonNode next = back.next();
      assertEquals(read + 1, next.path("offset").longValue());
      assertEquals(LARGE_CHARACTERS, next.path("body").asString().length());
    }
  }

  private static double slow() {
    return two.telemetry.registry().get("heddle.gateway.slow.consumers").counter().count();
  }
}
