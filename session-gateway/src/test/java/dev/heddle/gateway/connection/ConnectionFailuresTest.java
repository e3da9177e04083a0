package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.gateway.session.SessionStore;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Connections whose gateways are killed, and clients that come at bad moments. */
@Timeout(60)
class ConnectionFailuresTest {
  private static final Duration WINDOW = Duration.ofSeconds(60);
  private static final String APP =
      """
      name: chat
      routes:
        say: {function: say}
        slow: {function: slow}
        $connect: {function: hello}
        $disconnect: {function: goodbye}
      """;

  private final ManualClock clock = new ManualClock(Instant.parse("2026-11-21T12:00:00Z"));
  private final List<GatewayFixture> gateways = new ArrayList<>();
  private final CountDownLatch entered = new CountDownLatch(1);
  private final CountDownLatch go = new CountDownLatch(1);
  private final ConcurrentLinkedQueue<String> done = new ConcurrentLinkedQueue<>();

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private GatewayFixture one;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private WebSocketClient library;

  @BeforeEach
  void start() throws Exception {
    KeyRing.createIfAbsent(directory.resolve("sessions.yaml"));
    library = SocketClient.library();
    one = gateway();
  }

  @AfterEach
  void stop() throws Exception {
    go.countDown();
    library.stop();
    gateways.reversed().forEach(GatewayFixture::close);
  }

  private GatewayFixture gateway() {
    List<String> members = gateways.isEmpty() ? List.of() : List.of(one.gateway.gridAddress());
    Path home = directory.resolve("g" + gateways.size());
    var gateway =
        new GatewayFixture(home, config -> with(config, members), Credentials.none(), clock)
            .readyForPeers();
    gateways.add(gateway);
    gateway.app("chat", APP);
    var handlers = gateway.coordinator.handlers;
    handlers.put("hello", request -> "{\"statusCode\":200}");
    handlers.put(
        "goodbye",
        request -> {
          done.add("goodbye");
          return "null";
        });
    handlers.put("say", request -> "{\"body\":" + text(request.getEventJson().toByteArray()) + "}");
    handlers.put(
        "slow",
        request -> {
          entered.countDown();
          go.await(20, TimeUnit.SECONDS);
          done.add("slow");
          return "{\"body\":\"slow\",\"heddle\":{\"state\":\"left\"}}";
        });
    return gateway;
  }

  private GatewayConfig with(GatewayConfig config, List<String> members) {
    var grid = new SharedGrid(directory.resolve("sessions.yaml"), Duration.ofSeconds(10), false);
    return grid.settings(config, members);
  }

  /** A store of the same grid, without a gateway. */
  private SessionStore besides() {
    var config = with(GatewayConfig.defaults(), List.of(one.gateway.gridAddress()));
    return new SessionStore(
        "x", config.session(), config.hazelcast(), clock, new SimpleMeterRegistry());
  }

  private static HazelcastInstance member(GatewayFixture gateway) {
    return Hazelcast.getAllHazelcastInstances().stream()
        .filter(each -> each.getLifecycleService().isRunning())
        .filter(each -> address(each).equals(gateway.gateway.gridAddress()))
        .findAny()
        .orElseThrow();
  }

  private static String address(HazelcastInstance member) {
    return "127.0.0.1:" + member.getCluster().getLocalMember().getSocketAddress().getPort();
  }

  private static String text(byte[] event) {
    return Json.parse(Json.parse(event).path("body").asString()).path("text").toString();
  }

  private static String say(String text) {
    return "{\"action\":\"say\",\"text\":\"" + text + "\"}";
  }

  private SocketClient socket(GatewayFixture gateway, String query) throws Exception {
    return SocketClient.connect(
        library, gateway.gateway.httpPort(), "/ws/chat?x=1" + query, "heddle.v1", Map.of());
  }

  private static String resume(JsonNode welcome) {
    return welcome.path("resume").asString();
  }

  private static String coming(JsonNode welcome, long offset) {
    return "&resume=" + resume(welcome) + "&offset=" + offset;
  }

