package dev.heddle.gateway.http;

import static dev.heddle.gateway.GatewayFixture.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.QueryRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@Timeout(300)
class EdgeTest {
  private static final String QUERY = "/v1/datasets/dbpedia/query";
  @TempDir static Path directory;
  private static GatewayFixture fixture;

  @BeforeAll
  static void start() throws IOException {
    Path pages = Files.createDirectories(directory.resolve("pages"));
    Files.writeString(pages.resolve("index.html"), "<!doctype html><title>Heddle</title>");
    Files.writeString(pages.resolve("app.js"), "export {}");
    Files.writeString(pages.resolve(".hidden"), "secret");
    Files.createDirectories(pages.resolve("sub"));
    Files.writeString(directory.resolve("outside.txt"), "secret");
    Files.createSymbolicLink(pages.resolve("link.txt"), directory.resolve("outside.txt"));
    fixture =
        new GatewayFixture(
            directory,
            config -> GatewaySettings.of(config).pages(pages).config(),
            Credentials.none());
    HttpResponse<String> unready = fixtureSend("GET", "/readyz", "");
    assertEquals(503, unready.statusCode());
    assertEquals("coordinator: none known", json(unready).at("/reasons/0").stringValue());
    assertError(503, "UNAVAILABLE", fixtureSend("POST", QUERY, "{}"));
    fixture.ready();
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  private static HttpResponse<String> fixtureSend(String method, String path, String body) {
    try {
      try {
        return fixture.send(method, path, body);
      } catch (IOException e) {
        // On a connection that was closed after a refusal, just as the client took it again.
        return fixture.send(method, path, body);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static JsonNode ok(int status, String method, String path, String body) {
    HttpResponse<String> response = fixtureSend(method, path, body);
    assertEquals(status, response.statusCode(), response.body());
    return response.body().isEmpty() ? Json.object() : json(response);
  }

  private static String assertError(int status, String name, HttpResponse<String> response) {
    assertEquals(status, response.statusCode(), response.body());
    JsonNode error = json(response).path("error");
    assertEquals(name, error.path("name").asString());
    assertTrue(error.path("code").isInt());
    assertTrue(List.of("USER", "CAPACITY", "INTERNAL").contains(error.path("kind").asString()));
    assertTrue(error.path("traceId").asString().matches("[0-9a-f]{32}"), response.body());
    assertEquals("application/json", response.headers().firstValue("content-type").orElse(""));
    return error.path("message").asString();
  }

  @Test
  void tellsItsHealthReadinessAndMetrics() throws Exception {
    assertEquals("ok", ok(200, "GET", "/healthz", "").path("status").asString());
    assertTrue(ok(200, "GET", "/readyz", "").path("ready").asBoolean());
    // A request is counted once its answer is sent.
    Eventually.eventually(
        "requests are counted",
        () ->
            fixture.send("GET", "/metrics", "").body().contains("heddle_gateway_request_seconds"));
    HttpResponse<String> metrics = fixture.send("GET", "/metrics", "");
    assertTrue(metrics.headers().firstValue("server").isEmpty());
  }

  @Test
  void answersAQueryWithEverythingTheCoordinatorSaid() throws Exception {
    fixture.coordinator.queries.clear();
    JsonNode answer = ok(200, "POST", QUERY, "{\"query\":\"loom\",\"k\":2,\"deadline\":\"60s\"}");
    assertEquals("Über \"1\"", answer.at("/hits/1/fields/title").stringValue());
    assertEquals("gte", answer.at("/total/relation").stringValue());
    assertEquals(7, answer.at("/coverage/shards/answered").intValue());
    assertTrue(answer.at("/bill/complete").booleanValue());
    assertTrue(answer.path("final").isMissingNode());
    QueryRequest asked = fixture.coordinator.queries.poll();
    assertEquals("dbpedia", asked.getDataset());
    assertEquals("loom", asked.getQuery().getMatch().getText());
    assertEquals(60_000_000, asked.getDeadlineMicros());
  }

  @Test
  void continuesTheCallersTrace() throws Exception {
    String id = "0af7651916cd43dd8448eb211c80319c";
    fixture.coordinator.contexts.clear();
    HttpResponse<String> response =
        fixture.send(
            fixture
                .request("POST", QUERY, "{}")
                .header("traceparent", "00-" + id + "-b7ad6b7169203331-01"));
    assertEquals(id, json(response).path("traceId").asString());
    assertEquals(id, response.headers().firstValue("heddle-trace-id").orElse(""));
    assertEquals(id, fixture.coordinator.contexts.poll().trace().traceId());
  }

  @Test
  void refusesWhatIsWrongWithAQuery() {
    assertError(404, "UNKNOWN_DATASET", fixtureSend("POST", "/v1/datasets/unknown/query", "{}"));
    HttpResponse<String> busy = fixtureSend("POST", "/v1/datasets/busy/query", "{}");
    assertError(429, "OVERLOADED", busy);
    assertEquals("1", busy.headers().firstValue("retry-after").orElse(""));
    String malformed = assertError(400, "MALFORMED_JSON", fixtureSend("POST", QUERY, "{\"k\":}"));
    assertTrue(malformed.contains("line 1, column 6"), malformed);
    assertError(400, "MALFORMED_JSON", fixtureSend("POST", QUERY, ""));
    assertError(400, "MALFORMED_JSON", fixtureSend("POST", QUERY, "{} {}"));
    assertError(400, "MALFORMED_JSON", fixtureSend("POST", QUERY, "{\"k\":1,\"k\":2}"));
    String unknown =
        assertError(400, "UNKNOWN_PARAMETER", fixtureSend("POST", QUERY, "{\"kk\":1}"));
    assertTrue(unknown.startsWith("kk: unknown (expected: one of query, filter"), unknown);
    assertError(400, "TYPE_MISMATCH", fixtureSend("POST", QUERY, "{\"k\":\"ten\"}"));
    assertError(400, "TYPE_MISMATCH", fixtureSend("POST", QUERY, "[]"));
    String range = assertError(400, "OUT_OF_RANGE", fixtureSend("POST", QUERY, "{\"k\":10001}"));
    assertEquals("k: 10001 (expected: 0..10000)", range);
    assertError(413, "TOO_LARGE", fixtureSend("POST", QUERY, "[".repeat(200)));
  }

  @Test
  void refusesATenMegabyteQueryAndStaysUsable() {
    String query = "{\"query\":\"" + "x".repeat(10_000_000) + "\"}";
    assertError(413, "TOO_LARGE", fixtureSend("POST", QUERY, query));
    ok(200, "POST", QUERY, "{}");
  }

  @Test
  void refusesOtherMethodsAndUnknownPaths() {
    HttpResponse<String> put = fixtureSend("PUT", QUERY, "{}");
    assertError(405, "METHOD_NOT_ALLOWED", put);
    assertEquals("POST, OPTIONS", put.headers().firstValue("allow").orElse(""));
    assertError(404, "NOT_FOUND", fixtureSend("GET", "/v1/nothing", ""));
    assertError(404, "NOT_FOUND", fixtureSend("POST", "/nothing", "{}"));
    assertEquals(204, fixtureSend("OPTIONS", QUERY, "").statusCode());
  }

  @Test
  void streamsImprovingAnswersTheFinalOneLast() throws Exception {
    HttpResponse<String> response =
        fixture.send(fixture.request("POST", QUERY, "{}").header("Accept", "text/event-stream"));
    assertEquals("text/event-stream", response.headers().firstValue("content-type").orElse(""));
    String[] events = response.body().split("\n\n");
    assertEquals(3, events.length, response.body());
    for (int i = 0; i < 3; i++) {
      assertTrue(events[i].startsWith("event: answer\ndata: {"), events[i]);
      JsonNode answer = Json.parse(events[i].substring(events[i].indexOf('{')));
      assertEquals(i + 1, answer.path("hits").size());
      assertEquals(i == 2, answer.path("final").asBoolean());
    }
  }

  @Test
  void aStreamThatFailsEndsWithAnErrorEventAndOneThatCannotStartIsAPlainError() throws Exception {
    HttpResponse<String> response =
        fixture.send(
            fixture
                .request("POST", "/v1/datasets/breaks/query", "{}")
                .header("Accept", "text/event-stream"));
    String[] events = response.body().split("\n\n");
    String last = events[events.length - 1];
    assertTrue(last.startsWith("event: error\ndata: {\"error\":{\"code\":3005"), last);
    assertError(
        404,
        "UNKNOWN_DATASET",
        fixture.send(
            fixture
                .request("POST", "/v1/datasets/unknown/query", "{}")
                .header("Accept", "text/event-stream")));
  }

  @Test
  void aClientThatLeavesCancelsItsQuery() throws Exception {
    String body = "{}";
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), fixture.gateway.httpPort())) {
      OutputStream out = socket.getOutputStream();
      String head =
          "POST /v1/datasets/hangs/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n";
      out.write((head + body).getBytes(StandardCharsets.US_ASCII));
      out.flush();
      Eventually.eventually(
          "the query runs",
          () ->
              fixture.coordinator.queries.stream()
                  .anyMatch(query -> query.getDataset().equals("hangs")));
    }
    assertTrue(fixture.coordinator.cancelled.await(60, TimeUnit.SECONDS));
  }

  @Test
  void aRefusalBeforeTheBodyCameLeavesTheConnectionOpen() throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), fixture.gateway.httpPort())) {
      OutputStream out = socket.getOutputStream();
      String head =
          """
          PUT /v1/datasets/books/docs/a HTTP/1.1
          Host: localhost
          If-Match: 7
          Content-Length: 2

          """
              .replace("\n", "\r\n");
      out.write(head.getBytes(StandardCharsets.US_ASCII));
      out.flush();
      // Meanwhile it could have been refused.
      for (int i = 0; i < 20; i++) {
        assertEquals(200, fixture.send("GET", "/healthz", "").statusCode());
      }
      String rest =
          """
          {}GET /healthz HTTP/1.1
          Host: localhost
          Connection: close

          """
              .replace("\n", "\r\n");
      out.write(rest.getBytes(StandardCharsets.US_ASCII));
      out.flush();
      String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(all.startsWith("HTTP/1.1 400"), all);
      assertTrue(all.contains("HTTP/1.1 200"), all);
    }
  }

  @Test
  void requestsSentWithoutWaitingForAnswersAreAllAnsweredInOrder() throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), fixture.gateway.httpPort())) {
      OutputStream out = socket.getOutputStream();
      for (int k = 1; k <= 20; k++) {
        String body = "{\"k\":" + k + "}";
        String dataset = k == 1 ? "waits" : "dbpedia";
        String head =
            "POST /v1/datasets/"
                + dataset
                + "/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                + body.length()
                + "\r\n"
                + (k == 20 ? "Connection: close\r\n" : "")
                + "\r\n";
        out.write((head + body).getBytes(StandardCharsets.US_ASCII));
        out.flush();
        if (k == 10) {
          fixture.coordinator.go.countDown();
        }
      }
      InputStream in = socket.getInputStream();
      String all = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      String[] answers = all.split("HTTP/1.1 200 OK", -1);
      assertEquals(21, answers.length, all);
      for (int k = 1; k <= 20; k++) {
        assertEquals(k, answers[k].split("\"score\"", -1).length - 1);
      }
    }
  }

  @Test
  void servesDatasetsAndDocuments() {
    assertEquals(
        "dbpedia", ok(200, "GET", "/v1/datasets", "").at("/datasets/0/name").stringValue());
    String create =
        """
        {"name":"books","shards":4,"schema":{"fields":[
          {"name":"title","type":"text","analyzer":"english","weight":2},
          {"name":"where","type":"geoPoint"}],"rank":{"field":"r","weight":0.5}}}
        """;
    JsonNode created = ok(201, "POST", "/v1/datasets", create);
    assertEquals("geoPoint", created.at("/schema/fields/1/type").stringValue());
    assertEquals(0.5, created.at("/schema/rank/weight").doubleValue());
    String message =
        assertError(
            422,
            "INVALID_SCHEMA",
            fixtureSend("POST", "/v1/datasets", create.replace("\"text\"", "\"txt\"")));
    assertTrue(message.startsWith("schema.fields[0].type: txt (expected: one of text"), message);
    assertEquals(12, ok(200, "GET", "/v1/datasets/books", "").path("documents").intValue());
    assertError(404, "UNKNOWN_DATASET", fixtureSend("GET", "/v1/datasets/unknown", ""));
    assertEquals(204, fixtureSend("DELETE", "/v1/datasets/books", "").statusCode());
    String doc = "/v1/datasets/dbpedia/docs/http:%2F%2Fdbpedia.org%2Fresource%2F100%25";
    JsonNode written = ok(200, "PUT", doc, "{\"title\":\"Loom\"}");
    assertEquals("http://dbpedia.org/resource/100%", written.path("id").asString());
    assertEquals(written.path("version").longValue(), written.at("/position/index").longValue());
    assertEquals("Loom", ok(200, "GET", doc, "").at("/fields/title").stringValue());
    assertError(422, "INVALID_DOCUMENT", fixtureSend("PUT", doc, "[1]"));
    assertError(400, "MALFORMED_JSON", fixtureSend("PUT", doc, "{"));
    assertTrue(ok(200, "DELETE", doc, "").path("found").booleanValue());
    assertFalse(ok(200, "DELETE", doc, "").path("found").booleanValue());
    assertError(404, "NOT_FOUND", fixtureSend("GET", doc, ""));
  }

  @Test
  void runsHandlersWithAnyMethodAndASessionCookie() throws Exception {
    fixture.coordinator.handlers.put(
        "echo", request -> "{\"event\":" + request.getEventJson().toStringUtf8() + "}");
    fixture.coordinator.invocations.clear();
    HttpResponse<String> first = fixture.send("POST", "/run/echo", "{\"a\":1}");
    assertEquals("{\"event\":{\"a\":1}}", first.body());
    String cookie = first.headers().firstValue("set-cookie").orElseThrow();
    assertTrue(cookie.startsWith("heddle_session="), cookie);
    assertTrue(cookie.contains("HttpOnly; SameSite=Lax"), cookie);
    HttpResponse<String> again =
        fixture.send(
            fixture
                .request("GET", "/run/echo/some/path", "")
                .header("Cookie", cookie.substring(0, cookie.indexOf(';'))));
    assertEquals("{\"event\":null}", again.body());
    assertTrue(again.headers().firstValue("set-cookie").isEmpty());
    InvokeRequest one = fixture.coordinator.invocations.poll();
    InvokeRequest two = fixture.coordinator.invocations.poll();
    assertEquals(one.getSession(), two.getSession());
    assertEquals("127.0.0.1:7000", one.getSession().getGateway());
    assertEquals("{\"event\":\"x\"}", fixture.send("PUT", "/runLambda/echo", "\"x\"").body());
    assertError(400, "MALFORMED_JSON", fixture.send("POST", "/run/echo", "{"));
    assertError(404, "UNKNOWN_FUNCTION", fixture.send("POST", "/run/nothing", "{}"));
  }

  @Test
  void keepsApps() throws Exception {
    String yaml = "name: shop\nroutes:\n  find: {dataset: dbpedia}\n";
    assertEquals("find", ok(201, "PUT", "/v1/apps/shop", yaml).at("/routes/0").stringValue());
    assertEquals(200, fixtureSend("PUT", "/v1/apps/shop", yaml + "\n").statusCode());
    assertEquals("shop", ok(200, "GET", "/v1/apps", "").at("/apps/0/name").stringValue());
    assertEquals(yaml + "\n", ok(200, "GET", "/v1/apps/shop", "").path("yaml").asString());
    assertError(400, "INVALID_REQUEST", fixtureSend("PUT", "/v1/apps/other", yaml));
    assertError(400, "UNKNOWN_PARAMETER", fixtureSend("PUT", "/v1/apps/shop", yaml + "x: 1\n"));
    assertEquals(204, fixtureSend("DELETE", "/v1/apps/shop", "").statusCode());
    assertError(404, "UNKNOWN_APP", fixtureSend("GET", "/v1/apps/shop", ""));
    assertError(404, "UNKNOWN_APP", fixtureSend("DELETE", "/v1/apps/shop", ""));
  }

  @Test
  void refusesForeignOriginsOnWhatChangesState() throws Exception {
    String evil = "https://evil.example";
    assertError(
        403,
        "FORBIDDEN",
        fixture.send(fixture.request("POST", QUERY, "{}").header("Origin", evil)));
    assertError(
        403,
        "FORBIDDEN",
        fixture.send(fixture.request("POST", QUERY, "{}").header("Origin", "null")));
    // Any method runs a function, so none may come from a foreign page.
    assertError(
        403,
        "FORBIDDEN",
        fixture.send(fixture.request("GET", "/run/echo", "").header("Origin", evil)));
    assertError(
        403,
        "FORBIDDEN",
        fixture.send(
            fixture
                .request("GET", "/runLambda/echo/x", "")
                .header("Sec-Fetch-Site", "cross-site")));
    HttpResponse<String> read =
        fixture.send(fixture.request("GET", "/v1/datasets", "").header("Origin", evil));
    assertEquals(200, read.statusCode());
    assertTrue(read.headers().firstValue("access-control-allow-origin").isEmpty());
    String own = "http://127.0.0.1:" + fixture.gateway.httpPort();
    assertEquals(
        200, fixture.send(fixture.request("POST", QUERY, "{}").header("Origin", own)).statusCode());
    String listed = "https://app.example.org";
    HttpResponse<String> allowed =
        fixture.send(fixture.request("POST", QUERY, "{}").header("Origin", listed));
    assertEquals(200, allowed.statusCode());
    assertEquals(listed, allowed.headers().firstValue("access-control-allow-origin").orElse(""));
    HttpResponse<String> preflight =
        fixture.send(fixture.request("OPTIONS", QUERY, "").header("Origin", listed));
    assertEquals(204, preflight.statusCode());
    assertEquals(
        "POST, OPTIONS", preflight.headers().firstValue("access-control-allow-methods").orElse(""));
  }

  @Test
  void refusesForeignHosts() throws Exception {
    for (String host : List.of("evil.example", "127.0.0.1.evil.example:80", "10.0.0.1")) {
      HttpResponse<String> response =
          fixture.send(fixture.request("GET", "/v1/datasets", "").header("Host", host));
      assertError(403, "FORBIDDEN", response);
    }
    for (String host :
        List.of("localhost", "LOCALHOST:99", "[::1]:80", "search.example.org:8443")) {
      HttpResponse<String> response =
          fixture.send(fixture.request("GET", "/v1/datasets", "").header("Host", host));
      assertEquals(200, response.statusCode(), host);
    }
  }

  @Test
  void servesPagesAndNothingElse() throws Exception {
    HttpResponse<String> index = fixture.send("GET", "/", "");
    assertEquals(200, index.statusCode());
    assertTrue(index.body().contains("Heddle"));
    assertEquals("text/html; charset=utf-8", index.headers().firstValue("content-type").orElse(""));
    assertTrue(
        index
            .headers()
            .firstValue("content-security-policy")
            .orElse("")
            .startsWith("default-src 'self'"));
    String tag = index.headers().firstValue("etag").orElseThrow();
    HttpResponse<String> again =
        fixture.send(fixture.request("GET", "/index.html", "").header("If-None-Match", tag));
    assertEquals(304, again.statusCode());
    HttpResponse<String> head = fixture.send("HEAD", "/app.js", "");
    assertEquals("9", head.headers().firstValue("content-length").orElse(""));
    assertEquals("", head.body());
    for (String path :
        List.of(
            "/nothing",
            "/.hidden",
            "/%2ehidden",
            "/link.txt",
            "/sub",
            "/sub/",
            "/..%2Foutside.txt",
            "/%5c..%5coutside.txt",
            "/x%00")) {
      int status = fixture.send("GET", path, "").statusCode();
      assertTrue(status == 404 || status == 400, path + ": " + status);
    }
    assertTrue(
        raw("GET /../outside.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .startsWith("HTTP/1.1 40"));
    assertTrue(
        raw("GET /%2e%2e/outside.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .startsWith("HTTP/1.1 40"));
    assertError(405, "METHOD_NOT_ALLOWED", fixture.send("POST", "/index.html", "x"));
  }

  @Test
  void malformedHttpGetsAnErrorInJson() throws Exception {
    String response =
        raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(40_000) + "\r\n\r\n");
    assertTrue(response.startsWith("HTTP/1.1 431"), response);
    assertTrue(response.contains("{\"error\":{\"code\":1001"), response);
  }

  private static String raw(String request) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), fixture.gateway.httpPort())) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
      byte[] start = socket.getInputStream().readNBytes(400);
      return new String(start, StandardCharsets.UTF_8);
    } catch (java.net.SocketException e) {
      throw new IOException(Arrays.toString(e.getStackTrace()), e);
    }
  }
}
