package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.internal.v1.AboutSession;
import dev.heddle.internal.v1.ChangeOfSession;
import dev.heddle.internal.v1.SessionAdministrationGrpc;
import dev.heddle.internal.v1.SessionAdministrationGrpc.SessionAdministrationBlockingStub;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import dev.heddle.process.testing.ManualTicker;
import dev.heddle.v1.ChangeSessionRequest;
import dev.heddle.v1.SessionChange;
import io.grpc.StatusRuntimeException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Cookie sessions that end, and their connections, over two gateways. */
@Timeout(300)
class SessionEndsTest {
  private static final String ROOM = "/v1/channels/room.1/presence";

  private final ManualClock clock = new ManualClock(Instant.parse("2026-11-22T12:00:00Z"));

  private final ManualTicker ticker = new ManualTicker();

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private GatewayFixture one;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private GatewayFixture two;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private WebSocketClient library;

  private Duration idle = Duration.ofMinutes(30);

  @BeforeEach
  void start() throws Exception {
    KeyRing.createIfAbsent(directory.resolve("sessions.yaml"));
    library = SocketClient.library();
  }

  private void gateways() throws Exception {
    one =
        new GatewayFixture(
                directory,
                config -> with(config, List.of()),
                Credentials.none(),
                clock,
                // Nobody is cut off because a goodbye was not answered in time.
                ticker)
            .readyForPeers();
    two =
        one.beside("gw2", config -> with(config, List.of(one.gateway.gridAddress())))
            .readyForPeers();
    one.app(
        "club",
        """
        name: club
        routes:
          $default: {function: echo}
          $disconnect: {function: goodbye}
        authentication: {session: user}
        channels:
          "room.*": {subscribe: true, presence: true}
        """);
    httpFunction(one, "site");
    for (GatewayFixture each : List.of(one, two)) {
      Eventually.eventually("both know both", () -> each.catalog.view().nodes().size() == 2);
      Eventually.eventually(
          "the app is known", () -> each.catalog.view().apps("default").size() == 1);
      Eventually.eventually(
          "the function is known",
          () -> each.catalog.view().function("default", "site").isPresent());
      each.coordinator.handlers.put("who", request -> "\"" + request.getSession().getId() + "\"");
      each.coordinator.handlers.put("echo", request -> "{\"body\":\"said\"}");
      each.coordinator.handlers.put("goodbye", request -> "null");
      each.coordinator.handlers.put("site", SessionEndsTest::site);
    }
  }

  /** Replies with what its caller's body says of the session. */
  private static String site(dev.heddle.v1.InvokeRequest request) {
    JsonNode event = Json.parse(request.getHttpEventJson().toByteArray());
    String what = event.path("body").asString("");
    return what.isEmpty()
        ? "{\"statusCode\":200}"
        : "{\"statusCode\":200,\"heddle\":{\"session\":\"" + what + "\"}}";
  }

  private static void httpFunction(GatewayFixture fixture, String name) {
    String digest = String.format("%064x", name.hashCode() & 0xffffffffL);
    var version =
        new FunctionVersion(
            digest,
            digest,
            "java",
            "a.B",
            "name: " + name,
            1,
            Optional.empty(),
            0,
            Duration.ofSeconds(1),
            DataSize.ofMiB(1),
            Map.of(),
            0,
            EventShape.HTTP,
            List.of(),
            "",
            Instant.EPOCH);
    LocalCatalog.write(
        fixture.catalog,
        List.of(
            Change.put(
                new FunctionRecord(
                    "default",
                    name,
                    FunctionKind.HANDLER,
                    List.of(version),
                    Map.of("latest", FunctionAlias.to(digest))))));
    Eventually.eventually(name, () -> fixture.catalog.view().function("default", name).isPresent());
  }

  @AfterEach
  void stop() throws Exception {
    library.stop();
    // Null: it has not started, and that is what the report should say.
    for (GatewayFixture each : Arrays.asList(two, one)) {
      if (each != null) {
        each.close();
      }
    }
  }

  private GatewayConfig with(GatewayConfig config, List<String> members) {
    var grid = new SharedGrid(directory.resolve("sessions.yaml"), Duration.ofSeconds(10), false);
    return GatewaySettings.of(grid.settings(config, members)).sessionIdle(idle).config();
  }

