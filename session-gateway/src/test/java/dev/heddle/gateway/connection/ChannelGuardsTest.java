package dev.heddle.gateway.connection;

import static dev.heddle.gateway.connection.TwoGateways.ACME;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.Hazelcast;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.json.Json;
import dev.heddle.process.DataSize;
import dev.heddle.process.testing.Eventually;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Channels under clients that do not read, are late, race, or show what is not theirs any more. */
@Timeout(120)
class ChannelGuardsTest {
  private static final String HEDDLE = "heddle.v1";
  private static final String APP =
      """
      name: %s
      routes: {%s}
      channels:
        "room.*": {subscribe: true, publish: true, presence: true}
        "price.*": {subscribe: true, latest: true}
      """;

  private static TwoGateways gateways;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    gateways = new TwoGateways(directory, ChannelGuardsTest::settings);
    gateways.app("acme", "chat", APP.formatted("chat", "$default: {function: echo}"));
    gateways.app("beta", "chat", APP.formatted("chat", "$default: {function: echo}"));
    gateways.app("acme", "big", APP.formatted("big", "$connect: {function: big}"));
    gateways.app("acme", "many", APP.formatted("many", "$connect: {function: many}"));
    gateways.app("acme", "early", APP.formatted("early", "$connect: {function: early}"));
    for (GatewayFixture each : gateways.both()) {
      each.coordinator.handlers.put("echo", request -> "{\"body\":\"echo\"}");
      each.coordinator.handlers.put(
          "big",
          request ->
              "{\"statusCode\":200,\"heddle\":{\"publish\":[{\"channel\":\"room.big\",\"body\":\""
                  + "x".repeat(129 << 10)
                  + "\"}]}}");
      each.coordinator.handlers.put(
          "many",
          request -> {
            JsonNode event = Json.parse(request.getEventJson().toByteArray());
            String id = event.at("/requestContext/connectionId").asString();
            int most = ChannelLimits.defaults().subscriptions();
            for (int i = 0; i < most; i++) {
              assertEquals(204, listen("PUT", "many." + i, id));
            }
            assertEquals(204, listen("PUT", "many.0", id), "it listens to that already");
            assertEquals(429, listen("PUT", "many." + most, id));
            assertEquals(204, listen("DELETE", "many.0", id));
            assertEquals(204, listen("PUT", "many." + most, id), "there is room again");
            return "{\"statusCode\":200}";
          });
      each.coordinator.handlers.put(
          "early",
          request -> {
            JsonNode event = Json.parse(request.getEventJson().toByteArray());
            String id = event.at("/requestContext/connectionId").asString();
            int status = listen("PUT", "early.1", id);
            return "{\"statusCode\":" + (status == 204 ? 200 : 500) + "}";
          });
    }
  }

  /** Few frames may wait, and more messages are kept than usual. */
  private static GatewayConfig settings(GatewayConfig config) {
    ChannelLimits usual = ChannelLimits.defaults();
    return GatewaySettings.of(config)
        .outgoingFrames(500)
        .channels(
            new ChannelLimits(
                usual.message(),
                DataSize.ofMiB(2),
                2_000,
                usual.index(),
                DataSize.ofMiB(1),
                usual.total(),
                usual.tenantTotal(),
                usual.channels(),
                200,
                usual.subscriptions(),
                usual.idle(),
                usual.look()))
        .config();
  }

  @AfterAll
  static void stop() throws Exception {
    gateways.close();
  }

  private static HttpResponse<String> http(
      GatewayFixture at, String method, String path, String body) throws Exception {
    return at.send(at.request(method, path, body).header("Authorization", "Bearer " + ACME));
  }

  private static int listen(String method, String channel, String id) {
    try {
      String path = "/v1/channels/" + channel + "/connections/" + id;
      return http(gateways.two, method, path, "").statusCode();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static JsonNode publish(String channel, String body) throws Exception {
    HttpResponse<String> response = http(gateways.two, "POST", "/v1/channels/" + channel, body);
    assertEquals(200, response.statusCode(), response.body());
    return Json.parse(response.body());
  }

  private static SocketClient connect(String query) throws Exception {
    return gateways.socket(gateways.one, "chat", query, HEDDLE);
  }

  private static JsonNode subscribe(SocketClient socket, String channel) throws Exception {
    socket.send("{\"heddle\":\"subscribe\",\"channel\":\"" + channel + "\"}");
    JsonNode answer = socket.next();
    assertEquals("subscribed", answer.path("heddle").asString(), answer.toString());
    assertEquals(channel, answer.path("channel").asString());
    return answer;
  }

  /** A client that asks for the history again and again, and reads nothing, gets it a few times. */
  @Test
  void whatIsAskedForCountsLikeAnythingElse() throws Exception {
    String epoch = "";
    for (int i = 0; i < 20; i++) {
      epoch = publish("room.h", "x".repeat(10_000)).path("epoch").asString();
    }
    String path = "/ws/chat?access_token=" + ACME;
    try (var lazy = new WireClient(gateways.one.gateway.httpPort(), path, HEDDLE)) {
      String again =
          "{\"heddle\":\"subscribe\",\"channel\":\"room.h\",\"epoch\":\"%s\",\"offset\":0}"
              .formatted(epoch);
      for (int i = 0; i < 150; i++) {
        lazy.send(again);
      }
      lazy.send("{\"heddle\":\"publish\",\"channel\":\"room.h\",\"body\":\"end\"}");
      Eventually.eventually(
          "all was done",
          () ->
              Json.parse(http(gateways.one, "GET", "/v1/channels/room.h?limit=1000", "").body())
                  .path("messages")
                  .path(20)
                  .path("body")
                  .asString("")
                  .equals("end"));
      int refused = 0;
      int given = 0;
      boolean end = false;
      while (!end) {
        WireClient.Frame frame = lazy.read();
        assertEquals(1, frame.opcode(), "it is not closed: it does not have to take it all");
        JsonNode json = Json.parse(frame.payload());
        if (json.path("heddle").asString().equals("subscribed")) {
          given += json.path("recovered").booleanValue() ? 1 : 0;
          refused += json.path("recovered").booleanValue() ? 0 : 1;
        }
        end = json.path("body").asString("").equals("end");
      }
      assertTrue(given > 0);
      // What the sockets' own buffers take is read, as far as anybody knows.
      assertTrue(refused > 50, refused + " refused, " + given + " given");
    }
  }

  @Test
  void whatWaitsForWhoComesBackIsBoundedAndIsAllOrNothing() throws Exception {
    String resume;
    JsonNode much;
    JsonNode little;
    try (var socket = connect("")) {
      resume = socket.next().path("resume").asString();
      much = subscribe(socket, "room.much");
      little = subscribe(socket, "room.little");
      socket.vanish();
    }
    for (int i = 0; i < 15; i++) {
      publish("room.much", "x".repeat(100_000));
    }
    publish("room.little", "one");
    String query =
        "&offset=0&resume=%s&channels=room.much:%s:0,room.little:%s:0"
            .formatted(resume, much.path("epoch").asString(), little.path("epoch").asString());
    try (var back = connect(query)) {
      assertEquals("welcome", back.next().path("heddle").asString());
      boolean all = false;
      boolean one = false;
      for (int i = 0; i < 3; i++) {
        JsonNode frame = back.next();
        if (frame.path("channel").asString().equals("room.much")) {
          assertFalse(frame.path("recovered").booleanValue(), frame.toString());
          assertEquals(15, frame.path("offset").longValue());
          all = true;
        } else if (frame.path("heddle").asString().equals("subscribed")) {
          assertTrue(frame.path("recovered").booleanValue(), frame.toString());
        } else {
          assertEquals("one", frame.path("body").asString());
          one = true;
        }
      }
      assertTrue(all && one);
    }
  }

  /** More than may wait was missed: that counts neither as bytes nor as frames. */
  @Test
  void whoComesBackIsNoSlowClientForWhatItMissed() throws Exception {
    String resume;
    JsonNode at;
    try (var socket = connect("")) {
      resume = socket.next().path("resume").asString();
      at = subscribe(socket, "room.busy");
      socket.vanish();
    }
    for (int i = 0; i < 1_200; i++) {
      publish("room.busy", "m" + i);
    }
    String query =
        "/ws/chat?access_token=%s&offset=0&resume=%s&channels=room.busy:%s:0"
            .formatted(ACME, resume, at.path("epoch").asString());
    try (var back = new WireClient(gateways.one.gateway.httpPort(), query, HEDDLE)) {
      publish("room.busy", "m1200");
      publish("room.busy", "m1201");
      int next = 0;
      while (next < 1_202) {
        WireClient.Frame frame = back.read();
        assertEquals(1, frame.opcode(), "it is not closed");
        JsonNode json = Json.parse(frame.payload());
        if (json.path("heddle").asString().equals("publication")) {
          assertEquals("m" + next, json.path("body").asString());
          next++;
        }
      }
    }
  }

  @Test
  void subscriptionsHoldWhilePushesCome() throws Exception {
    try (var socket = connect("")) {
      String id = socket.next().path("connection").asString();
      var over = new AtomicBoolean();
      CompletableFuture<Void> pushes =
          CompletableFuture.runAsync(() -> {
            while (!over.get()) {
              try {
                assertEquals(
                    200, http(gateways.two, "POST", "/@connections/" + id, "x").statusCode());
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            }
          });
      for (int i = 0; i < 400; i++) {
        String channel = "room.r" + i % 50;
        String kind = i / 50 % 2 == 0 ? "subscribe" : "unsubscribe";
        socket.send("{\"heddle\":\"%s\",\"channel\":\"%s\"}".formatted(kind, channel));
        JsonNode answer = socket.next();
        while (answer.path("heddle").asString().equals("message")) {
          answer = socket.next();
        }
        assertEquals(kind + "d", answer.path("heddle").asString(), answer + " for " + i);
        assertEquals(channel, answer.path("channel").asString());
      }
      over.set(true);
      pushes.get();
    }
  }

  @Test
  void anOldTokenIsRefusedForWhateverTheClientSays() throws Exception {
    String first;
    String second;
    try (var socket = connect("")) {
      first = socket.next().path("resume").asString();
      socket.vanish();
    }
    try (var socket = connect("&offset=0&resume=" + first)) {
      second = socket.next().path("resume").asString();
      socket.vanish();
    }
    try (var socket = connect("&offset=0&resume=" + second)) {
      String third = socket.next().path("resume").asString();
      for (String frame :
          List.of(
              "{\"heddle\":\"publish\",\"channel\":\"room.old\",\"body\":\"x\"}",
              "{\"heddle\":\"presence\",\"channel\":\"room.old\"}",
              "{\"heddle\":\"subscribe\",\"channel\":\"room.old\"}",
              "{\"heddle\":\"unsubscribe\",\"channel\":\"room.old\"}")) {
        HttpResponse<String> old = http(gateways.two, "POST", "/poll/chat?resume=" + first, frame);
        assertEquals(403, old.statusCode(), frame + " " + old.body());
        HttpResponse<String> newest =
            http(gateways.two, "POST", "/poll/chat?resume=" + third, frame);
        assertTrue(newest.statusCode() < 300, frame + " " + newest.body());
      }
      String history = http(gateways.one, "GET", "/v1/channels/room.old", "").body();
      assertEquals(1, Json.parse(history).path("messages").size(), history);
    }
  }

  @Test
  void whatIsCountedIsTheAppsWhateverItLooksLike() throws Exception {
    JsonNode first = Json.parse(http(gateways.one, "GET", "/poll/chat", "").body());
    String frame = "{\"heddle\":\"publish\",\"channel\":\"room.app\",\"body\":\"x\"}";
    String path = "/poll/chat?number=1&resume=" + first.path("resume").asString();
    HttpResponse<String> answer = http(gateways.one, "POST", path, frame);
    assertEquals("{\"received\":1}", answer.body());
    String history = http(gateways.one, "GET", "/v1/channels/room.app", "").body();
    assertEquals(0, Json.parse(history).path("messages").size(), history);
  }

  @Test
  void aClientWhoseAppCannotPublishIsRefusedAndForgotten() {
    for (String protocol : List.of("", HEDDLE)) {
      UpgradeException refused =
          assertThrows(
              UpgradeException.class, () -> gateways.socket(gateways.one, "big", "", protocol));
      assertEquals(413, refused.getResponseStatusCode());
    }
    double arriving =
        gateways
            .one
            .telemetry
            .registry()
            .get("heddle.gateway.connections.arriving")
            .gauge()
            .value();
    assertEquals(0, arriving);
  }

  @Test
  void aServiceMaySubscribeWhoIsAboutToConnect() throws Exception {
    for (String protocol : List.of("", HEDDLE)) {
      try (var socket = gateways.socket(gateways.one, "early", "", protocol)) {
        if (!protocol.isEmpty()) {
          assertEquals("welcome", socket.next().path("heddle").asString());
          assertEquals("early.1", socket.next().path("channel").asString());
        }
        Eventually.eventually(
            "it listens",
            () -> {
              publish("early.1", "hello");
              return !socket.frames.isEmpty();
            });
        assertTrue(socket.nextText().contains("hello"));
      }
    }
  }

  /** What a service was told before the upgrade is so afterwards. */
  @Test
  void noMoreIsTakenBeforeTheUpgradeThanThereIsRoomFor() throws Exception {
    try (var socket = gateways.socket(gateways.one, "many", "", HEDDLE)) {
      assertEquals("welcome", socket.next().path("heddle").asString());
      for (int i = 0; i < ChannelLimits.defaults().subscriptions(); i++) {
        assertEquals("subscribed", socket.next().path("heddle").asString());
      }
    }
  }

  @Test
  void whoWasEndedWhileAwayIsTold() throws Exception {
    String resume;
    String id;
    JsonNode at;
    try (var socket = connect("")) {
      JsonNode welcome = socket.next();
      resume = welcome.path("resume").asString();
      id = welcome.path("connection").asString();
      at = subscribe(socket, "room.away");
      socket.vanish();
    }
    assertEquals(204, listen("DELETE", "room.away", id));
    String query =
        "&offset=0&resume=%s&channels=room.away:%s:0"
            .formatted(resume, at.path("epoch").asString());
    try (var back = connect(query)) {
      assertEquals("welcome", back.next().path("heddle").asString());
      JsonNode told = back.next();
      assertEquals("unsubscribed", told.path("heddle").asString(), told.toString());
      assertEquals("room.away", told.path("channel").asString());
    }
  }

  /** Whoever may listen makes channels by naming them: of one tenant, and not without end. */
  @Test
  void namesAloneTakeNoPlaceFromWhoSpeaks() throws Exception {
    String path = "/ws/chat?access_token=" + TwoGateways.BETA;
    int port = gateways.one.gateway.httpPort();
    int refused = 0;
    try (var socket =
        SocketClient.connect(gateways.library, port, path, HEDDLE, java.util.Map.of())) {
      socket.next();
      for (int i = 0; i < 700; i++) {
        String frame = "{\"heddle\":\"%s\",\"channel\":\"room.n%d\"}";
        socket.send(frame.formatted("subscribe", i));
        JsonNode answer = socket.next();
        if (answer.path("heddle").asString().equals("error")) {
          assertEquals("LIMIT_REACHED", answer.at("/error/name").asString(), answer.toString());
          refused++;
        } else {
          assertEquals("subscribed", answer.path("heddle").asString(), answer.toString());
          socket.send(frame.formatted("unsubscribe", i));
          assertEquals("unsubscribed", socket.next().path("heddle").asString());
        }
      }
      assertTrue(refused > 100 && refused < 700, refused + " refused");
      socket.send("{\"heddle\":\"publish\",\"channel\":\"room.spoken\",\"body\":\"x\"}");
      JsonNode published = socket.next();
      assertEquals("published", published.path("heddle").asString(), published.toString());
    }
    publish("room.ours", "another tenant's are as they were");
    try (var socket = connect("")) {
      socket.next();
      subscribe(socket, "room.ours-new");
    }
  }

  @Test
  void whoAsksTwiceMissesNothing() throws Exception {
    try (var socket = connect("")) {
      socket.next();
      JsonNode first = subscribe(socket, "room.twice");
      JsonNode one = publish("room.twice", "one");
      assertEquals(one.path("offset"), socket.next().path("offset"));
      JsonNode again = subscribe(socket, "room.twice");
      assertEquals(one.path("offset"), again.path("offset"), "on from where it is");
      assertEquals(first.path("epoch"), again.path("epoch"));
      publish("room.twice", "two");
      assertEquals("two", socket.next().path("body").asString());
    }
  }

  /** A state that may be lost is not said to be known, and the next one comes to all. */
  @Test
  void aLostStateIsToldAndTheNextOneComes() throws Exception {
    JsonNode five = publish("price.a", "5");
    String resume;
    try (var socket = connect("")) {
      resume = socket.next().path("resume").asString();
      subscribe(socket, "price.a");
      assertEquals("5", socket.next().path("body").asString());
      socket.vanish();
    }
    try (var live = connect("")) {
      live.next();
      subscribe(live, "price.a");
      assertEquals("5", live.next().path("body").asString());
      Hazelcast.getAllHazelcastInstances().iterator().next().getMap("channels").clear();
      JsonNode lost = live.next();
      assertEquals("subscribed", lost.path("heddle").asString());
      assertFalse(lost.path("recovered").booleanValue(), lost.toString());
      String query =
          "&offset=0&resume=%s&channels=price.a:%s:%d"
              .formatted(resume, five.path("epoch").asString(), five.path("offset").longValue());
      try (var back = connect(query)) {
        back.next();
        JsonNode told = back.next();
        assertFalse(told.path("recovered").booleanValue(), told.toString());
      }
      publish("price.a", "6");
      JsonNode next = live.next();
      while (next.path("heddle").asString().equals("subscribed")) {
        next = live.next();
      }
      assertEquals("6", next.path("body").asString(), next.toString());
      // Once more at once: whoever listens gets the state that stands in the grid.
      Hazelcast.getAllHazelcastInstances().iterator().next().getMap("channels").clear();
      publish("price.a", "7");
      next = live.next();
      while (next.path("heddle").asString().equals("subscribed")) {
        next = live.next();
      }
      assertEquals("7", next.path("body").asString(), next.toString());
    }
  }
}
