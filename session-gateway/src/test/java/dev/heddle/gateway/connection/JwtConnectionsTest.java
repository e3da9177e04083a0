package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.JWSAlgorithm;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.TestIssuer;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.Security;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import dev.heddle.process.testing.ManualTicker;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Users that show JSON Web Tokens, at a gateway with API keys and a manual clock. */
@Timeout(180)
class JwtConnectionsTest {
  private static final TestIssuer ISSUER = new TestIssuer();
  private static final String KEY = "key-of-tenant-acme-1";
  private static final String KEY_LIKE_A_TOKEN = "key.of-tenant.acme-2";
  private static final Duration LIFE = Duration.ofMinutes(10);

  private final ManualClock clock = new ManualClock(Instant.parse("2026-11-22T12:00:00Z"));

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private GatewayFixture gateway;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private WebSocketClient library;

  @BeforeEach
  void start() throws Exception {
    Path issuers = ISSUER.file(directory, "acme");
    Path apiKeys =
        SharedGrid.secret(
            directory.resolve("api-keys.yaml"),
            "keys:\n  - {id: a, key: %s, tenant: acme}\n  - {id: b, key: %s, tenant: acme}\n"
                .formatted(KEY, KEY_LIKE_A_TOKEN));
    Path cluster = SharedGrid.secret(directory.resolve("cluster"), "a:secret-between-the-nodes\n");
    var credentials = Credentials.load(new Security(Optional.of(apiKeys), Optional.of(cluster)));
    gateway =
        new GatewayFixture(
                directory,
                config -> with(config, issuers),
                credentials,
                clock,
                // Nobody is cut off because a ping was not answered in time.
                new ManualTicker())
            .readyForPeers();
    gateway.app(
        "acme",
        "chat",
        """
        name: chat
        routes:
          $default: {function: say}
          $connect: {function: hello}
        authentication: {jwt: sub, claims: [name, level]}
        """);
    gateway.app("acme", "open", "name: open\nroutes:\n  $default: {function: say}\n");
    gateway.app(
        "acme",
        "ours",
        """
        name: ours
        routes:
          $default: {function: say}
        authentication: {jwt: sub, issuer: "https://login.example.org"}
        """);
    gateway.app(
        "acme",
        "theirs",
        """
        name: theirs
        routes:
          $default: {function: say}
        authentication: {jwt: sub, issuer: "https://partner.example.org"}
        """);
    Eventually.eventually("apps", () -> gateway.catalog.view().apps("acme").size() == 4);
    gateway.coordinator.handlers.put("hello", request -> "{\"statusCode\":200}");
    gateway.coordinator.handlers.put("say", request -> "{\"body\":\"said\"}");
    library = SocketClient.library();
  }

  private static GatewayConfig with(GatewayConfig config, Path issuers) {
    // Expiry is looked for a 32nd of the pings' time.
    return GatewaySettings.of(config).issuers(issuers).pingInterval(Duration.ofSeconds(3)).config();
  }

  @AfterEach
  void stop() throws Exception {
    library.stop();
    gateway.close();
  }

  private String token(String user) {
    return ISSUER.token(user, clock.instant().plus(LIFE));
  }

  private SocketClient connect(String app, String token, String kind, String query)
      throws Exception {
    String path = "/ws/" + app + "?x=1" + query;
    var headers = Map.of("Authorization", "Bearer " + token);
    return SocketClient.connect(library, gateway.gateway.httpPort(), path, kind, headers);
  }

  private int refusal(String app, String token, String query) {
    return assertThrows(UpgradeException.class, () -> connect(app, token, "heddle.v1", query))
        .getResponseStatusCode();
  }

  private List<JsonNode> events(String function) {
    return gateway.coordinator.invocations.stream()
        .filter(request -> request.getFunction().equals(function))
        .map(request -> Json.parse(request.getEventJson().toByteArray()))
        .toList();
  }

  private HttpResponse<String> http(String method, String path, String token) throws Exception {
    return gateway.send(
        gateway.request(method, path, "").header("Authorization", "Bearer " + token));
  }

  @Test
  void aUsersTokenIsItsTenantItsPrincipalAndWhatEventsSayOfIt() throws Exception {
    var claims =
        TestIssuer.claims("ada", clock.instant().plus(LIFE))
            .claim("name", "Ada L.")
            .claim("level", 3)
            .claim("secret", "x")
            .build();
    String token = ISSUER.sign("e", JWSAlgorithm.ES256, claims);
    SocketClient plain = connect("chat", token, "", "");
    plain.send("hello");
    assertEquals("said", plain.nextText());
    SocketClient resumable =
        SocketClient.connect(
            library,
            gateway.gateway.httpPort(),
            "/ws/chat?access_token=" + token,
            "heddle.v1",
            Map.of());
    resumable.next();
    resumable.send("hello");
    assertEquals("said", resumable.next().path("body").asString());
    assertEquals(2, events("say").size());
    for (JsonNode event : events("say")) {
      assertEquals(
          "{\"principalId\":\"ada\",\"name\":\"Ada L.\",\"level\":\"3\"}",
          event.at("/requestContext/authorizer").toString());
    }
    for (JsonNode event : events("hello")) {
      assertFalse(event.toString().contains(token), "no handler sees the token itself");
    }
    assertTrue(
        gateway.coordinator.contexts.stream().allMatch(each -> each.tenant().equals("acme")));
  }