  /** A session in which somebody has logged in. */
  private record Login(String id, String cookie) {}

  private Login login(String user) throws Exception {
    var who = one.send("POST", "/run/who", "{}");
    String id = Json.parse(who.body()).asString();
    one.login(id, "user", "\"" + user + "\"");
    return new Login(id, cookie(who));
  }

  private static String cookie(HttpResponse<?> response) {
    return response.headers().firstValue("set-cookie").orElseThrow().split(";", 2)[0];
  }

  private SocketClient connect(GatewayFixture at, String kind, String cookie) throws Exception {
    int port = at.gateway.httpPort();
    return SocketClient.connect(library, port, "/ws/club", kind, Map.of("Cookie", cookie));
  }

  private static HttpResponse<String> run(GatewayFixture at, Login login, String body)
      throws Exception {
    return at.send(at.request("POST", "/run/site", body).header("Cookie", login.cookie()));
  }

  private static SessionAdministrationBlockingStub grpc(GatewayFixture at) {
    return SessionAdministrationGrpc.newBlockingStub(at.internal());
  }

  private long goodbyes() {
    return Stream.of(one, two)
        .flatMap(each -> each.coordinator.invocations.stream())
        .filter(request -> request.getFunction().equals("goodbye"))
        .map(request -> Json.parse(request.getEventJson().toByteArray()))
        .filter(event -> event.at("/requestContext/disconnectStatusCode").asInt() == 1008)
        .count();
  }

  @Test
  void whoEndsASessionEndsItsConnectionsAtEveryGatewayAndItsCookie() throws Exception {
    gateways();
    Login ada = login("ada");
    Login eve = login("eve");
    List<SocketClient> hers = new ArrayList<>();
    for (GatewayFixture at : List.of(one, two)) {
      hers.add(connect(at, "", ada.cookie()));
      hers.add(connect(at, "heddle.v1", ada.cookie()));
    }
    SocketClient other = connect(two, "heddle.v1", eve.cookie());
    JsonNode welcome = hers.getLast().next();
    hers.get(1).next();
    other.next();
    RawWebSocket silent =
        RawWebSocket.connect(
            two.gateway.httpPort(),
            "/ws/club",
            "Cookie: " + ada.cookie(),
            "Sec-WebSocket-Protocol: heddle.v1");
    silent.send(RawWebSocket.text("{\"heddle\":\"subscribe\",\"channel\":\"room.1\"}"));
    Eventually.eventually("it is there", () -> present() == 1);

    var stream = EventReader.open(one, "/sse/club", "", Map.of("Cookie", ada.cookie()));
    stream.next("heddle");

    HttpResponse<String> ended = two.send("DELETE", "/v1/sessions/" + ada.id(), "");
    assertEquals(200, ended.statusCode(), ended.body());
    assertEquals("{\"complete\":true}", ended.body());
    for (SocketClient each : hers) {
      assertEquals(1008, each.awaitClose());
    }
    JsonNode goodbye = Json.parse(stream.next("heddle").data());
    assertEquals("closed", goodbye.path("heddle").asString());
    assertEquals(1008, goodbye.path("code").intValue());
    stream.close();
    Eventually.eventually("it is there no more, and need not say so", () -> present() == 0);
    Eventually.eventually("the app has heard of each", () -> goodbyes() == 6);
    silent.close();
    for (GatewayFixture at : List.of(one, two)) {
      var refused = assertThrows(UpgradeException.class, () -> connect(at, "", ada.cookie()));
      assertEquals(401, refused.getResponseStatusCode(), "its user is not known any more");
      var poll = "/poll/club?resume=" + welcome.path("resume").asString();
      int status = at.send(at.request("GET", poll, "").header("Cookie", ada.cookie())).statusCode();
      assertTrue(status == 403 || status == 410, "status " + status);
      assertEquals(410, at.send("GET", "/v1/sessions/" + ada.id(), "").statusCode());
    }
    assertEquals(410, one.send("DELETE", "/v1/sessions/" + ada.id(), "").statusCode());
    // A handler that still has its id cannot bring it back.
    var late =
        assertThrows(StatusRuntimeException.class, () -> one.login(ada.id(), "user", "\"ada\""));
    assertEquals(ErrorCode.GONE, GrpcErrors.fromStatus(late).code());
    other.send("still here");
    assertEquals("said", other.next().path("body").asString());
  }

