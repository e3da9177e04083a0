package dev.heddle.gateway.http;

import static dev.heddle.gateway.GatewayFixture.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.json.Json;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class FunctionRoutesTest {
  @TempDir private static Path directory;
  private static GatewayFixture fixture;

  @BeforeAll
  static void start() {
    fixture = new GatewayFixture(directory).ready();
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  private static JsonNode ok(int status, HttpResponse<String> response) {
    assertEquals(status, response.statusCode(), response.body());
    return json(response);
  }

  private static void assertError(int status, String name, HttpResponse<String> response) {
    assertEquals(status, response.statusCode(), response.body());
    assertEquals(name, json(response).at("/error/name").asString());
  }

  private static HttpResponse<String> send(String method, String path, byte[] body)
      throws Exception {
    return fixture.send(
        HttpRequest.newBuilder(fixture.uri(path))
            .method(method, HttpRequest.BodyPublishers.ofByteArray(body)));
  }

  private static byte[] zip() throws Exception {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("heddle.yaml"));
      zip.write("name: f".getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  @Test
  void listsShowsAndDeletes() throws Exception {
    var all = ok(200, fixture.send("GET", "/v1/functions", ""));
    assertEquals("echo", all.at("/functions/0/name").stringValue());
    var one = ok(200, fixture.send("GET", "/v1/functions/f", ""));
    assertEquals("f", one.path("name").asString());
    assertEquals(204, fixture.send("DELETE", "/v1/functions/f", "").statusCode());
  }

  @Test
  void passesAnArchiveOnAsItIs() throws Exception {
    byte[] archive = zip();
    var posted = ok(201, send("POST", "/v1/functions", archive));
    assertEquals("v" + archive.length, posted.path("version").asString());
    assertEquals("", posted.path("name").asString());
    assertEquals("", posted.at("/versions/0/description").asString());
    assertEquals("v1", posted.at("/aliases/latest/0/version").asString());
    assertEquals("f", ok(201, send("PUT", "/v1/functions/f", archive)).path("name").asString());
  }

  @Test
  void makesAManifestOfWhatTheQuerySaysOfASingleFile() throws Exception {
    var deployed =
        ok(
            201,
            send(
                "PUT",
                "/v1/functions/f?runtime=wasm&memory=64MiB&concurrency=7&event=http",
                new byte[] {0, 'a', 's', 'm'}));
    assertEquals("v4", deployed.path("version").asString());
    assertEquals(
        Json.parse(
            "{\"name\":\"f\",\"runtime\":\"wasm\",\"memory\":\"64MiB\",\"concurrency\":7,"
                + "\"event\":\"http\"}"),
        Json.parse(deployed.at("/versions/0/description").asString()));
  }

  @Test
  void takesEnvironmentAndOriginsOfASingleFile() throws Exception {
    var deployed =
        ok(
            201,
            send(
                "POST",
                "/v1/functions?name=f&env=GREETING=Hello%20you&env=RATE=1=2&env=EMPTY="
                    + "&origin=https://a.example&origin=https://b.example:8443",
                new byte[] {0, 'a', 's', 'm'}));
    assertEquals(
        Json.parse(
            "{\"name\":\"f\",\"environment\":{\"GREETING\":\"Hello you\",\"RATE\":\"1=2\","
                + "\"EMPTY\":\"\"},\"origins\":[\"https://a.example\","
                + "\"https://b.example:8443\"]}"),
        Json.parse(deployed.at("/versions/0/description").asString()));
    // A zip is a single file, too, once something is said of it.
    var jar = ok(201, send("PUT", "/v1/functions/f?env=A=1", zip()));
    assertEquals(
        Json.parse("{\"name\":\"f\",\"environment\":{\"A\":\"1\"}}"),
        Json.parse(jar.at("/versions/0/description").asString()));
  }

  @Test
  void saysWhatIsWrongWithAVariable() throws Exception {
    for (var wrong :
        Map.of(
                "env=GREETING", "env: GREETING (expected: NAME=value)",
                "env==x", "env: =x (expected: NAME=value)",
                "env=A=1&env=A=2", "env: A given twice (expected: once)",
                "memory=1MiB&memory=2MiB", "memory: given twice (expected: once)")
            .entrySet()) {
      var refused = send("PUT", "/v1/functions/f?" + wrong.getKey(), new byte[] {0});
      assertError(400, "INVALID_REQUEST", refused);
      assertEquals(wrong.getValue(), json(refused).at("/error/message").asString());
    }
  }

  @Test
  void refusesWhatItCannotDeploy() throws Exception {
    assertError(415, "UNSUPPORTED_MEDIA_TYPE", fixture.send("POST", "/v1/functions", "no zip"));
    assertError(413, "TOO_LARGE", send("POST", "/v1/functions", new byte[(16 << 20) + 1]));
    assertError(400, "UNKNOWN_PARAMETER", send("POST", "/v1/functions?color=red", zip()));
    assertError(400, "INVALID_REQUEST", send("PUT", "/v1/functions/f?name=g&runtime=java", zip()));
  }

  @Test
  void makesMovesAndDropsAliases() throws Exception {
    String canary = "/v1/functions/f/aliases/canary";
    var one = ok(200, fixture.send("PUT", canary, "{\"version\": \"latest\"}"));
    assertEquals("latest", one.at("/aliases/canary/0/version").asString());
    var two =
        ok(
            200,
            fixture.send(
                "PUT",
                canary,
                "{\"versions\": [{\"version\": \"a\", \"weight\": 9}, {\"version\": \"b\"}]}"));
    assertEquals(9, two.at("/aliases/canary/0/weight").intValue());
    assertEquals(1, two.at("/aliases/canary/1/weight").intValue());
    assertEquals(200, fixture.send("DELETE", canary, "").statusCode());
    for (String wrong :
        List.of(
            "{}",
            "{\"version\": \"a\", \"versions\": []}",
            "{\"versions\": [{\"version\": \"a\", \"weight\": 0}]}",
            "{\"versions\": [{}, {}, {}]}",
            "{\"weights\": []}")) {
      assertEquals(400, fixture.send("PUT", canary, wrong).statusCode(), wrong);
    }
  }

  @Test
  void rollsBack() throws Exception {
    String rollback = "/v1/functions/f/rollback";
    assertEquals(
        "back to ", ok(200, fixture.send("POST", rollback, "")).path("version").asString());
    var named = ok(200, fixture.send("POST", rollback, "{\"version\": \"0123abcd\"}"));
    assertEquals("back to 0123abcd", named.path("version").asString());
    assertError(400, "UNKNOWN_PARAMETER", fixture.send("POST", rollback, "{\"to\": \"x\"}"));
  }

  @Test
  void showsALogLineByLine() throws Exception {
    var response = fixture.send("GET", "/v1/functions/f/logs?lines=2&invocation=i7", "");
    assertEquals("application/x-ndjson", response.headers().firstValue("content-type").orElse(""));
    var lines = response.body().lines().map(Json::parse).toList();
    assertEquals(2, lines.size());
    assertEquals("1970-01-01T00:00:01Z", lines.get(1).path("at").asString());
    assertEquals("line 1\nof many", lines.get(1).path("text").asString());
    assertEquals("i7", lines.get(1).path("invocation").asString());
    assertEquals(1, lines.get(1).path("lost").intValue());
    assertTrue(lines.get(0).path("lost").isMissingNode());
    assertEquals("", fixture.send("GET", "/v1/functions/silent/logs", "").body());
    assertError(400, "OUT_OF_RANGE", fixture.send("GET", "/v1/functions/f/logs?lines=0", ""));
    assertError(400, "TYPE_MISMATCH", fixture.send("GET", "/v1/functions/f/logs?follow=1", ""));
  }

  @Test
  void tellsInAFollowedLogWhyItEnded() throws Exception {
    var lines =
        fixture.send("GET", "/v1/functions/f/logs?lines=1&follow", "").body().lines().toList();
    assertEquals(2, lines.size());
    assertEquals("UNAVAILABLE", Json.parse(lines.get(1)).at("/error/name").asString());
    var events =
        fixture.send(
            fixture
                .request("GET", "/v1/functions/f/logs?lines=1&follow=true", "")
                .header("Accept", "text/event-stream"));
    assertEquals("text/event-stream", events.headers().firstValue("content-type").orElse(""));
    assertTrue(events.body().startsWith("event: line\ndata: {\"at\":"), events.body());
    assertTrue(events.body().contains("event: error\ndata: {\"error\":"), events.body());
  }
}