  private static CompletableFuture<HttpResponse<String>> post(
      GatewayFixture gateway, JsonNode welcome, String more, String frame) {
    var request =
        gateway.request("POST", "/poll/chat?resume=" + resume(welcome) + more, frame).build();
    return gateway.client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
  }

  private static void message(SocketClient socket, long offset, String body) throws Exception {
    JsonNode frame = socket.next();
    assertEquals("message", frame.path("heddle").asString(), frame.toString());
    assertEquals(offset, frame.path("offset").longValue());
    assertEquals(body, frame.path("body").asString());
  }

  private Stream<JsonNode> events(String function, String connection) {
    return gateways.stream()
        .flatMap(gateway -> gateway.coordinator.invocations.stream())
        .filter(request -> request.getFunction().equals(function))
        .map(request -> Json.parse(request.getEventJson().toByteArray()))
        .filter(event -> event.at("/requestContext/connectionId").asString().equals(connection));
  }

  private long calls(String function, JsonNode welcome) {
    return events(function, welcome.path("connection").asString()).count();
  }

  /** The client sends its next frame when it has the answer, not when its request has returned. */
  @Test
  void callsOfOneStayThatFollowCloselyAreToldApart() throws Exception {
    GatewayFixture two = gateway();
    var sent = new ArrayList<CompletableFuture<HttpResponse<String>>>();
    try (var socket = socket(one, "")) {
      JsonNode welcome = socket.next();
      for (int i = 1; i <= 200; i++) {
        String more = "&number=" + i;
        sent.add(post(i % 3 == 0 ? two : one, welcome, more, say("m" + i)));
        message(socket, i, "m" + i);
      }
      for (var each : sent) {
        assertEquals(200, each.get(10, TimeUnit.SECONDS).statusCode());
      }
      assertEquals(200, calls("say", welcome));
    }
  }

  @Test
  void aFrameInWorkIsCountedOnlyWhenItIsDone() throws Exception {
    GatewayFixture two = gateway();
    String frame =
        "{\"heddle\":\"message\",\"number\":1,\"body\":\"{\\\"action\\\":\\\"slow\\\"}\"}";
    var first = socket(one, "");
    JsonNode welcome = first.next();
    first.send(frame);
    assertTrue(entered.await(10, TimeUnit.SECONDS));
    first.vanish();
    var second = socket(two, coming(welcome, 0));
    JsonNode back = second.next();
    assertEquals(0, back.path("received").longValue(), "it may yet be given back");
    var request = two.request("GET", "/poll/chat?resume=" + resume(back), "").build();
    var poll = two.client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    assertEquals(CloseCodes.REPLACED, second.awaitClose(), "the poll has come");
    var again = post(one, back, "&number=1", "{\"action\":\"slow\"}");
    go.countDown();
    JsonNode polled = Json.parse(poll.get(10, TimeUnit.SECONDS).body());
    assertEquals("slow", polled.at("/messages/0/body").asString(), polled.toString());
    assertEquals(0, polled.path("received").longValue(), "as it was when the poll came");
    assertEquals("{\"received\":1}", again.get(10, TimeUnit.SECONDS).body());
    try (var third = socket(two, coming(polled, 1))) {
      assertEquals(1, third.next().path("received").longValue());
      third.send(frame);
      assertEquals("{\"heddle\":\"received\",\"number\":1}", third.nextText());
    }
    assertEquals(1, calls("slow", welcome));
  }

  @Test
  void aClientElsewhereIsToldThatTheGatewayOfItsCallWasKilled() throws Exception {
    gateway();
    GatewayFixture third = gateway();
    try (var socket = socket(one, "")) {
      JsonNode welcome = socket.next();
      var sent = post(third, welcome, "&number=1", "{\"action\":\"slow\"}");
      assertTrue(entered.await(10, TimeUnit.SECONDS));
      member(third).getLifecycleService().terminate();
      JsonNode told = socket.next();
      assertEquals(1, told.path("offset").longValue(), told.toString());
      assertEquals(
          "UNAVAILABLE", Json.parse(told.path("body").asString()).at("/error/name").asString());
      socket.send(say("next"));
      message(socket, 2, "next");
      go.countDown();
      assertEquals(503, sent.get(10, TimeUnit.SECONDS).statusCode());
    }
  }