  private int present() throws Exception {
    return Json.parse(one.send("GET", ROOM, "").body()).path("count").intValue();
  }

  @Test
  void aLoginGetsANewIdThatHasAllThatTheOldOneHad() throws Exception {
    gateways();
    Login guest = login("ada");
    one.login(guest.id(), "cart", "[1,2]");
    SocketClient socket = connect(two, "", guest.cookie());

    HttpResponse<String> renewed = run(one, guest, "renew");
    assertEquals(200, renewed.statusCode(), renewed.body());
    String cookie = cookie(renewed);
    assertNotEquals(guest.cookie(), cookie);
    assertEquals(1008, socket.awaitClose(), "it was let in by the old id");
    String id = cookie.split("=")[1].substring(0, 27);
    JsonNode now = Json.parse(two.send("GET", "/v1/sessions/" + id, "").body());
    assertEquals("{\"cart\":[1,2],\"user\":\"ada\"}", now.path("attributes").toString());
    assertEquals(410, two.send("GET", "/v1/sessions/" + guest.id(), "").statusCode());
    // Who still shows the old id is a stranger, at any gateway.
    for (GatewayFixture at : List.of(one, two)) {
      var who = at.send(at.request("POST", "/run/who", "{}").header("Cookie", guest.cookie()));
      assertNotEquals(id, Json.parse(who.body()).asString());
      assertNotEquals(guest.id(), Json.parse(who.body()).asString());
      assertTrue(
          who.headers().firstValue("set-cookie").isEmpty(),
          "an answer that comes late must not take the new cookie away");
      var early = assertThrows(UpgradeException.class, () -> connect(at, "", guest.cookie()));
      assertEquals(503, early.getResponseStatusCode(), "to be tried again with the new one");
      var same = at.send(at.request("POST", "/run/who", "{}").header("Cookie", cookie));
      assertEquals(id, Json.parse(same.body()).asString());
    }

    clock.advance(Duration.ofSeconds(31));
    var later = two.send(two.request("POST", "/run/who", "{}").header("Cookie", guest.cookie()));
    assertNotEquals(guest.cookie(), cookie(later), "nothing is on its way any more");
    var unknown = assertThrows(UpgradeException.class, () -> connect(two, "", guest.cookie()));
    assertEquals(401, unknown.getResponseStatusCode());

    HttpResponse<String> out = run(two, new Login(id, cookie), "end");
    assertEquals("heddle_session=", cookie(out));
    assertEquals(410, one.send("GET", "/v1/sessions/" + id, "").statusCode());
    assertEquals(500, run(one, login("x"), "forget").statusCode(), "no such thing");
  }

  @Test
  void whoLogsInWithItsFirstRequestHasAnIdThatNobodyKnows() throws Exception {
    gateways();
    HttpResponse<String> first = one.send("POST", "/run/site", "renew");
    assertEquals(200, first.statusCode(), first.body());
    assertEquals(1, first.headers().allValues("set-cookie").size());
    assertEquals(200, run(two, new Login("", cookie(first)), "").statusCode());
    assertEquals(
        cookie(first).split("=")[1].substring(0, 27),
        Json.parse(
                two.send(two.request("POST", "/run/who", "{}").header("Cookie", cookie(first)))
                    .body())
            .asString());
  }

  @Test
  void aSessionThatRanOutOfTimeTakesItsConnectionsAlongAndOneThatNeverHadAnythingDoesNot()
      throws Exception {
    // It is looked at every 10 s.
    idle = Duration.ofMinutes(10);
    gateways();
    one.app("open", "name: open\nroutes:\n  $default: {function: echo}\n");
    Eventually.eventually("the app is known", () -> two.catalog.view().apps("default").size() == 2);
    var nobody =
        SocketClient.connect(library, two.gateway.httpPort(), "/ws/open", "heddle.v1", Map.of());
    nobody.next();
    Login ada = login("ada");
    SocketClient silent = connect(two, "heddle.v1", ada.cookie());
    assertEquals("welcome", silent.next().path("heddle").asString());
    // As when its time to live is over.
    var _ = grid(one).getMap("sessions").remove("default/" + ada.id());
    assertEquals(1008, silent.awaitClose());
    assertEquals(410, one.send("GET", "/v1/sessions/" + ada.id(), "").statusCode());
    nobody.send("{}");
    assertEquals("said", nobody.next().path("body").asString(), "it goes on");
  }

