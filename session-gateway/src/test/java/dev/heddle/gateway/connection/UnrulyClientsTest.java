package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.json.Json;
import dev.heddle.process.testing.Eventually;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Clients that say what few say, and handlers that hand it on. */
@Timeout(60)
class UnrulyClientsTest {
  private static final String APP =
      """
      name: chat
      routes:
        say: {function: say}
        note: {function: note}
        first: {function: first}
        second: {function: second}
        large: {function: large}
        leave: {function: leave}
      """;

  private static final CountDownLatch FIRST = new CountDownLatch(1);
  private static final CountDownLatch SECOND = new CountDownLatch(1);
  private static final AtomicInteger ENTERED = new AtomicInteger();

  private static GatewayFixture fixture;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    fixture = new GatewayFixture(directory).readyForPeers();
    library = SocketClient.library();
    fixture.app("chat", APP);
    fixture.app("narrow", APP.replace("name: chat", "name: narrow") + "limits: {outgoing: 1KiB}\n");
    var handlers = fixture.coordinator.handlers;
    handlers.put("say", request -> "{\"body\":\"said\"}");
    handlers.put("leave", request -> "{\"body\":\"bye\",\"heddle\":{\"close\":true}}");
    handlers.put("large", request -> "{\"body\":\"" + "x".repeat(2_048) + "\"}");
    handlers.put(
        "note",
        request -> {
          JsonNode event = Json.parse(request.getEventJson().toByteArray());
          // As most languages write what they have read.
          JsonNode name = Json.parse(event.path("body").asString()).path("name");
          boolean had = event.at("/heddle/state/name").isString();
          String state = new String(Json.bytes(name), StandardCharsets.UTF_8);
          return "{\"body\":\"" + had + "\",\"heddle\":{\"state\":{\"name\":" + state + "}}}";
        });
    handlers.put(
        "first",
        request -> {
          FIRST.await(20, TimeUnit.SECONDS);
          return "{\"body\":\"first\"}";
        });
    handlers.put(
        "second",
        request -> {
          ENTERED.incrementAndGet();
          SECOND.await(20, TimeUnit.SECONDS);
          return "{\"body\":\"second\"}";
        });
  }

  @AfterAll
  static void stop() throws Exception {
    FIRST.countDown();
    SECOND.countDown();
    library.stop();
    fixture.close();
  }

  private static SocketClient connect(String query) throws Exception {
    return SocketClient.connect(
        library, fixture.gateway.httpPort(), "/ws/chat" + query, "heddle.v1", Map.of());
  }

  private static String coming(JsonNode welcome, long offset) {
    return "?resume=" + welcome.path("resume").asString() + "&offset=" + offset;
  }

  @Test
  void halfACharacterInTheStateStopsNoFrame() throws Exception {
    String frame = "{\"action\":\"note\",\"name\":\"\\ud800\"}";
    try (var socket = connect("")) {
      socket.next();
      for (String had : List.of("false", "true", "true")) {
        socket.send(frame);
        assertEquals(had, socket.next().path("body").asString());
      }
    }
    try (var plain =
        SocketClient.connect(library, fixture.gateway.httpPort(), "/ws/chat", "", Map.of())) {
      for (String had : List.of("false", "true", "true")) {
        plain.send(frame);
        assertEquals(had, plain.nextText());
      }
    }
  }

  @Test
  void acknowledgementsThatSayNothingNewCostNothing() throws Exception {
    try (var socket = connect("")) {
      JsonNode welcome = socket.next();
      socket.send("{\"action\":\"say\"}");
      assertEquals(1, socket.next().path("offset").longValue());
      long before = version(welcome);
      for (int i = 0; i < 1_000; i++) {
        socket.send("{\"heddle\":\"ack\",\"offset\":" + i % 2 + "}");
      }
      socket.send("{\"action\":\"say\"}");
      assertEquals(2, socket.next().path("offset").longValue());
      long steps = version(welcome) - before;
      assertTrue(steps <= 6, steps + " steps, of which two are of the frame");
    }
  }

  /** Grows with each step that changes the entry. */
  private static long version(JsonNode welcome) {
    String key = "default/" + welcome.path("connection").asString();
    return Hazelcast.getAllHazelcastInstances().stream()
        .filter(member -> address(member).equals(fixture.gateway.gridAddress()))
        .map(member -> member.getMap("connections").getEntryView(key).getVersion())
        .findAny()
        .orElseThrow();
  }

  private static String address(HazelcastInstance member) {
    return "127.0.0.1:" + member.getCluster().getLocalMember().getSocketAddress().getPort();
  }

  @Test
  void aClientThatAnswersTheGoodbyeIsNotCutOff() throws Exception {
    for (String kind : List.of("", "heddle.v1")) {
      try (var client = new WireClient(fixture.gateway.httpPort(), "/ws/chat", kind)) {
        if (!kind.isEmpty()) {
          client.read();
        }
        client.send("{\"action\":\"leave\"}");
        assertTrue(client.read().text().contains("bye"));
        WireClient.Frame goodbye = client.read();
        assertEquals(8, goodbye.opcode());
        // Was on its way.
        client.send("{\"action\":\"say\"}");
        client.sendClose(goodbye.closeCode());
        Eventually.eventually("it has left", () -> fixture.gateway.connections() == 0);
      }
    }
    var overdue = fixture.telemetry.registry().get("heddle.gateway.goodbyes.overdue").counter();
    assertEquals(0, overdue.count());
  }

  @Test
  void framesThatWaitedForACallTakeNoThreadFromThoseWhoCome() throws Exception {
    var sockets = new ArrayList<SocketClient>();
    for (int i = 0; i < 40; i++) {
      var socket = connect("");
      JsonNode welcome = socket.next();
      socket.send("{\"action\":\"first\"}");
      sockets.add(socket);
      Eventually.eventually(
          "it is in work",
          () ->
              fixture.coordinator.invocations.stream()
                  .anyMatch(request ->
                      request
                          .getEventJson()
                          .toStringUtf8()
                          .contains(welcome.path("connection").asString())));
      socket.vanish();
      var again = connect(coming(welcome, 0));
      again.send("{\"action\":\"second\"}");
      sockets.add(again);
    }
    FIRST.countDown();
    Eventually.eventually("all are in work", () -> ENTERED.get() == 40);
    try (var client = GatewayFixture.newClient()) {
      var request = fixture.request("GET", "/healthz", "").build();
      var healthy = client.send(request, HttpResponse.BodyHandlers.ofString());
      assertEquals(200, healthy.statusCode());
    }
    SECOND.countDown();
    sockets.stream().filter(each -> each.closed.getCount() > 0).forEach(SocketClient::close);
  }

  @Test
  void whatWaitedForAClientIsNotTooMuchForIt() throws Exception {
    var first = fixture.send("GET", "/poll/narrow", "");
    String resume = Json.parse(first.body()).path("resume").asString();
    for (int i = 0; i < 3; i++) {
      var sent = fixture.send("POST", "/poll/narrow?resume=" + resume, "{\"action\":\"large\"}");
      assertEquals(200, sent.statusCode());
    }
    var id = Map.of("Last-Event-ID", resume + ":0");
    try (var events = EventReader.open(fixture, "/sse/narrow", "", id)) {
      JsonNode welcome = Json.parse(events.next("heddle").data());
      assertTrue(welcome.path("recovered").booleanValue());
      resume = welcome.path("resume").asString();
      for (int i = 0; i < 3; i++) {
        assertEquals(2_048, events.next("message").data().length());
      }
    }
    Eventually.eventually("the stream has left", () -> fixture.gateway.connections() == 0);
    String path = "/ws/narrow?offset=0&resume=" + resume;
    try (var socket =
        SocketClient.connect(library, fixture.gateway.httpPort(), path, "heddle.v1", Map.of())) {
      assertTrue(socket.next().path("recovered").booleanValue());
      for (int i = 0; i < 3; i++) {
        assertEquals(2_048, socket.next().path("body").asString().length());
      }
    }
  }
}
