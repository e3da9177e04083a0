package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
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
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What services send to connections of two gateways, over either. */
@Timeout(60)
class PushTest {
  private static final Map<String, String> ACME =
      Map.of("Authorization", "Bearer key-of-tenant-acme-1");
  private static final Map<String, String> BETA =
      Map.of("Authorization", "Bearer key-of-tenant-beta-2");
  private static final List<String> KINDS = List.of("", "heddle.v1");
  private static final String APP =
      """
      name: chat
      routes:
        $connect: {function: hello}
        say: {function: say}
        $disconnect: {function: goodbye}
      """;

  /** What the app does with the ids of those who knock, and what it says to them then. */
  private interface Gate {
    int answer(String id) throws Exception;
  }

  private static volatile Gate gate = id -> 200;
  private static final ConcurrentLinkedQueue<String> ENDED = new ConcurrentLinkedQueue<>();

  private static Path keys;
  private static GatewayFixture one;
  private static GatewayFixture two;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    keys = directory.resolve("sessions.yaml");
    KeyRing.createIfAbsent(keys);
    Path apiKeys =
        SharedGrid.secret(
            directory.resolve("api-keys.yaml"),
            """
            keys:
              - {id: a, key: key-of-tenant-acme-1, tenant: acme}
              - {id: b, key: key-of-tenant-beta-2, tenant: beta}
            """);
    Path cluster = SharedGrid.secret(directory.resolve("cluster"), "a:secret-between-the-nodes\n");
    var credentials = Credentials.load(new Security(Optional.of(apiKeys), Optional.of(cluster)));
    one =
        new GatewayFixture(
                directory, config -> with(config, List.of()), credentials, Clock.systemUTC())
            .readyForPeers();
    two =
        one.beside("gw2", config -> with(config, List.of(one.gateway.gridAddress())))
            .readyForPeers();
    library = SocketClient.library();
    one.app("acme", "chat", APP);
    for (GatewayFixture each : List.of(one, two)) {
      Eventually.eventually("both know both", () -> each.catalog.view().nodes().size() == 2);
      Eventually.eventually("the app is known", () -> each.catalog.view().apps("acme").size() == 1);
      var handlers = each.coordinator.handlers;
      handlers.put(
          "hello",
          request ->
              "{\"statusCode\":" + gate.answer(id(request.getEventJson().toByteArray())) + "}");
      handlers.put("say", request -> "{\"body\":\"said\"}");
      handlers.put(
          "goodbye",
          request -> {
            ENDED.add(id(request.getEventJson().toByteArray()));
            return "null";
          });
    }
  }

  private static String id(byte[] event) {
    return Json.parse(event).at("/requestContext/connectionId").asString();
  }

  private static GatewayConfig with(GatewayConfig config, List<String> members) {
    return new SharedGrid(keys, Duration.ofSeconds(10), true).settings(config, members);
  }

  @AfterAll
  static void stop() throws Exception {
    library.stop();
    two.close();
    one.close();
  }

  /** A client of one gateway, the id that its app knows it by, and its welcome if it is told. */
  private record Guest(SocketClient socket, String id, JsonNode welcome) implements AutoCloseable {
    @Override
    public void close() {
      if (socket.closed.getCount() > 0) {
        socket.close();
      }
    }
  }

  private static Guest enter(GatewayFixture at, String kind, Gate by) throws Exception {
    var ids = new ConcurrentLinkedQueue<String>();
    gate =
        id -> {
          ids.add(id);
          return by.answer(id);
        };
    var socket = SocketClient.connect(library, at.gateway.httpPort(), "/ws/chat", kind, ACME);
    JsonNode welcome = kind.isEmpty() ? Json.object() : socket.next();
    return new Guest(socket, ids.remove(), welcome);
  }

  private static HttpResponse<String> call(
      GatewayFixture at, String method, String id, byte[] body, Map<String, String> headers)
      throws Exception {
    var request = at.request(method, "/@connections/" + id, "");
    if (body.length > 0) {
      request.method(method, HttpRequest.BodyPublishers.ofByteArray(body));
    }
    headers.forEach(request::header);
    return at.send(request);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static int push(GatewayFixture at, String id, String text) throws Exception {
    return call(at, "POST", id, utf8(text), ACME).statusCode();
  }

  private static String text(String kind, String frame) {
    return kind.isEmpty() ? frame : Json.parse(frame).path("body").asString();
  }

  @Test
  void anyGatewayReachesAConnectionOfAnyOther() throws Exception {
    for (String kind : KINDS) {
      try (Guest guest = enter(one, kind, id -> 200)) {
        for (int i = 0; i < 20; i++) {
          assertEquals(200, push(i % 2 == 0 ? two : one, guest.id(), "m" + i));
          assertEquals("m" + i, text(kind, guest.socket().nextText()));
        }
        byte[] bytes = {(byte) 0xff, 0, 1};
        assertEquals(200, call(two, "POST", guest.id(), bytes, ACME).statusCode());
        String frame = guest.socket().nextText();
        if (kind.isEmpty()) {
          assertEquals("binary:3", frame);
        } else {
          assertTrue(frame.contains("\"body\":\"/wAB\",\"isBase64Encoded\":true"), frame);
        }
        // What it says itself is still answered, in order with what it is told.
        guest.socket().send("{\"action\":\"say\"}");
        assertEquals("said", text(kind, guest.socket().nextText()));
      }
    }
  }

  @Test
  void whatIsSentWhileTheClientIsAwayIsThereWhenItComesBack() throws Exception {
    Guest guest = enter(one, "heddle.v1", id -> 200);
    guest.socket().vanish();
    assertEquals(200, push(two, guest.id(), "a"));
    assertEquals(200, push(one, guest.id(), "b"));
    String path = "/ws/chat?offset=0&resume=" + guest.welcome().path("resume").asString();
    try (var back =
        SocketClient.connect(library, two.gateway.httpPort(), path, "heddle.v1", ACME)) {
      assertTrue(back.next().path("recovered").booleanValue());
      assertEquals("a", back.next().path("body").asString());
      assertEquals("b", back.next().path("body").asString());
    }
  }

  @Test
  void whatIsSentDuringConnectWaitsForTheUpgrade() throws Exception {
    for (String kind : KINDS) {
      Gate sends =
          id -> {
            assertEquals(200, push(one, id, "first"));
            assertEquals(200, push(two, id, "second"));
            JsonNode found = Json.parse(call(two, "GET", id, new byte[0], ACME).body());
            assertEquals("127.0.0.1", found.at("/identity/sourceIp").asString());
            return 200;
          };
      try (Guest guest = enter(one, kind, sends)) {
        assertEquals(200, push(two, guest.id(), "third"));
        for (String expected : List.of("first", "second", "third")) {
          assertEquals(expected, text(kind, guest.socket().nextText()));
        }
      }
    }
    assertEquals(0, arriving());
  }

  private static double arriving() {
    return one.telemetry.registry().get("heddle.gateway.connections.arriving").gauge().value();
  }

  @Test
  void whatIsSentDuringConnectIsLimited() throws Exception {
    var statuses = new ArrayList<Integer>();
    Gate sends =
        id -> {
          for (int i = 0; i < Arrivals.MOST_FRAMES + 2; i++) {
            statuses.add(push(two, id, "m" + i));
          }
          return 200;
        };
    try (Guest guest = enter(one, "", sends)) {
      for (int i = 0; i < Arrivals.MOST_FRAMES; i++) {
        assertEquals("m" + i, guest.socket().nextText());
      }
    }
    assertEquals(2, statuses.stream().filter(status -> status == 429).count());
    assertEquals(List.of(429, 429), statuses.subList(Arrivals.MOST_FRAMES, statuses.size()));
  }

  @Test
  void whoeverIsRefusedOrEndedDuringConnectIsGone() throws Exception {
    for (String kind : KINDS) {
      var refused = new ArrayList<String>();
      Gate refuses =
          id -> {
            refused.add(id);
            assertEquals(200, push(two, id, "never"));
            return 403;
          };
      Assertions.assertThrows(UpgradeException.class, () -> enter(one, kind, refuses));
      assertEquals(410, push(one, refused.getFirst(), "late"));
      assertEquals(410, push(two, refused.getFirst(), "late"));

      Gate ends =
          id -> {
            assertEquals(204, call(two, "DELETE", id, new byte[0], ACME).statusCode());
            return 200;
          };
      gate = ends;
      var socket = SocketClient.connect(library, one.gateway.httpPort(), "/ws/chat", kind, ACME);
      assertEquals(CloseCodes.NORMAL, socket.awaitClose());
    }
    assertEquals(0, arriving());
  }

  @Test
  void anotherTenantsConnectionIsRefused() throws Exception {
    for (String kind : KINDS) {
      try (Guest guest = enter(one, kind, id -> 200)) {
        for (GatewayFixture at : List.of(one, two)) {
          for (String method : List.of("GET", "POST", "DELETE")) {
            var other = call(at, method, guest.id(), new byte[0], BETA);
            assertEquals(403, other.statusCode(), other.body());
            assertEquals(
                "ForbiddenException", other.headers().firstValue("x-amzn-errortype").orElse(""));
            var nobody = call(at, method, guest.id(), new byte[0], Map.of());
            assertEquals(401, nobody.statusCode(), nobody.body());
            char last = guest.id().charAt(35) == 'A' ? 'B' : 'A';
            String forged = guest.id().substring(0, 35) + last;
            assertEquals(403, call(at, method, forged, new byte[0], ACME).statusCode());
            assertEquals(403, call(at, method, "x", new byte[0], ACME).statusCode());
          }
        }
        assertEquals(200, push(two, guest.id(), "mine"));
        assertEquals("mine", text(kind, guest.socket().nextText()));
      }
    }
  }

  @Test
  void anEndedConnectionIsGone() throws Exception {
    for (String kind : KINDS) {
      Guest guest = enter(one, kind, id -> 200);
      assertEquals(204, call(two, "DELETE", guest.id(), new byte[0], ACME).statusCode());
      assertEquals(CloseCodes.NORMAL, guest.socket().awaitClose());
      Eventually.eventually("the app hears of it", () -> ENDED.contains(guest.id()));
      for (GatewayFixture at : List.of(one, two)) {
        for (String method : List.of("GET", "POST", "DELETE")) {
          var gone = call(at, method, guest.id(), new byte[0], ACME);
          assertEquals(410, gone.statusCode(), gone.body());
          assertEquals("GoneException", gone.headers().firstValue("x-amzn-errortype").orElse(""));
          assertEquals("GONE", Json.parse(gone.body()).at("/error/name").asString());
        }
      }
      assertEquals(1, ENDED.stream().filter(guest.id()::equals).count());
    }
  }

  @Test
  void ofAPlainConnectionOfAGatewayThatDoesNotAnswerNobodyKnows() throws Exception {
    GatewayFixture three =
        one.beside("gw3", config -> with(config, List.of(one.gateway.gridAddress())))
            .readyForPeers();
    Eventually.eventually("it is known", () -> one.catalog.view().node("gw3").isPresent());
    three.coordinator.handlers.putAll(one.coordinator.handlers);
    Guest guest = enter(three, "", id -> 200);
    assertEquals(200, push(one, guest.id(), "a"));
    assertEquals("a", guest.socket().nextText());
    three.close();
    var unknown = call(two, "POST", guest.id(), utf8("b"), ACME);
    assertEquals(503, unknown.statusCode(), unknown.body());
  }

  @Test
  void getSaysWhoIsThereAndSinceWhen() throws Exception {
    for (String kind : KINDS) {
      Instant before = Instant.now().minusMillis(1);
      try (Guest guest = enter(one, kind, id -> 200)) {
        JsonNode first = Json.parse(call(two, "GET", guest.id(), new byte[0], ACME).body());
        assertEquals(
            Set.of("connectedAt", "lastActiveAt", "identity"),
            new TreeSet<>(first.propertyNames()));
        assertEquals(
            Set.of("sourceIp", "userAgent"), new TreeSet<>(first.path("identity").propertyNames()));
        assertTrue(first.at("/identity/userAgent").asString().startsWith("Jetty"));
        Instant connected = Instant.parse(first.path("connectedAt").asString());
        assertTrue(connected.isAfter(before));
        Eventually.eventually("time goes on", () -> Instant.now().isAfter(connected.plusMillis(2)));
        guest.socket().send("{\"action\":\"say\"}");
        guest.socket().nextText();
        JsonNode later = Json.parse(call(two, "GET", guest.id(), new byte[0], ACME).body());
        assertEquals(first.path("connectedAt"), later.path("connectedAt"));
        assertTrue(Instant.parse(later.path("lastActiveAt").asString()).isAfter(connected));
      }
    }
  }

  @Test
  void aFrameHasAtMost128KiB() throws Exception {
    for (String kind : KINDS) {
      try (Guest guest = enter(one, kind, id -> 200)) {
        String most = "x".repeat(128 << 10);
        var refused = call(two, "POST", guest.id(), utf8(most + "x"), ACME);
        assertEquals(413, refused.statusCode());
        assertEquals(
            "PayloadTooLargeException",
            refused.headers().firstValue("x-amzn-errortype").orElse(""));
        assertEquals(200, push(two, guest.id(), most));
        assertEquals(most, text(kind, guest.socket().nextText()));
      }
    }
  }

  @Test
  void aHistoryThatNobodyReadsIsFullAtSomePoint() throws Exception {
    Guest guest = enter(one, "heddle.v1", id -> 200);
    guest.socket().vanish();
    Eventually.eventually("it is away", () -> one.gateway.connections() == 0);
    String kibibyte = "y".repeat(1_024);
    int kept = 0;
    int status = push(two, guest.id(), kibibyte + kept);
    while (status == 200 && kept < 1_000) {
      kept++;
      status = push(kept % 2 == 0 ? one : two, guest.id(), kibibyte + kept);
    }
    assertEquals(429, status);
    assertTrue(kept > 50, "kept " + kept);
    String path = "/ws/chat?offset=0&resume=" + guest.welcome().path("resume").asString();
    try (var back =
        SocketClient.connect(library, two.gateway.httpPort(), path, "heddle.v1", ACME)) {
      assertTrue(back.next().path("recovered").booleanValue());
      for (int i = 0; i < kept; i++) {
        assertEquals(kibibyte + i, back.next().path("body").asString());
      }
      back.send("{\"heddle\":\"ack\",\"offset\":" + kept + "}");
      Eventually.eventually("there is room again", () -> push(one, guest.id(), "next") == 200);
      assertEquals("next", back.next().path("body").asString());
    }
  }
}
