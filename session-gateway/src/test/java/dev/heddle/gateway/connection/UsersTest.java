package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.internal.v1.ConnectionsGrpc;
import dev.heddle.internal.v1.ListRequest;
import dev.heddle.internal.v1.PushRequest;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.Connection;
import dev.heddle.v1.ListConnectionsRequest;
import dev.heddle.v1.ListConnectionsResponse;
import dev.heddle.v1.SendRequest;
import dev.heddle.v1.SendResponse;
import dev.heddle.v1.UserRef;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Frames for users, and lists of connections, over two gateways. */
@Timeout(60)
class UsersTest {
  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private GatewayFixture one;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private GatewayFixture two;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private WebSocketClient library;

  private final List<SocketClient> sockets = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    KeyRing.createIfAbsent(directory.resolve("sessions.yaml"));
    one =
        new GatewayFixture(
                directory, config -> with(config, List.of()), Credentials.none(), Clock.systemUTC())
            .readyForPeers();
    two =
        one.beside("gw2", config -> with(config, List.of(one.gateway.gridAddress())))
            .readyForPeers();
    library = SocketClient.library();
    one.app(
        "club",
        """
        name: club
        routes:
          $default: {function: echo}
        authentication: {session: user}
        """);
    one.app("open", "name: open\nroutes:\n  $default: {function: echo}\n");
    for (GatewayFixture each : List.of(one, two)) {
      Eventually.eventually("both know both", () -> each.catalog.view().nodes().size() == 2);
      Eventually.eventually(
          "apps are known", () -> each.catalog.view().apps("default").size() == 2);
      each.coordinator.handlers.put("who", request -> "\"" + request.getSession().getId() + "\"");
    }
  }

  @AfterEach
  void stop() throws Exception {
    library.stop();
    two.close();
    one.close();
  }

  private GatewayConfig with(GatewayConfig config, List<String> members) {
    var grid = new SharedGrid(directory.resolve("sessions.yaml"), Duration.ofSeconds(10), false);
    return grid.settings(config, members);
  }

  /** The cookie of a new session in which somebody has logged in. */
  private String cookie(String user) throws Exception {
    var who = one.send("POST", "/run/who", "{}");
    one.login(Json.parse(who.body()).asString(), "user", "\"" + user + "\"");
    return who.headers().firstValue("set-cookie").orElseThrow().split(";", 2)[0];
  }

  private SocketClient connect(GatewayFixture at, String path, String kind, String cookie)
      throws Exception {
    Map<String, String> headers = cookie.isEmpty() ? Map.of() : Map.of("Cookie", cookie);
    var socket = SocketClient.connect(library, at.gateway.httpPort(), path, kind, headers);
    sockets.add(socket);
    return socket;
  }

  private static SendResponse send(GatewayFixture at, String user, String text) {
    return ConnectionsGrpc.newBlockingStub(at.internal())
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .send(
            PushRequest.newBuilder()
                .setTenant("default")
                .setRequest(
                    SendRequest.newBuilder()
                        .setUser(UserRef.newBuilder().setApp("club").setUser(user))
                        .setPayload(ByteString.copyFromUtf8(text)))
                .build());
  }

  private static ListConnectionsResponse list(
      GatewayFixture at, String tenant, ListConnectionsRequest.Builder asked) {
    return ConnectionsGrpc.newBlockingStub(at.internal())
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .list(ListRequest.newBuilder().setTenant(tenant).setRequest(asked).build());
  }

  private static Set<String> ids(ListConnectionsResponse response) {
    return response.getConnectionsList().stream()
        .map(Connection::getId)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void aFrameForAUserReachesEachOfTheirConnectionsOnce() throws Exception {
    String ada = cookie("ada");
    var plain = connect(one, "/ws/club", "", ada);
    var stays = connect(two, "/ws/club", "heddle.v1", ada);
    stays.next();
    var away = connect(two, "/ws/club", "heddle.v1", ada);
    JsonNode welcome = away.next();
    away.vanish();
    var other = connect(one, "/ws/club", "", cookie("eve"));
    for (GatewayFixture at : List.of(one, two)) {
      String text = at == one ? "by one" : "by two";
      SendResponse sent = send(at, "ada", text);
      assertEquals(3, sent.getConnections(), sent.toString());
      assertTrue(sent.getComplete());
      assertEquals(text, plain.nextText());
      assertEquals(text, stays.next().path("body").asString());
    }
    // It moves to the other gateway: neither misses it, nor do both have it.
    String path = "/ws/club?offset=0&resume=" + welcome.path("resume").asString();
    var back = connect(one, path, "heddle.v1", ada);
    assertTrue(back.next().path("recovered").booleanValue());
    assertEquals("by one", back.next().path("body").asString());
    assertEquals("by two", back.next().path("body").asString());
    assertEquals(3, send(two, "ada", "last").getConnections());
    for (SocketClient each : List.of(stays, back)) {
      JsonNode frame = each.next();
      assertEquals("last", frame.path("body").asString());
      assertEquals(3, frame.path("offset").longValue());
    }
    assertEquals("last", plain.nextText());
    assertEquals(1, send(one, "eve", "for eve").getConnections());
    assertEquals("for eve", other.nextText(), "and nothing before");
    for (SocketClient each : List.of(plain, stays, back)) {
      each.close();
    }
    Eventually.eventually("nobody is there", () -> send(two, "ada", "x").getConnections() == 0);
    assertEquals(0, send(one, "nobody", "x").getConnections());
  }

  @Test
  void listsNameEachConnectionOnceAPageAtATime() throws Exception {
    String ada = cookie("ada");
    connect(one, "/ws/club", "", ada);
    connect(two, "/ws/club", "heddle.v1", ada).next();
    connect(two, "/ws/club", "heddle.v1", cookie("eve")).next();
    connect(two, "/ws/open", "", "");
    connect(one, "/ws/open", "heddle.v1", "").next();
    for (GatewayFixture at : List.of(one, two)) {
      var all = list(at, "default", ListConnectionsRequest.newBuilder());
      assertEquals(5, ids(all).size(), all.toString());
      assertEquals("", all.getNext());
      assertTrue(all.getComplete());
      var club = list(at, "default", ListConnectionsRequest.newBuilder().setApp("club"));
      assertEquals(3, ids(club).size());
      var adas =
          list(at, "default", ListConnectionsRequest.newBuilder().setApp("club").setUser("ada"));
      assertEquals(2, ids(adas).size());
      for (Connection each : adas.getConnectionsList()) {
        assertEquals("ada", each.getUser());
        assertEquals("club", each.getApp());
        assertTrue(each.getAttached());
      }
      assertEquals(0, ids(list(at, "other", ListConnectionsRequest.newBuilder())).size());
      var paged = new TreeSet<String>();
      String after = "";
      do {
        var page =
            list(at, "default", ListConnectionsRequest.newBuilder().setLimit(2).setAfter(after));
        assertTrue(page.getConnectionsCount() <= 2);
        page.getConnectionsList().forEach(each -> assertTrue(paged.add(each.getId())));
        assertFalse(page.getNext().equals(after) && !after.isEmpty(), "it goes on");
        after = page.getNext();
      } while (!after.isEmpty());
      assertEquals(ids(all), paged);
    }
    var refused =
        assertThrows(
            StatusRuntimeException.class,
            () -> list(one, "default", ListConnectionsRequest.newBuilder().setLimit(1_001)));
    assertEquals(ErrorCode.OUT_OF_RANGE, GrpcErrors.fromStatus(refused).code());
    two.close();
    // Its entries in the grid have moved; its plain connections are gone with it.
    var rest = list(one, "default", ListConnectionsRequest.newBuilder());
    assertFalse(rest.getComplete());
  }
}