  @Test
  void aSessionIsUsedByWhatItsUserSendsAndNotByLookingAtItNorByWhatLibrariesSay() throws Exception {
    gateways();
    Login ada = login("ada");
    SocketClient socket = connect(one, "heddle.v1", ada.cookie());
    assertEquals("welcome", socket.next().path("heddle").asString());
    send(socket, 1);
    clock.advance(Duration.ofMinutes(5));
    ticker.advance(Duration.ofMinutes(5));
    Instant before = lastUsed(ada);
    socket.send("{\"heddle\":\"ack\",\"offset\":1}");
    socket.send("{\"heddle\":\"message\",\"number\":1,\"body\":\"\"}");
    assertEquals("received", socket.next().path("heddle").asString(), "it was worked on before");
    assertEquals(before, lastUsed(ada));
    send(socket, 2);
    Eventually.eventually("it is used", () -> lastUsed(ada).equals(clock.instant()));
    assertTrue(before.isBefore(clock.instant()));
  }

  /** Sends a frame with a number, and waits for both answers. */
  private static void send(SocketClient socket, int number) throws Exception {
    socket.send("{\"heddle\":\"message\",\"number\":" + number + ",\"body\":\"hello\"}");
    var kinds = new TreeSet<String>();
    kinds.add(socket.next().path("heddle").asString());
    kinds.add(socket.next().path("heddle").asString());
    assertEquals(List.of("message", "received"), List.copyOf(kinds));
  }

  private Instant lastUsed(Login login) throws Exception {
    HttpResponse<String> found = two.send("GET", "/v1/sessions/" + login.id(), "");
    return Instant.parse(Json.parse(found.body()).path("lastUsedAt").asString());
  }

  private static HazelcastInstance grid(GatewayFixture gateway) {
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

  @Test
  void listsAndChangesAreTheSameAtEveryDoor() throws Exception {
    gateways();
    var ids = new TreeSet<String>();
    for (int i = 0; i < 12; i++) {
      ids.add(login("user" + i).id());
    }
    for (GatewayFixture at : List.of(one, two)) {
      var paged = new ArrayList<String>();
      String after = "";
      do {
        var response = at.send("GET", "/v1/sessions?limit=5&after=" + after, "");
        JsonNode page = Json.parse(response.body());
        assertTrue(page.path("complete").booleanValue(), response.body());
        page.path("sessions").forEach(each -> paged.add(each.path("session").asString()));
        after = page.path("next").asString("");
      } while (!after.isEmpty());
      assertEquals(new ArrayList<>(ids), paged, "each once, by id");
    }
    assertEquals(400, one.send("GET", "/v1/sessions?limit=1001", "").statusCode());

    String id = ids.first();
    assertFalse(change(one, id, "user", "1", "\"somebody\""), "it was another one");
    assertTrue(change(two, id, "n", "1", ""), "it was absent");
    assertFalse(change(one, id, "n", "2", ""), "it is not absent any more");
    var other =
        assertThrows(
            StatusRuntimeException.class,
            () -> {
              var _ =
                  grpc(one)
                      .get(AboutSession.newBuilder().setTenant("other").setSession(id).build());
            });
    assertEquals(ErrorCode.GONE, GrpcErrors.fromStatus(other).code(), "another tenant's");
    String shown =
        grpc(one)
            .get(AboutSession.newBuilder().setTenant("default").setSession(id).build())
            .getAttributesOrThrow("n");
    assertEquals("1", shown);
  }

  private static boolean change(
      GatewayFixture at, String id, String name, String value, String expected) {
    var change = SessionChange.newBuilder().setName(name).setValue(value).setExpected(expected);
    return grpc(at)
        .change(
            ChangeOfSession.newBuilder()
                .setTenant("default")
                .setRequest(ChangeSessionRequest.newBuilder().setSession(id).addChanges(change))
                .build())
        .getApplied();
  }
}