  @Test
  void ofFramesThatComeTogetherOneWaitsAndTheOthersAreRefused() throws Exception {
    try (var socket = socket(one, "")) {
      JsonNode welcome = socket.next();
      var slow = post(one, welcome, "", "{\"action\":\"slow\"}");
      assertTrue(entered.await(10, TimeUnit.SECONDS));
      var next = post(one, welcome, "", say("a"));
      var other = post(one, welcome, "", say("b"));
      var refused = CompletableFuture.anyOf(next, other).get(10, TimeUnit.SECONDS);
      assertEquals(409, ((HttpResponse<?>) refused).statusCode());
      go.countDown();
      assertEquals(200, slow.get(10, TimeUnit.SECONDS).statusCode());
      var waited = next.get(10, TimeUnit.SECONDS).statusCode() == 409 ? other : next;
      assertEquals(200, waited.get(10, TimeUnit.SECONDS).statusCode());
      assertEquals(1, calls("say", welcome));
    }
  }

  @Test
  void aConnectionThatNoStayIsOfEndsLikeAnyOther() throws Exception {
    var poll = one.send("GET", "/poll/chat", "");
    String id = Json.parse(poll.body()).path("connection").asString();
    var store = besides();
    // As if the grid's answer to an opening had been lost, a while ago.
    ConnectionTable table = store.connections();
    ConnectionTable.Known real = table.find(new ConnectionKey("default", id)).orElseThrow();
    var opening =
        new ConnectionTable.Opening(
            "chat",
            real.session(),
            false,
            clock.instant(),
            "{}".getBytes(StandardCharsets.UTF_8),
            new byte[0],
            WINDOW,
            1_024);
    var key = new ConnectionKey("default", "stray");
    table.open(key, opening, false, real.carrier(), clock.instant().minusSeconds(3_600));
    store.close();
    Eventually.eventually(
        "the app hears of the end",
        () -> {
          clock.advance(Duration.ofSeconds(10));
          return events("goodbye", "stray").count() == 1;
        });
  }

  @Test
  void aStayOfAGatewayThatWasTakenForLostEndsAndItsClientComesBack() throws Exception {
    GatewayFixture two = gateway();
    try (var socket = socket(one, "")) {
      JsonNode welcome = socket.next();
      var key = new ConnectionKey("default", welcome.path("connection").asString());
      socket.send(say("before"));
      message(socket, 1, "before");
      // As a gateway does that looks after the entries of one that has left the grid.
      var store = besides();
      ConnectionTable table = store.connections();
      ConnectionTable.Known known = table.find(key).orElseThrow();
      var other = table.self(Optional.empty());
      assertTrue(table.adopt(key, known.carrier(), other, clock.instant()).done());
      store.close();
      assertEquals(CloseCodes.GOING_AWAY, socket.awaitClose());
      try (var back = socket(two, coming(welcome, 1))) {
        assertTrue(back.next().path("recovered").booleanValue());
        back.send(say("after"));
        message(back, 2, "after");
      }
    }
  }

  @Test
  void whoAnswersTheGatewaysGoodbyeWithAnyCodeMayComeBack() throws Exception {
    GatewayFixture two = gateway();
    JsonNode welcome;
    try (var client = new WireClient(two.gateway.httpPort(), "/ws/chat", "heddle.v1")) {
      welcome = Json.parse(client.read().text());
      var stopped = CompletableFuture.runAsync(two.gateway::close);
      WireClient.Frame goodbye = client.read();
      assertEquals(8, goodbye.opcode(), goodbye.text());
      assertEquals(CloseCodes.GOING_AWAY, goodbye.closeCode());
      client.sendClose(CloseCodes.NORMAL);
      stopped.get(20, TimeUnit.SECONDS);
    }
    try (var back = socket(one, coming(welcome, 0))) {
      assertTrue(back.next().path("recovered").booleanValue());
      // While it is here: its own goodbye is one.
      assertEquals(0, calls("goodbye", welcome));
    }
  }

