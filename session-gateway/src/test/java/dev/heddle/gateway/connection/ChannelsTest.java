package dev.heddle.gateway.connection;

import static dev.heddle.gateway.connection.TwoGateways.ACME;
import static dev.heddle.gateway.connection.TwoGateways.BETA;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.json.Json;
import dev.heddle.process.testing.Eventually;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Channels over two gateways: who may do what, what arrives, and where. */
@Timeout(120)
class ChannelsTest {
  private static final String APP =
      """
      name: chat
      routes: {join: {function: join}, plain: {function: plain}}
      channels:
        "room.*": {subscribe: true, publish: true, presence: true}
        "news": {subscribe: true}
        "price": {subscribe: true, publish: true, latest: true}
      """;
  private static final String HEDDLE = "heddle.v1";

  private static TwoGateways gateways;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    gateways = new TwoGateways(directory);
    gateways.app("acme", "chat", APP);
    gateways.app("beta", "chat", APP);
    for (GatewayFixture each : gateways.both()) {
      each.coordinator.handlers.put(
          "join",
          request -> {
            JsonNode frame = Json.parse(request.getEventJson().toByteArray());
            return Json.parse(frame.path("body").asString()).path("reply").toString();
          });
    }
  }

  @AfterAll
  static void stop() throws Exception {
    gateways.close();
  }

  private static HttpResponse<String> http(
      GatewayFixture at, String key, String method, String path, String body) throws Exception {
    return at.send(at.request(method, path, body).header("Authorization", "Bearer " + key));
  }

  private static JsonNode publish(GatewayFixture at, String channel, String body) throws Exception {
    HttpResponse<String> response = http(at, ACME, "POST", "/v1/channels/" + channel, body);
    assertEquals(200, response.statusCode(), response.body());
    return Json.parse(response.body());
  }

  private static void subscribe(SocketClient socket, String channel) throws Exception {
    socket.send("{\"heddle\":\"subscribe\",\"channel\":\"" + channel + "\"}");
    JsonNode answer = socket.next();
    assertEquals("subscribed", answer.path("heddle").asString(), answer.toString());
    assertEquals(channel, answer.path("channel").asString());
    assertTrue(answer.path("recovered").booleanValue());
  }

  private static void expect(SocketClient socket, JsonNode at, String body) throws Exception {
    JsonNode message = socket.next();
    assertEquals("publication", message.path("heddle").asString(), message.toString());
    assertEquals(body, message.path("body").asString());
    assertEquals(at.path("offset"), message.path("offset"));
    assertEquals(at.path("epoch"), message.path("epoch"));
  }

  private static void refused(SocketClient socket, String frame, String name) throws Exception {
    socket.send(frame);
    JsonNode answer = socket.next();
    assertEquals("error", answer.path("heddle").asString(), answer.toString());
    assertEquals(name, answer.path("error").path("name").asString(), answer.toString());
  }

  @Test
  void whatOneGatewayPublishesReachesSubscribersOfBoth() throws Exception {
    try (var here = gateways.socket(gateways.one, "chat", "", HEDDLE);
        var there = gateways.socket(gateways.two, "chat", "", HEDDLE)) {
      here.next();
      there.next();
      subscribe(here, "room.both");
      subscribe(there, "room.both");
      JsonNode first = publish(gateways.one, "room.both", "hello");
      assertEquals(1, first.path("offset").longValue());
      expect(here, first, "hello");
      expect(there, first, "hello");
      there.send(
          "{\"heddle\":\"publish\",\"channel\":\"room.both\",\"body\":\"AAE=\",\"isBase64Encoded\":true}");
      JsonNode second = here.next();
      assertTrue(second.path("isBase64Encoded").booleanValue(), second.toString());
      assertEquals("AAE=", second.path("body").asString());
      JsonNode one = there.next();
      JsonNode other = there.next();
      JsonNode done = one.path("heddle").asString().equals("published") ? one : other;
      assertEquals("published", done.path("heddle").asString(), one + " " + other);
      assertEquals(2, done.path("offset").longValue());
      here.send("{\"heddle\":\"unsubscribe\",\"channel\":\"room.both\"}");
      assertEquals("unsubscribed", here.next().path("heddle").asString());
      JsonNode third = publish(gateways.two, "room.both", "only there");
      expect(there, third, "only there");
      assertTrue(here.frames.isEmpty(), here.frames.toString());
    }
  }

  @Test
  void theHistoryIsReadFromAPositionOrNotAtAll() throws Exception {
    for (int i = 1; i <= 5; i++) {
      publish(gateways.both().get(i % 2), "log", "m" + i);
    }
    JsonNode all = Json.parse(http(gateways.two, ACME, "GET", "/v1/channels/log", "").body());
    assertTrue(all.path("recovered").booleanValue());
    assertEquals(5, all.path("messages").size(), all.toString());
    assertEquals("2026-11-21T12:00:00Z", all.path("messages").path(0).path("time").asString());
    String epoch = all.path("epoch").asString();
    String after = "/v1/channels/log?epoch=" + epoch + "&offset=";
    JsonNode some = Json.parse(http(gateways.one, ACME, "GET", after + "2&limit=2", "").body());
    assertEquals("m3", some.path("messages").path(0).path("body").asString());
    assertEquals(4, some.path("offset").longValue());
    assertTrue(some.path("more").booleanValue());
    for (String lost : new String[] {after + "6", "/v1/channels/log?epoch=x&offset=2"}) {
      JsonNode none = Json.parse(http(gateways.one, ACME, "GET", lost, "").body());
      assertFalse(none.path("recovered").booleanValue(), lost);
      assertEquals(0, none.path("messages").size());
      assertEquals(5, none.path("offset").longValue());
    }
    assertEquals(
        400, http(gateways.one, ACME, "GET", after.replace("&offset=", ""), "").statusCode());
    assertEquals(400, http(gateways.one, ACME, "GET", after + "1&limit=0", "").statusCode());
    assertEquals(400, http(gateways.one, ACME, "GET", after + "-1", "").statusCode());
    JsonNode others = Json.parse(http(gateways.one, BETA, "GET", "/v1/channels/log", "").body());
    assertEquals(0, others.path("messages").size(), "another tenant's");
  }

  @Test
  void refusesWhatIsNotAllowed() throws Exception {
    for (String name : new String[] {"a%20b", ".a", "x".repeat(129), "a:b"}) {
      assertEquals(400, http(gateways.one, ACME, "POST", "/v1/channels/" + name, "x").statusCode());
    }
    String large = "x".repeat((128 << 10) + 1);
    assertEquals(413, http(gateways.one, ACME, "POST", "/v1/channels/a", large).statusCode());
    assertEquals(401, gateways.one.send("POST", "/v1/channels/a", "x").statusCode());
    try (var socket = gateways.socket(gateways.one, "chat", "", HEDDLE)) {
      socket.next();
      String frame = "{\"heddle\":\"%s\",\"channel\":\"%s\"}";
      refused(socket, frame.formatted("subscribe", "secret"), "FORBIDDEN");
      refused(socket, frame.formatted("subscribe", "room.a.b"), "FORBIDDEN");
      refused(socket, frame.formatted("subscribe", "room."), "FORBIDDEN");
      refused(socket, frame.formatted("subscribe", "../x"), "INVALID_REQUEST");
      refused(socket, frame.formatted("presence", "news"), "FORBIDDEN");
      refused(socket, "{\"heddle\":\"publish\",\"channel\":\"news\",\"body\":\"x\"}", "FORBIDDEN");
      refused(socket, frame.formatted("follow", "news"), "INVALID_REQUEST");
      for (int i = 0; i < ChannelLimits.defaults().subscriptions(); i++) {
        subscribe(socket, "room.n" + i);
      }
      refused(socket, frame.formatted("subscribe", "room.more"), "LIMIT_REACHED");
    }
  }

  @Test
  void messagesOfOtherTenantsDoNotArrive() throws Exception {
    try (var socket = gateways.socket(gateways.one, "chat", "", HEDDLE)) {
      socket.next();
      subscribe(socket, "room.mine");
      assertEquals(
          200, http(gateways.two, BETA, "POST", "/v1/channels/room.mine", "theirs").statusCode());
      JsonNode ours = publish(gateways.two, "room.mine", "ours");
      expect(socket, ours, "ours");
    }
  }

  @Test
  void handlersSubscribeTheirConnectionsAndPublish() throws Exception {
    String reply =
        "{\"action\":\"join\",\"reply\":{\"heddle\":{\"subscribe\":[\"secret.1\"],"
            + "\"publish\":[{\"channel\":\"secret.1\",\"body\":\"hi\"}]},\"body\":\"joined\"}}";
    try (var plain = gateways.socket(gateways.two, "chat", "", "");
        var other = gateways.socket(gateways.one, "chat", "", HEDDLE)) {
      other.next();
      other.send(reply);
      var kinds = new java.util.TreeSet<String>();
      for (int i = 0; i < 3; i++) {
        kinds.add(other.next().path("heddle").asString());
      }
      assertEquals("[message, publication, subscribed]", kinds.toString());
      plain.send(reply);
      // A plain socket gets what was published as it is; the order of answer and message is open.
      var heard = new java.util.TreeSet<String>();
      heard.add(plain.nextText());
      heard.add(plain.nextText());
      assertEquals("[hi, joined]", heard.toString());
      assertEquals("hi", other.next().path("body").asString());
      publish(gateways.one, "secret.1", "by http");
      assertEquals("by http", plain.nextText());
      assertEquals("by http", other.next().path("body").asString());
      plain.send(
          "{\"action\":\"join\",\"reply\":{\"heddle\":{\"unsubscribe\":[\"secret.1\"]},\"body\":\"left\"}}");
      assertEquals("left", plain.nextText());
      publish(gateways.one, "secret.1", "not to plain");
      assertEquals("not to plain", other.next().path("body").asString());
      assertTrue(plain.frames.isEmpty(), plain.frames.toString());
      plain.send("{\"action\":\"join\",\"reply\":{\"heddle\":{\"subscribe\":[\"a b\"]}}}");
      assertTrue(plain.nextText().contains("FUNCTION_FAILED"));
    }
  }

  @Test
  void servicesSubscribeConnectionsOfAnyGateway() throws Exception {
    try (var socket = gateways.socket(gateways.one, "chat", "", HEDDLE)) {
      String id = socket.next().path("connection").asString();
      String path = "/v1/channels/orders/connections/" + id;
      assertEquals(403, http(gateways.two, BETA, "PUT", path, "").statusCode());
      assertEquals(204, http(gateways.two, ACME, "PUT", path, "").statusCode());
      assertEquals("subscribed", socket.next().path("heddle").asString());
      expect(socket, publish(gateways.two, "orders", "7"), "7");
      assertEquals(204, http(gateways.two, ACME, "DELETE", path, "").statusCode());
      assertEquals("unsubscribed", socket.next().path("heddle").asString());
    }
  }

  @Test
  void ofALatestOnlyChannelTheNewestIsAllThereIs() throws Exception {
    publish(gateways.one, "price", "1");
    publish(gateways.two, "price", "2");
    JsonNode newest = publish(gateways.one, "price", "3");
    JsonNode history = Json.parse(http(gateways.two, ACME, "GET", "/v1/channels/price", "").body());
    assertEquals(1, history.path("messages").size(), history.toString());
    String resume;
    try (var socket = gateways.socket(gateways.two, "chat", "", HEDDLE)) {
      resume = socket.next().path("resume").asString();
      subscribe(socket, "price");
      expect(socket, newest, "3");
      socket.vanish();
    }
    String at = newest.path("epoch").asString() + ":" + newest.path("offset").longValue();
    publish(gateways.one, "price", "4");
    newest = publish(gateways.one, "price", "5");
    String query = "&resume=" + resume + "&offset=0&channels=price:" + at;
    try (var back = gateways.socket(gateways.one, "chat", query, HEDDLE)) {
      back.next();
      assertTrue(back.next().path("recovered").booleanValue());
      expect(back, newest, "5");
    }
  }

  @Test
  void presenceIsWhoIsThere() throws Exception {
    try (var here = gateways.socket(gateways.one, "chat", "", HEDDLE)) {
      String id = here.next().path("connection").asString();
      subscribe(here, "room.seen");
      subscribe(here, "news");
      var there = gateways.socket(gateways.two, "chat", "", HEDDLE);
      there.next();
      subscribe(there, "room.seen");
      Eventually.eventually("both are seen", () -> count("room.seen") == 2);
      here.send("{\"heddle\":\"presence\",\"channel\":\"room.seen\"}");
      JsonNode seen = here.next();
      assertEquals(2, seen.path("count").intValue(), seen.toString());
      assertTrue(seen.toString().contains(id), seen.toString());
      assertEquals(0, count("news"), "nobody is to be seen there");
      there.vanish();
      Eventually.eventually("one has gone", () -> count("room.seen") == 1);
      there.close();
    }
    Eventually.eventually("all have gone", () -> count("room.seen") == 0);
  }

  private static int count(String channel) throws Exception {
    String path = "/v1/channels/" + channel + "/presence";
    HttpResponse<String> response = http(gateways.one, ACME, "GET", path, "");
    assertEquals(200, response.statusCode(), response.body());
    return Json.parse(response.body()).path("count").intValue();
  }

  @Test
  void streamsAndPollsGetTheirChannelsToo() throws Exception {
    JsonNode first = poll("");
    String subscribe = "{\"heddle\":\"subscribe\",\"channel\":\"room.poll\"}";
    String resume = "resume=" + first.path("resume").asString();
    HttpResponse<String> answer =
        http(gateways.two, ACME, "POST", "/poll/chat?" + resume, subscribe);
    assertEquals(200, answer.statusCode(), "nobody else would tell it");
    JsonNode begins = Json.parse(answer.body());
    assertEquals("subscribed", begins.path("heddle").asString(), answer.body());
    assertTrue(begins.path("recovered").booleanValue());
    var begun =
        Json.parse(
            "{\"resume\":%s,\"channels\":\"room.poll:%s:%d\"}"
                .formatted(
                    first.path("resume"),
                    begins.path("epoch").asString(),
                    begins.path("offset").longValue()));
    for (int i = 1; i <= 3; i++) {
      JsonNode at = publish(gateways.two, "room.poll", "m" + i);
      assertTrue(at.path("offset").longValue() == i);
      begun = next(begun, at.path("epoch").asString(), i);
    }
  }

  /**
   * Polls until there is the message, and nothing else of its kind.
   *
   * @param epoch as its publisher was told: where the grid moves the channel to the other gateway,
   *     as while that joins, it is another one than before
   */
  private static JsonNode next(JsonNode before, String epoch, int number) throws Exception {
    JsonNode answer =
        poll(
            "?offset=0&resume="
                + before.path("resume").asString()
                + "&channels="
                + before.path("channels").asString());
    assertEquals(
        "room.poll:" + epoch + ":" + number, answer.path("channels").asString(), answer.toString());
    JsonNode last = answer.path("publications").path(answer.path("publications").size() - 1);
    assertEquals("m" + number, last.path("body").asString(), answer.toString());
    int messages = 0;
    for (JsonNode each : answer.path("publications")) {
      boolean begins = each.path("heddle").asString().equals("subscribed");
      assertTrue(!begins || each.path("recovered").booleanValue(), answer.toString());
      messages += begins ? 0 : 1;
    }
    assertEquals(1, messages, answer.toString());
    return answer;
  }

  private static JsonNode poll(String query) throws Exception {
    HttpResponse<String> response = http(gateways.one, ACME, "GET", "/poll/chat" + query, "");
    assertEquals(200, response.statusCode(), response.body());
    return Json.parse(response.body());
  }
}
