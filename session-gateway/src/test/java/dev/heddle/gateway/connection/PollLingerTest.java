package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.EntryEvent;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.listener.EntryRemovedListener;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.session.GridView;
import dev.heddle.json.Json;
import dev.heddle.process.testing.Eventually;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Clients that poll, and what becomes of their connections between two polls. */
@Timeout(60)
class PollLingerTest {
  private static final Duration LINGER = Duration.ofSeconds(3);
  private static final Duration WINDOW = Duration.ofSeconds(60);
  private static final String APP =
      """
      name: chat
      routes:
        say: {function: say}
        $disconnect: {function: goodbye}
      channels:
        "room.*": {subscribe: true, publish: true, presence: true}
      """;

  private static TwoGateways gateways;

  /** Channels that nobody is in any more, as the grid says. */
  private static final Queue<String> left = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    gateways = gateways(directory);
    member(gateways.one)
        .getMap("presence")
        .addEntryListener(
            (EntryRemovedListener<Object, Object>)
                (EntryEvent<Object, Object> event) -> left.add(event.getKey().toString()),
            false);
  }

  private static TwoGateways gateways(Path directory) throws Exception {
    var both =
        new TwoGateways(
            directory,
            config ->
                GatewaySettings.of(config)
                    .pollWait(Duration.ofMillis(50))
                    .lingers(LINGER, 100)
                    .config());
    both.app("acme", "chat", APP);
    for (GatewayFixture each : both.both()) {
      each.coordinator.handlers.put("goodbye", request -> "null");
      each.coordinator.handlers.put("say", request -> "{\"body\":\"said\"}");
    }
    return both;
  }

  @AfterAll
  static void stop() throws Exception {
    gateways.close();
  }

  @AfterEach
  void nobodyLingers() {
    gateways.clock.advance(LINGER);
    for (GatewayFixture each : gateways.both()) {
      Eventually.eventually("nobody lingers", () -> lingering(each) == 0);
    }
  }

  private static HazelcastInstance member(GatewayFixture gateway) {
    return Hazelcast.getAllHazelcastInstances().stream()
        .filter(each -> each.getLifecycleService().isRunning())
        .filter(each ->
            gateway
                .gateway
                .gridAddress()
                .endsWith(":" + each.getCluster().getLocalMember().getSocketAddress().getPort()))
        .findAny()
        .orElseThrow();
  }

  private static int lingering(GatewayFixture gateway) {
    return (int) gateway.telemetry.registry().get("heddle.gateway.polls.lingering").gauge().value();
  }

  private static HttpResponse<String> http(
      GatewayFixture gateway, String method, String path, String body) throws Exception {
    return gateway.send(
        gateway.request(method, path, body).header("Authorization", "Bearer " + TwoGateways.ACME));
  }

  private static long goodbyes(TwoGateways all, String connection) {
    return all.both().stream()
        .flatMap(each -> each.coordinator.invocations.stream())
        .filter(request -> request.getFunction().equals("goodbye"))
        .map(request -> Json.parse(request.getEventJson().toByteArray()))
        .filter(event -> event.at("/requestContext/connectionId").asString().equals(connection))
        .count();
  }

  private static int count(GatewayFixture at, String channel) throws Exception {
    var response = http(at, "GET", "/v1/channels/" + channel + "/presence", "");
    assertEquals(200, response.statusCode(), response.body());
    return Json.parse(response.body()).path("count").intValue();
  }

  private static void publish(GatewayFixture at, String channel, String text) throws Exception {
    assertEquals(200, http(at, "POST", "/v1/channels/" + channel, text).statusCode());
  }

  private static List<String> texts(String prefix, int count) {
    return IntStream.rangeClosed(1, count).mapToObj(i -> prefix + i).toList();
  }

  /** A client that keeps to what it is told. */
  private static final class Polling {
    final List<String> frames = new ArrayList<>();
    final List<String> publications = new ArrayList<>();
    String id = "";
    String resume = "";
    String channels = "";
    long offset;

    /** Opens, or goes on. */
    Polling poll(GatewayFixture at) throws Exception {
      String query =
          resume.isEmpty()
              ? ""
              : "?resume="
                  + resume
                  + "&offset="
                  + offset
                  + (channels.isEmpty() ? "" : "&channels=" + encoded(channels));
      HttpResponse<String> response = http(at, "GET", "/poll/chat" + query, "");
      assertEquals(200, response.statusCode(), response.body());
      JsonNode answer = Json.parse(response.body());
      assertTrue(answer.path("recovered").booleanValue(), answer.toString());
      id = answer.path("connection").asString();
      resume = answer.path("resume").asString();
      channels = answer.path("channels").asString("");
      for (JsonNode each : answer.path("messages")) {
        assertEquals(offset + 1, each.path("offset").longValue(), answer.toString());
        offset++;
        frames.add(each.path("body").asString());
      }
      assertEquals(offset, answer.path("offset").longValue(), answer.toString());
      for (JsonNode each : answer.path("publications")) {
        if (each.path("heddle").asString().equals("publication")) {
          publications.add(each.path("body").asString());
        } else {
          assertTrue(each.path("recovered").booleanValue(), answer.toString());
        }
      }
      return this;
    }

    private static String encoded(String text) {
      return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    int push(GatewayFixture at, String text) throws Exception {
      return http(at, "POST", "/@connections/" + id, text).statusCode();
    }

    /** Between two polls: it is told where it begins. */
    void subscribe(GatewayFixture at, String channel) throws Exception {
      String frame = "{\"heddle\":\"subscribe\",\"channel\":\"" + channel + "\"}";
      HttpResponse<String> told = http(at, "POST", "/poll/chat?resume=" + resume, frame);
      assertEquals(200, told.statusCode(), told.body());
      JsonNode begins = Json.parse(told.body());
      channels =
          channel + ":" + begins.path("epoch").asString() + ":" + begins.path("offset").longValue();
    }

    GridView.Seen seen(TwoGateways all) {
      return GridView.connection(member(all.one), "acme", id).orElseThrow();
    }
  }

  /** Who was to be told that somebody has left a channel has been told by now. */
  private static void untilPresenceIsTold() throws Exception {
    var marker = new Polling().poll(gateways.two);
    String channel = "room." + marker.id.substring(0, 8).replace('-', '0');
    marker.subscribe(gateways.two, channel);
    marker.poll(gateways.two);
    Eventually.eventually("it is seen", () -> count(gateways.two, channel) == 1);
    assertEquals(
        204, http(gateways.two, "DELETE", "/poll/chat?resume=" + marker.resume, "").statusCode());
    Eventually.eventually(
        "it is not any more", () -> left.stream().anyMatch(each -> each.contains(channel)));
  }

  private static void assertNobodyLeft(String channel) throws Exception {
    assertEquals(1, count(gateways.one, channel));
    untilPresenceIsTold();
    assertFalse(left.stream().anyMatch(each -> each.contains(channel)), left.toString());
  }

  @Test
  void theNextPollGoesOnWhereTheLastOneEnded() throws Exception {
    var client = new Polling().poll(gateways.one);
    client.subscribe(gateways.two, "room.same");
    client.poll(gateways.one);
    Eventually.eventually("it is seen", () -> count(gateways.two, "room.same") == 1);
    String token = client.resume;
    long epoch = client.seen(gateways).epoch();
    for (int i = 1; i <= 5; i++) {
      assertEquals(200, client.push(i % 2 == 0 ? gateways.one : gateways.two, "f" + i));
      publish(gateways.two, "room.same", "p" + i);
      client.poll(gateways.one);
    }
    Eventually.eventually(
        "all have come", () -> client.poll(gateways.one).publications.size() >= 5);
    client.poll(gateways.one);
    assertEquals(texts("f", 5), client.frames);
    assertEquals(texts("p", 5), client.publications);
    assertEquals(token, client.resume, "no poll attached it anew");
    assertEquals(epoch, client.seen(gateways).epoch());
    assertNobodyLeft("room.same");
  }

  @Test
  void anotherGatewayTakesItOverAtOnce() throws Exception {
    var client = new Polling().poll(gateways.one);
    client.subscribe(gateways.one, "room.other");
    client.poll(gateways.one);
    Eventually.eventually("it is seen", () -> count(gateways.one, "room.other") == 1);
    for (int i = 1; i <= 6; i++) {
      GatewayFixture here = i % 2 == 0 ? gateways.one : gateways.two;
      GatewayFixture last = i % 2 == 0 ? gateways.two : gateways.one;
      assertEquals(200, client.push(i % 3 == 0 ? here : last, "f" + i));
      publish(last, "room.other", "p" + i);
      String token = client.resume;
      client.poll(here);
      assertNotEquals(token, client.resume);
      assertEquals(texts("f", i), client.frames);
      assertTrue(count(here, "room.other") <= 1, "at two gateways, and one client");
      Eventually.eventually("the other one knows", () -> lingering(last) == 0);
      assertEquals(1, lingering(here));
    }
    Eventually.eventually("it is seen", () -> count(gateways.one, "room.other") == 1);
    Eventually.eventually(
        "all have come", () -> client.poll(gateways.one).publications.size() >= 6);
    assertEquals(texts("p", 6), client.publications);
    assertEquals(0, goodbyes(gateways, client.id));
  }

  @Test
  void aSocketTakesItOverAndNobodySeesItLeave() throws Exception {
    var client = new Polling().poll(gateways.one);
    client.subscribe(gateways.one, "room.socket");
    client.poll(gateways.one);
    Eventually.eventually("it is seen", () -> count(gateways.two, "room.socket") == 1);
    assertEquals(200, client.push(gateways.two, "f1"));
    String query =
        "&resume=" + client.resume + "&offset=0&channels=" + Polling.encoded(client.channels);
    try (var socket = gateways.socket(gateways.one, "chat", query, "heddle.v1")) {
      assertTrue(socket.next().path("recovered").booleanValue());
      assertEquals("f1", socket.next().path("body").asString());
      assertEquals(0, lingering(gateways.one));
      assertNobodyLeft("room.socket");
    }
  }

  @Test
  void whoDoesNotComeBackIsGoneWhenTheWindowIsOverSinceTheLastPoll() throws Exception {
    var client = new Polling().poll(gateways.one).poll(gateways.one);
    Instant seen = gateways.clock.instant();
    gateways.clock.advance(LINGER.minusMillis(1));
    assertTrue(client.seen(gateways).attached());
    gateways.clock.advance(Duration.ofMillis(1));
    Eventually.eventually("it is detached", () -> !client.seen(gateways).attached());
    assertEquals(seen, client.seen(gateways).since());
    assertEquals(200, client.push(gateways.two, "f1"), "its window is open");
    gateways.clock.advance(WINDOW.minus(LINGER).minusMillis(1));
    assertEquals(0, goodbyes(gateways, client.id));
    gateways.clock.advance(Duration.ofMillis(1));
    Eventually.eventually("the app hears of it", () -> goodbyes(gateways, client.id) == 1);
    assertTrue(GridView.connection(member(gateways.one), "acme", client.id).isEmpty());
  }

  @Test
  void anAnswerThatWasLostComesAgain() throws Exception {
    var client = new Polling().poll(gateways.one);
    String first = client.resume;
    assertEquals(200, client.push(gateways.one, "f1"));
    client.poll(gateways.one);
    assertEquals(first, client.resume);
    client.offset = 0;
    client.poll(gateways.one);
    assertEquals(List.of("f1", "f1"), client.frames);
    assertNotEquals(first, client.resume);
    client.poll(gateways.one);
    Eventually.eventually(
        "the newer token has been used",
        () ->
            http(gateways.one, "POST", "/poll/chat?resume=" + first, "{\"action\":\"say\"}")
                    .statusCode()
                == 403);
  }

  @Test
  void whatIsTooMuchToWaitHereWaitsInTheGrid() throws Exception {
    var client = new Polling().poll(gateways.one);
    List<String> sent = texts("x".repeat(4_000), 10);
    for (String each : sent) {
      assertEquals(200, client.push(gateways.two, each));
    }
    client.poll(gateways.one);
    assertEquals(sent, client.frames);
  }

  @Test
  void whatDoesNotFitIntoItsHistoryIsRefusedAndPushesNothingOut() throws Exception {
    var client = new Polling().poll(gateways.one);
    var taken = new ArrayList<String>();
    int status = 200;
    for (int i = 0; status == 200; i++) {
      String text = "x".repeat(8_000) + i;
      status = client.push(gateways.two, text);
      if (status == 200) {
        taken.add(text);
      }
    }
    assertEquals(429, status);
    assertTrue(taken.size() > 1, "there was room");
    client.poll(gateways.two);
    assertEquals(taken, client.frames);
  }

  @Test
  void whoSaysGoodbyeBetweenTwoPollsIsGone() throws Exception {
    var client = new Polling().poll(gateways.one);
    client.subscribe(gateways.one, "room.gone");
    client.poll(gateways.one);
    String path = "/poll/chat?resume=" + client.resume;
    assertEquals(204, http(gateways.two, "DELETE", path, "").statusCode());
    assertEquals(410, http(gateways.one, "GET", path, "").statusCode());
    Eventually.eventually("the app hears of it", () -> goodbyes(gateways, client.id) == 1);
    Eventually.eventually("nobody is there", () -> count(gateways.one, "room.gone") == 0);
    Eventually.eventually("it lingers no more", () -> lingering(gateways.one) == 0);
  }

  @Test
  void aGatewayThatStopsDetachesItAsOfItsLastPoll(@TempDir Path directory) throws Exception {
    TwoGateways own = gateways(directory);
    try {
      var client = new Polling().poll(own.two).poll(own.two);
      Instant seen = own.clock.instant();
      own.clock.advance(Duration.ofSeconds(1));
      assertEquals(200, client.push(own.one, "f1"));
      own.two.close();
      GridView.Seen now = client.seen(own);
      assertFalse(now.attached());
      assertEquals(seen, now.since());
      client.poll(own.one);
      assertEquals(List.of("f1"), client.frames);
      assertEquals(0, goodbyes(own, client.id));
    } finally {
      own.library.stop();
      own.two.close();
      own.one.close();
    }
  }

  @Test
  void nothingIsLostWithAGatewayThatIsKilledMeanwhile(@TempDir Path directory) throws Exception {
    TwoGateways own = gateways(directory);
    try {
      var client = new Polling().poll(own.two);
      assertEquals(200, client.push(own.two, "f1"));
      client.poll(own.two);
      assertEquals(200, client.push(own.one, "f2"));
      member(own.two).getLifecycleService().terminate();
      Eventually.eventually(
          "the other one knows", () -> member(own.one).getCluster().getMembers().size() == 1);
      assertEquals(200, client.push(own.one, "f3"));
      client.poll(own.one);
      assertEquals(texts("f", 3), client.frames);
      assertEquals(0, goodbyes(own, client.id));
    } finally {
      own.library.stop();
      own.two.close();
      own.one.close();
    }
  }
}