  @Test
  void aPollingClientSaysGoodbyeWithTheTokenThatItHas() throws Exception {
    var first = one.send("GET", "/poll/chat", "");
    JsonNode welcome = Json.parse(first.body());
    String path = "/poll/chat?offset=0&resume=" + resume(welcome);
    Eventually.eventually("the first poll is over", () -> one.gateway.connections() == 0);
    var poll =
        one.client.sendAsync(
            one.request("GET", path, "").build(), HttpResponse.BodyHandlers.ofString());
    Eventually.eventually("it waits", () -> one.gateway.connections() == 1);
    assertEquals(204, one.send("DELETE", path, "").statusCode());
    JsonNode over = Json.parse(poll.get(10, TimeUnit.SECONDS).body());
    assertEquals(CloseCodes.NORMAL, over.at("/closed/code").intValue(), over.toString());
    Eventually.eventually("the app hears of the end", () -> calls("goodbye", welcome) == 1);
    assertEquals(410, one.send("DELETE", path, "").statusCode());
  }

  @Test
  void aFreshBrowserMayGetSeveralCookies() throws Exception {
    var first = one.send("GET", "/poll/chat", "");
    var second = one.send("GET", "/poll/chat", "");
    String cookie = second.headers().firstValue("set-cookie").orElseThrow().split(";", 2)[0];
    String path = "/poll/chat?resume=" + resume(Json.parse(first.body()));
    var sent = one.send(one.request("POST", path, say("a")).header("Cookie", cookie));
    assertEquals(200, sent.statusCode(), sent.body());
  }

  @Test
  void aConnectionIsOfTheUserWhoOpenedIt() throws Exception {
    one.app(
        "private",
        APP.replace("name: chat", "name: private") + "authentication: {session: user}\n");
    String cookie =
        one.send("GET", "/poll/chat", "").headers().firstValue("set-cookie").orElseThrow();
    String session = cookie.split(";", 2)[0];
    one.coordinator.handlers.put("who", request -> "\"" + request.getSession().getId() + "\"");
    var who = one.send(one.request("POST", "/run/who", "{}").header("Cookie", session));
    String id = Json.parse(who.body()).asString();
    one.login(id, "user", "\"ada\"");
    var opened = one.send(one.request("GET", "/poll/private", "").header("Cookie", session));
    assertEquals(200, opened.statusCode(), opened.body());
    String path = "/poll/private?resume=" + resume(Json.parse(opened.body()));
    var sent = one.send(one.request("POST", path, say("a")).header("Cookie", session));
    assertEquals(200, sent.statusCode(), sent.body());
    one.login(id, "user", "\"eve\"");
    var other = one.send(one.request("POST", path, say("b")).header("Cookie", session));
    assertEquals(403, other.statusCode(), other.body());
    assertEquals(
        403, one.send(one.request("GET", path, "").header("Cookie", session)).statusCode());
  }

  @Test
  void foreignPagesBeginNoStay() throws Exception {
    for (String site : List.of("cross-site", "same-site")) {
      for (String path : List.of("/poll/chat", "/sse/chat")) {
        var refused = one.send(one.request("GET", path, "").header("Sec-Fetch-Site", site));
        assertEquals(403, refused.statusCode(), refused.body());
      }
    }
    var own =
        one.send(one.request("GET", "/poll/chat", "").header("Sec-Fetch-Site", "same-origin"));
    assertEquals(200, own.statusCode());
    assertEquals(405, one.send("HEAD", "/poll/chat", "").statusCode());
    assertEquals(405, one.send("HEAD", "/sse/chat", "").statusCode());
  }

  @Test
  void anEventSourceThatGotNoMessageComesBack() throws Exception {
    String id = "";
    String first = "";
    for (int i = 0; i < 3; i++) {
      Map<String, String> headers = id.isEmpty() ? Map.of() : Map.of("Last-Event-ID", id);
      try (var events = EventReader.open(one, "/sse/chat", "", headers)) {
        EventReader.Event event = events.next("heddle");
        JsonNode welcome = Json.parse(event.data());
        first = first.isEmpty() ? welcome.path("connection").asString() : first;
        assertEquals(first, welcome.path("connection").asString());
        assertEquals(resume(welcome) + ":0", event.id());
        id = event.id();
      }
    }
    assertEquals(1, events("hello", first).count());
  }