  @Test
  void whoShowsNoTokenThatHoldsIsRefusedAndNoTokenIsAnApiKey() throws Exception {
    assertEquals(401, refusal("chat", KEY, ""), "the app wants to know the user");
    assertEquals(401, refusal("chat", "a.b.c", ""));
    assertEquals(401, refusal("chat", ISSUER.token("ada", clock.instant().minus(LIFE)), ""));
    var nameless = TestIssuer.claims(null, clock.instant().plus(LIFE)).build();
    assertEquals(401, refusal("chat", ISSUER.sign("e", JWSAlgorithm.ES256, nameless), ""));
    assertEquals(401, refusal("open", token("ada"), ""), "that app knows keys only");
    var unnamed = TestIssuer.claims("", clock.instant().plus(LIFE)).build();
    assertEquals(401, refusal("chat", ISSUER.sign("e", JWSAlgorithm.ES256, unnamed), ""));
    assertEquals(401, refusal("theirs", token("ada"), ""), "another issuer's ada is not theirs");
    connect("ours", token("ada"), "", "").close();
    connect("open", KEY, "", "").close();
    connect("open", KEY_LIKE_A_TOKEN, "", "").close();
    for (String path : List.of("/v1/apps", "/v1/sessions", "/run/say", "/@connections/x")) {
      assertEquals(401, http("GET", path, token("ada")).statusCode(), path);
    }
    assertEquals(401, http("GET", "/poll/chat", KEY).statusCode());
    assertEquals(200, http("GET", "/poll/chat", token("ada")).statusCode());
  }

  @Test
  void onlyTheSameUserComesBackAndOnlyWithATokenThatHolds() throws Exception {
    SocketClient socket = connect("chat", token("ada"), "heddle.v1", "");
    JsonNode welcome = socket.next();
    socket.vanish();
    String resume = "&resume=" + welcome.path("resume").asString();
    assertEquals(403, refusal("chat", token("eve"), resume));
    assertEquals(401, refusal("chat", KEY, resume));
    SocketClient back = connect("chat", token("ada"), "heddle.v1", resume);
    assertTrue(back.next().path("recovered").booleanValue());
  }

  @Test
  void expiryClosesWhatANewTokenDoesNotKeepOpen() throws Exception {
    SocketClient plain = connect("chat", token("ada"), "", "");
    SocketClient ends = connect("chat", token("ada"), "heddle.v1", "");
    SocketClient stays = connect("chat", token("ada"), "heddle.v1", "");
    ends.next();
    JsonNode welcome = stays.next();

    clock.advance(LIFE.minusSeconds(60));
    stays.send("{\"heddle\":\"authenticate\",\"token\":\"" + token("eve") + "\"}");
    JsonNode refused = stays.next();
    assertEquals("FORBIDDEN", refused.at("/error/name").asString());
    assertEquals("authenticate", refused.path("frame").asString());
    stays.send("{\"heddle\":\"authenticate\",\"token\":\"a.b.c\"}");
    assertEquals("UNAUTHENTICATED", stays.next().at("/error/name").asString());
    stays.send("{\"heddle\":\"authenticate\",\"token\":\"" + token("ada") + "\"}");
    JsonNode renewed = stays.next();
    assertEquals("authenticated", renewed.path("heddle").asString());
    assertEquals(
        clock.instant().plus(LIFE).plusSeconds(30),
        Instant.parse(renewed.path("until").asString()));

    clock.advance(Duration.ofSeconds(90));
    assertEquals(1008, plain.awaitClose());
    assertEquals(1008, ends.awaitClose());
    stays.send("hello");
    assertEquals("said", stays.next().path("body").asString());
    clock.advance(LIFE);
    assertEquals(1008, stays.awaitClose());

    // The connection has not ended with its socket: with a new token its user has it again.
    clock.advance(Duration.ofSeconds(-1));
    String resume = "&offset=1&resume=" + welcome.path("resume").asString();
    SocketClient back = connect("chat", token("ada"), "heddle.v1", resume);
    assertTrue(back.next().path("recovered").booleanValue());
  }
}
