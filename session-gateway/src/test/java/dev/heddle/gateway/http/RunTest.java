package dev.heddle.gateway.http;

import static dev.heddle.gateway.GatewayFixture.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.Change;
import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionAlias;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.json.Json;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.Eventually;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTest {
  private static final String SHOP = "https://shop.example";

  @TempDir private static Path directory;
  private static GatewayFixture fixture;

  @BeforeAll
  static void start() {
    fixture = new GatewayFixture(directory).ready();
    function("site", EventShape.HTTP, List.of());
    function("shared", EventShape.JSON, List.of(SHOP));
    function("open", EventShape.JSON, List.of("*"));
    function("plain", EventShape.JSON, List.of());
    fixture.coordinator.handlers.put("site", request -> request.getHttpEventJson().toStringUtf8());
    for (String name : List.of("shared", "open", "plain")) {
      fixture.coordinator.handlers.put(name, request -> request.getEventJson().toStringUtf8());
    }
  }

  private static void function(String name, EventShape event, List<String> origins) {
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
            event,
            origins,
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

  @AfterAll
  static void stop() {
    fixture.close();
  }

  @BeforeEach
  void forget() {
    fixture.coordinator.invocations.clear();
    fixture.coordinator.contexts.clear();
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  private static HttpResponse<String> preflight(String path, String origin) throws Exception {
    return fixture.send(
        fixture
            .request("OPTIONS", path, "")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "PUT")
            .header("Access-Control-Request-Headers", "content-type, x-mine"));
  }

  @Test
  void saysWhatTheCallWasAndWhatItCost() throws Exception {
    var response = fixture.send("POST", "/run/plain", "{\"a\":1}");
    assertEquals("{\"a\":1}", response.body());
    assertEquals("v1", header(response, "heddle-function-version"));
    assertEquals("i1", header(response, "heddle-invocation"));
    assertEquals("leaf1", header(response, "heddle-node"));
    assertEquals(
        "active=3;cpu=0;queue=0;init=0;parked=0;memory=0;cost=0", header(response, "heddle-bill"));
    assertEquals("no-store", header(response, "cache-control"));
    assertEquals(
        List.of("sandbox allow-scripts allow-forms"),
        response.headers().allValues("content-security-policy"));
    assertEquals("nosniff", header(response, "x-content-type-options"));
  }

  @Test
  void givesTheWholeRequestToAFunctionOfHttpEvents() throws Exception {
    var response =
        fixture.send(
            fixture
                .request("PUT", "/run/site/a%20b/c?x=1&y=2&x=3", "körper")
                .header("Content-Type", "text/plain")
                .header("X-Mine", "first")
                .header("X-Mine", "second")
                .header("Cookie", "heddle_session=secret; theme=dark"));
    var event = json(response);
    assertEquals("2.0", event.path("version").asString());
    assertEquals("/a b/c", event.path("rawPath").asString());
    assertEquals("x=1&y=2&x=3", event.path("rawQueryString").asString());
    assertEquals("1,3", event.at("/queryStringParameters/x").asString());
    assertEquals("first,second", event.at("/headers/x-mine").asString());
    assertEquals("[\"theme=dark\"]", event.path("cookies").toString());
    assertTrue(event.at("/headers/cookie").isMissingNode());
    assertEquals("PUT", event.at("/requestContext/http/method").asString());
    assertEquals("127.0.0.1", event.at("/requestContext/http/sourceIp").asString());
    assertEquals("site", event.at("/requestContext/apiId").asString());
    assertEquals("default", event.at("/requestContext/accountId").asString());
    assertEquals("körper", event.path("body").asString());
    assertFalse(event.path("isBase64Encoded").booleanValue());
    // No JSON event was asked for: any body will do.
    assertEquals("null", fixture.coordinator.invocations.poll().getEventJson().toStringUtf8());
  }

  @Test
  void encodesABodyThatIsNoText() throws Exception {
    byte[] body = {0, 1, (byte) 0xff};
    var response =
        fixture.send(
            HttpRequest.newBuilder(fixture.uri("/runLambda/site"))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
    var event = json(response);
    assertEquals("/", event.path("rawPath").asString());
    assertTrue(event.path("isBase64Encoded").booleanValue());
    assertEquals(Base64.getEncoder().encodeToString(body), event.path("body").asString());
    var image =
        fixture.send(
            fixture.request("POST", "/run/site", "GIF").header("Content-Type", "image/gif"));
    assertTrue(json(image).path("isBase64Encoded").booleanValue());
  }

  @Test
  void answersAsAFunctionOfHttpEventsSays() throws Exception {
    fixture.coordinator.handlers.put(
        "site:v2",
        request ->
            "{\"statusCode\":404,\"headers\":{\"Content-Type\":\"text/plain\",\"X-A\":\"b\"},"
                + "\"cookies\":[\"c=d\"],\"body\":\"nothing here\"}");
    // The gateway's catalog knows no such alias; the coordinator says what it wants.
    fixture.coordinator.handlers.put(
        "fresh",
        request -> {
          if (request.getHttpEventJson().isEmpty()) {
            assertTrue(request.getHttpEventRequired());
            throw new HeddleException(ErrorCode.CONFLICT, "event: JSON (expected: HTTP)");
          }
          return "{\"statusCode\":204}";
        });
    assertEquals(204, fixture.send("GET", "/run/fresh", "").statusCode());
    assertEquals(2, fixture.coordinator.invocations.size());
    fixture.coordinator.handlers.put("site", fixture.coordinator.handlers.get("site:v2"));
    var response = fixture.send("GET", "/run/site/x", "");
    fixture.coordinator.handlers.put("site", request -> request.getHttpEventJson().toStringUtf8());
    assertEquals(404, response.statusCode());
    assertEquals("nothing here", response.body());
    assertEquals("text/plain", header(response, "content-type"));
    assertEquals("b", header(response, "x-a"));
    assertTrue(response.headers().allValues("set-cookie").contains("c=d"));
  }

  @Test
  void namesADocumentToRunNearTo() throws Exception {
    fixture.send(
        fixture.request("POST", "/run/plain", "1").header("Heddle-Near", "books/moby%20dick/1"));
    var asked = fixture.coordinator.invocations.poll();
    assertEquals("books", asked.getNearDataset());
    assertEquals("moby dick/1", asked.getNearId());
    for (String bad : List.of("books", "/1", "books/", "books/%zz")) {
      var refused =
          fixture.send(fixture.request("POST", "/run/plain", "1").header("Heddle-Near", bad));
      assertEquals(400, refused.statusCode(), bad);
    }
    assertTrue(fixture.coordinator.invocations.isEmpty());
  }

  @Test
  void aPriorityIsPassedOnOrRefused() throws Exception {
    var refused =
        fixture.send(fixture.request("POST", "/run/plain", "1").header("Heddle-Priority", "top"));
    assertEquals(400, refused.statusCode());
    assertTrue(refused.body().contains("priority: top (expected: high, normal or low)"));
    var taken =
        fixture.send(fixture.request("POST", "/run/plain", "1").header("Heddle-Priority", "low"));
    assertEquals(200, taken.statusCode());
    fixture.coordinator.invocations.clear();
  }

  @Test
  void keepsASessionsCallsTogetherFromTheSecondOneOn() throws Exception {
    var first = fixture.send("POST", "/run/plain", "1");
    String cookie = header(first, "set-cookie");
    assertEquals("", fixture.coordinator.invocations.poll().getLocalityKey());
    fixture.send(
        fixture
            .request("POST", "/run/plain", "2")
            .header("Cookie", cookie.substring(0, cookie.indexOf(';'))));
    var second = fixture.coordinator.invocations.poll();
    assertEquals(second.getSession().getId(), second.getLocalityKey());
    assertFalse(second.getLocalityKey().isEmpty());
  }

  @Test
  void carriesThePositionTokenBothWays() throws Exception {
    String token = "AQDDtc6AhPBWQR2jNJ-NxOgvAgEBZn1Z7OPGBw";
    var response =
        fixture.send(fixture.request("POST", "/run/plain", "1").header("Heddle-Position", token));
    assertEquals(token, fixture.coordinator.contexts.poll().position());
    assertEquals(token, header(response, "heddle-position"));
  }

  @Test
  void letsPagesOfNamedOriginsCallWithCookies() throws Exception {
    var asked = preflight("/run/shared/x", SHOP);
    assertEquals(204, asked.statusCode(), asked.body());
    assertEquals(SHOP, header(asked, "access-control-allow-origin"));
    assertEquals("true", header(asked, "access-control-allow-credentials"));
    assertEquals("PUT", header(asked, "access-control-allow-methods"));
    assertEquals("content-type, x-mine", header(asked, "access-control-allow-headers"));
    assertTrue(header(asked, "vary").contains("Origin"));
    assertTrue(fixture.coordinator.invocations.isEmpty());
    var called = fixture.send(fixture.request("PUT", "/run/shared", "1").header("Origin", SHOP));
    assertEquals("1", called.body());
    assertEquals(SHOP, header(called, "access-control-allow-origin"));
    assertTrue(header(called, "access-control-expose-headers").contains("Heddle-Bill"));
    assertTrue(called.headers().allValues("vary").contains("Origin"));
    assertTrue(fixture.coordinator.invocations.poll().hasSession());
  }

  @Test
  void showsErrorsToNamedOriginsToo() throws Exception {
    var failed = fixture.send(fixture.request("POST", "/run/shared", "{").header("Origin", SHOP));
    assertEquals(400, failed.statusCode());
    assertEquals(SHOP, header(failed, "access-control-allow-origin"));
  }

  @Test
  void doesNothingInAUsersNameForPagesOfAnyOrigin() throws Exception {
    var asked = preflight("/run/open", "https://anyone.example");
    assertEquals("*", header(asked, "access-control-allow-origin"));
    assertEquals("", header(asked, "access-control-allow-credentials"));
    var called =
        fixture.send(
            fixture
                .request("POST", "/run/open", "1")
                .header("Origin", "https://anyone.example")
                .header("Cookie", "heddle_session=whatever"));
    assertEquals("1", called.body());
    assertEquals("*", header(called, "access-control-allow-origin"));
    assertEquals("", header(called, "access-control-allow-credentials"));
    assertEquals("", header(called, "set-cookie"));
    assertFalse(fixture.coordinator.invocations.poll().hasSession());
  }

  @Test
  void refusesOriginsThatAFunctionDoesNotName() throws Exception {
    for (String path : List.of("/run/plain", "/run/nothing", "/run/shared")) {
      String evil = "https://evil.example";
      var asked = preflight(path, evil);
      assertEquals(403, asked.statusCode(), path);
      assertEquals("", header(asked, "access-control-allow-origin"), path);
      var called = fixture.send(fixture.request("POST", path, "1").header("Origin", evil));
      assertEquals(403, called.statusCode(), path);
    }
    assertTrue(fixture.coordinator.invocations.isEmpty());
  }

  @Test
  void runsAFunctionWithOptionsThatAreNoPreflight() throws Exception {
    assertEquals("null", fixture.send("OPTIONS", "/run/plain", "").body());
    assertEquals(1, fixture.coordinator.invocations.size());
  }

  @Test
  void tellsWhenToComeAgainWhereThereIsNoRoom() throws Exception {
    fixture.coordinator.handlers.put(
        "full",
        request -> {
          throw new HeddleException(ErrorCode.QUEUE_FULL, "queue: full (expected: room)")
              .withRetryAfter(Duration.ofMillis(2_100));
        });
    var refused = fixture.send("POST", "/run/full", "1");
    assertEquals(429, refused.statusCode());
    assertEquals("3", header(refused, "retry-after"));
    assertEquals("", header(refused, "heddle-bill"));
    assertEquals("QUEUE_FULL", Json.parse(refused.body()).at("/error/name").asString());
  }
}