  @Test
  void ofManyThatResumeAtOnceOneStays() throws Exception {
    var first = socket(one, "");
    JsonNode welcome = first.next();
    first.vanish();
    JsonNode last = welcome;
    long offset = 0;
    for (int round = 0; round < 10; round++) {
      String query = coming(last, offset);
      var sockets = new ArrayList<SocketClient>();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        var coming =
            Stream.generate(() -> threads.submit(() -> socket(one, query))).limit(6).toList();
        for (var each : coming) {
          sockets.add(each.get(10, TimeUnit.SECONDS));
        }
      }
      Eventually.eventually(
          "the others are closed",
          () -> sockets.stream().filter(each -> each.closed.getCount() == 0).count() == 5);
      var stays = sockets.stream().filter(each -> each.closed.getCount() > 0).findAny();
      for (SocketClient each : sockets) {
        if (each.closed.getCount() == 0) {
          assertEquals(CloseCodes.REPLACED, each.code);
        }
      }
      last = stays.orElseThrow().next();
      offset++;
      stays.get().send(say("round" + round));
      message(stays.get(), offset, "round" + round);
      stays.get().vanish();
    }
    assertEquals(1, calls("hello", welcome));
  }

  @Test
  void theGoodbyeComesAfterTheCallInFlight() throws Exception {
    var poll = one.send("GET", "/poll/chat", "");
    JsonNode welcome = Json.parse(poll.body());
    String id = welcome.path("connection").asString();
    var slow = post(one, welcome, "", "{\"action\":\"slow\"}");
    assertTrue(entered.await(10, TimeUnit.SECONDS));
    String path = "/poll/chat?resume=" + resume(welcome);
    assertEquals(204, one.send("DELETE", path, "").statusCode());
    assertEquals(410, one.send("GET", path, "").statusCode(), "it is over for its client");
    go.countDown();
    assertEquals(200, slow.get(10, TimeUnit.SECONDS).statusCode());
    Eventually.eventually("the app hears of the end", () -> done.size() == 2);
    assertEquals(List.of("slow", "goodbye"), List.copyOf(done));
    JsonNode goodbye = events("goodbye", id).toList().getFirst();
    assertEquals("left", goodbye.at("/heddle/state").asString());
  }

  @Test
  void anEntryThatCannotBeReadStopsNoOther() throws Exception {
    GatewayFixture third = gateway();
    var socket = socket(third, "");
    JsonNode welcome = socket.next();
    var table = member(one).getMap("connections");
    for (int i = 0; i < 1_000; i++) {
      table.put("default/bad" + i, "not a connection");
    }
    table.put("bad", "not even a key");
    third.close();
    socket.awaitClose();
    Eventually.eventually(
        "the app hears of the end",
        () -> {
          clock.advance(Duration.ofSeconds(10));
          return calls("goodbye", welcome) == 1;
        });
    assertFalse(table.isEmpty(), "they are somebody's to look at");
  }

  @Test
  void anAppsConnectionsThatWaitForTheirClientsAreLimited() throws Exception {
    one.app("small", APP.replace("name: chat", "name: small") + "limits: {connections: 2}\n");
    for (int i = 0; i < 4; i++) {
      assertEquals(200, one.send("GET", "/poll/small", "").statusCode());
    }
    var refused = one.send("GET", "/poll/small", "");
    assertEquals(429, refused.statusCode(), refused.body());
    assertEquals(200, one.send("GET", "/poll/chat", "").statusCode());
    assertEquals(429, one.send("GET", "/sse/small", "").statusCode());
    clock.advance(WINDOW.plusSeconds(1));
    Eventually.eventually(
        "there is room again", () -> one.send("GET", "/poll/small", "").statusCode() == 200);
  }
}
