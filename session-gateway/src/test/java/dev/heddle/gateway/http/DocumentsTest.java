package dev.heddle.gateway.http;

import static dev.heddle.gateway.GatewayFixture.json;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.Change;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.gateway.FakeDatasets;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.v1.AlterDatasetRequest;
import dev.heddle.v1.FieldType;
import dev.heddle.v1.ReadLevel;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Datasets, their documents and positions, over HTTP. */
@Timeout(300)
class DocumentsTest {
  private static final String DOCS = "/v1/datasets/books/docs";
  private static final String DOC = DOCS + "/a";
  private static final String QUERY = "/v1/datasets/books/query";

  private static GatewayFixture fixture;
  private static FakeDatasets datasets;

  @BeforeAll
  static void start(@TempDir Path directory) {
    fixture = new GatewayFixture(directory).ready();
    datasets = fixture.coordinator.datasets;
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  @BeforeEach
  void clear() {
    datasets.documents.clear();
    datasets.tokens.clear();
    datasets.reads.clear();
    datasets.alterations.clear();
    datasets.incarnation = "i1";
  }

  private static HttpResponse<String> send(
      String method, String path, String body, String... headers) throws Exception {
    var request = fixture.request(method, path, body);
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return fixture.send(request);
  }

  private static JsonNode ok(String method, String path, String body, String... headers)
      throws Exception {
    HttpResponse<String> response = send(method, path, body, headers);
    assertEquals(200, response.statusCode(), response.body());
    return json(response);
  }

  private static String assertError(int status, String name, HttpResponse<String> response) {
    assertEquals(status, response.statusCode(), response.body());
    assertEquals(name, json(response).at("/error/name").stringValue());
    return json(response).at("/error/message").stringValue();
  }

  private static String header(HttpResponse<String> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  private static long index(String token) {
    return PositionToken.parse(token).of(datasets.record("books")).getFirst().index();
  }

  @Test
  void createsWithReplicasAndDynamicFields() throws Exception {
    String body =
        """
        {"name":"books","replicas":3,"schema":{"dynamic":true,"fields":[{"name":"t","type":"text"}]}}
        """;
    HttpResponse<String> created = send("POST", "/v1/datasets", body);
    assertEquals(201, created.statusCode());
    assertEquals(3, json(created).path("replicas").intValue());
    assertTrue(json(created).at("/schema/dynamic").booleanValue());
    String message =
        assertError(
            400,
            "OUT_OF_RANGE",
            send("POST", "/v1/datasets", body.replace("\"replicas\":3", "\"replicas\":8")));
    assertEquals("replicas: 8 (expected: 1..7)", message);
  }

  @Test
  void altersFieldsDynamicAndReplicas() throws Exception {
    JsonNode altered =
        ok(
            "PATCH",
            "/v1/datasets/books",
            """
            {"schema":{"fields":[{"name":"year","type":"long"}],"dynamic":false},"replicas":2}
            """);
    assertEquals(2, altered.path("schemaVersion").intValue());
    AlterDatasetRequest asked = datasets.alterations.poll();
    assertEquals("books", asked.getName());
    assertEquals(FieldType.FIELD_TYPE_LONG, asked.getAddFields(0).getType());
    assertEquals(2, asked.getReplicas());
    assertTrue(asked.hasDynamic());
    assertFalse(asked.getDynamic());
    ok("PATCH", "/v1/datasets/books", "{\"replicas\":1}");
    asked = datasets.alterations.poll();
    assertFalse(asked.hasDynamic());
    assertEquals(0, asked.getAddFieldsCount());
    for (String nothing : List.of("{}", "{\"schema\":{}}", "{\"replicas\":null}")) {
      assertError(400, "INVALID_REQUEST", send("PATCH", "/v1/datasets/books", nothing));
    }
    String rank = "{\"schema\":{\"rank\":{\"field\":\"x\"}}}";
    assertError(400, "UNKNOWN_PARAMETER", send("PATCH", "/v1/datasets/books", rank));
    assertError(400, "UNKNOWN_PARAMETER", send("PATCH", "/v1/datasets/books", "{\"shards\":2}"));
    assertError(404, "UNKNOWN_DATASET", send("PATCH", "/v1/datasets/unknown", "{\"replicas\":1}"));
  }

  @Test
  void showsWhereTheCopiesAre() throws Exception {
    JsonNode books = ok("GET", "/v1/datasets/books", "");
    assertEquals(3, books.path("replicas").intValue());
    assertEquals(1, books.path("schemaVersion").intValue());
    assertEquals(
        "{\"shard\":0,\"generation\":4,\"nodes\":[\"leaf1\",\"leaf2\"],\"joining\":[\"leaf3\"],"
            + "\"leaving\":[\"leaf2\"],\"documents\":0,\"available\":true,\"replicas\":["
            + "{\"node\":\"leaf1\",\"role\":\"leader\",\"available\":true,\"term\":2,\"applied\":40,"
            + "\"visible\":39,\"lag\":0,\"documents\":12},{\"node\":\"leaf3\",\"role\":\"joining\",\"available\":false,\"reason\":\"fetches"
            + " a snapshot\",\"term\":0,\"applied\":0,\"visible\":0,\"lag\":7,"
            + "\"documents\":0,\"progress\":0.5}]}",
        books.at("/shards/0").toString());
    assertEquals(books.at("/shards/0"), ok("GET", "/v1/datasets", "").at("/datasets/0/shards/0"));
  }

  @Test
  void showsTheCluster() throws Exception {
    JsonNode cluster = ok("GET", "/v1/cluster", "");
    assertEquals("c1", cluster.path("clusterId").stringValue());
    assertEquals(
        "{\"node\":\"leaf1\",\"roles\":[\"leaf\"],\"internal\":\"127.0.0.1:7001\","
            + "\"replication\":\"127.0.0.1:7002\"}",
        cluster.at("/nodes/0").toString());
    assertEquals("dbpedia", cluster.at("/datasets/0/name").stringValue());
    assertEquals(
        "{\"voters\":[\"leaf1\"],\"leader\":\"leaf1\",\"revision\":9}",
        cluster.path("catalog").toString());
  }

  @Test
  void aWriteTellsVersionPositionAndToken() throws Exception {
    HttpResponse<String> put = send("PUT", DOC, "{\"title\":\"Loom\"}");
    JsonNode written = json(put);
    long version = written.path("version").longValue();
    assertEquals("\"" + version + "\"", header(put, "etag"));
    assertEquals(
        "{\"shard\":0,\"incarnation\":\"i1\",\"index\":" + version + "}",
        written.path("position").toString());
    String token = written.path("positionToken").stringValue();
    assertEquals(token, header(put, "heddle-position"));
    assertEquals(version, index(token));
    HttpResponse<String> got = send("GET", DOC, "");
    assertEquals("\"" + version + "\"", header(got, "etag"));
    assertEquals(
        "{\"id\":\"a\",\"version\":"
            + version
            + ",\"fields\":{\"title\":\"Loom\"},\"stalenessMicros\":77}",
        got.body());
    HttpResponse<String> deleted = send("DELETE", DOC, "");
    assertTrue(json(deleted).path("found").booleanValue());
    assertTrue(json(deleted).path("version").isMissingNode());
    assertEquals("", header(deleted, "etag"));
    assertEquals(version + 1, index(header(deleted, "heddle-position")));
  }

  @Test
  void patchesAsRfc7396Says() throws Exception {
    String merge = "application/merge-patch+json";
    assertError(404, "NOT_FOUND", send("PATCH", DOC, "{}", "Content-Type", merge));
    long version = ok("PUT", DOC, "{\"n\":1}").path("version").longValue();
    JsonNode patched = ok("PATCH", DOC, "{\"n\":null}", "Content-Type", merge + "; charset=utf-8");
    assertEquals(version + 1, patched.path("version").longValue());
    assertEquals("{\"n\":null}", datasets.patches.poll().getPatchJson().toStringUtf8());
    ok("PATCH", DOC, "{\"n\":2}", "Content-Type", "application/json");
    assertError(422, "INVALID_DOCUMENT", send("PATCH", DOC, "[1]", "Content-Type", merge));
    HttpResponse<String> jsonPatch =
        send("PATCH", DOC, "[]", "Content-Type", "application/json-patch+json");
    assertError(415, "UNSUPPORTED_MEDIA_TYPE", jsonPatch);
    assertEquals(merge + ", application/json", header(jsonPatch, "accept-patch"));
    assertError(415, "UNSUPPORTED_MEDIA_TYPE", send("PATCH", DOC, "{}"));
    String large = "{\"n\":\"" + "x".repeat(1 << 20) + "\"}";
    assertError(413, "TOO_LARGE", send("PATCH", DOC, large, "Content-Type", merge));
  }

  @Test
  void conditionsHoldOrConflict() throws Exception {
    long version = ok("PUT", DOC + "?ifVersion=0", "{}").path("version").longValue();
    String message = assertError(409, "VERSION_CONFLICT", send("PUT", DOC + "?ifVersion=0", "{}"));
    assertEquals("document a: version " + version + " (expected: 0)", message);
    assertError(412, "VERSION_CONFLICT", send("PUT", DOC, "{}", "If-None-Match", "*"));
    String tag = header(send("PUT", DOC, "{}", "If-Match", "\"" + version + "\""), "etag");
    assertError(412, "VERSION_CONFLICT", send("PUT", DOC, "{}", "If-Match", "\"" + version + "\""));
    String merge = "application/merge-patch+json";
    HttpResponse<String> patched = send("PATCH", DOC, "{}", "Content-Type", merge, "If-Match", tag);
    assertEquals(200, patched.statusCode(), patched.body());
    assertError(
        409,
        "VERSION_CONFLICT",
        send("PATCH", DOC + "?ifVersion=" + version, "{}", "Content-Type", merge));
    assertError(409, "VERSION_CONFLICT", send("DELETE", DOC + "?ifVersion=" + version, ""));
    assertError(412, "VERSION_CONFLICT", send("DELETE", DOC, "", "If-Match", tag));
    ok("DELETE", DOC, "", "If-Match", header(patched, "etag"));
    ok("PUT", DOC, "{}", "If-None-Match", "*");
  }

  @Test
  void refusesMalformedConditionsAndUnknownParameters() throws Exception {
    for (String tag : List.of("*", "7", "W/\"7\"", "\"7\", \"8\"", "\"x\"", "\"0\"", "\"-1\"")) {
      assertError(400, "INVALID_REQUEST", send("PUT", DOC, "{}", "If-Match", tag));
    }
    assertError(400, "INVALID_REQUEST", send("PUT", DOC, "{}", "If-None-Match", "\"7\""));
    assertError(
        400, "INVALID_REQUEST", send("PUT", DOC + "?ifVersion=7", "{}", "If-Match", "\"7\""));
    assertError(400, "TYPE_MISMATCH", send("PUT", DOC + "?ifVersion=x", "{}"));
    assertError(400, "TYPE_MISMATCH", send("PUT", DOC + "?ifVersion=", "{}"));
    assertError(400, "OUT_OF_RANGE", send("PUT", DOC + "?ifVersion=-1", "{}"));
    assertError(400, "OUT_OF_RANGE", send("PUT", DOC + "?ifVersion=9223372036854775808", "{}"));
    assertError(400, "INVALID_REQUEST", send("PUT", DOC + "?ifVersion=1&ifVersion=1", "{}"));
    assertError(400, "INVALID_REQUEST", send("GET", DOC + "?read=%ff", ""));
    assertEquals(
        "if_version: unknown (expected: one of ifVersion)",
        assertError(400, "UNKNOWN_PARAMETER", send("PUT", DOC + "?if_version=1", "{}")));
    assertEquals(
        "read: dirty (expected: any, session or linearizable)",
        assertError(400, "INVALID_REQUEST", send("GET", DOC + "?read=dirty", "")));
    assertError(400, "UNKNOWN_PARAMETER", send("GET", DOCS + "?offset=7", ""));
    assertError(400, "OUT_OF_RANGE", send("GET", DOCS + "?limit=0", ""));
    assertError(400, "OUT_OF_RANGE", send("GET", DOCS + "?limit=1001", ""));
    assertEquals(List.of(), List.copyOf(datasets.tokens));
  }

  @Test
  void aKnownVersionIsNotSentAgain() throws Exception {
    String tag = header(send("PUT", DOC, "{\"n\":1}"), "etag");
    for (String known : List.of(tag, "\"1000\", W/" + tag, "*")) {
      HttpResponse<String> response = send("GET", DOC, "", "If-None-Match", known);
      assertEquals(304, response.statusCode());
      assertEquals("", response.body());
      assertEquals(tag, header(response, "etag"));
    }
    assertEquals(200, send("GET", DOC, "", "If-None-Match", "\"1000\"").statusCode());
    HttpResponse<String> head = send("HEAD", DOC, "");
    assertEquals(200, head.statusCode());
    assertEquals(tag, header(head, "etag"));
    assertEquals("", head.body());
    assertEquals(404, send("HEAD", DOCS + "/nothing", "").statusCode());
  }

  @Test
  void scansInPages() throws Exception {
    for (String id : List.of("a", "b", "c+d", "ä/é")) {
      String path =
          DOCS + "/" + id.replace("/", "%2F").replace("ä", "%C3%A4").replace("é", "%C3%A9");
      ok("PUT", path, "{\"of\":\"" + id + "\"}");
    }
    JsonNode page = ok("GET", DOCS + "?limit=2", "");
    assertEquals("a", page.at("/documents/0/id").stringValue());
    assertEquals("{\"of\":\"b\"}", page.at("/documents/1/fields").toString());
    assertEquals(
        requireNonNull(datasets.documents.get("b")).version(),
        page.at("/documents/1/version").longValue());
    assertEquals("b", page.path("next").stringValue());
    assertEquals(5, page.path("stalenessMicros").intValue());
    assertEquals(datasets.index(), index(page.path("positionToken").stringValue()));
    page = ok("GET", DOCS + "?after=b&limit=1&read=any", "");
    assertEquals("c+d", page.path("next").stringValue());
    page = ok("GET", DOCS + "?after=c%2Bd&read=linearizable", "");
    assertEquals("ä/é", page.at("/documents/0/id").stringValue());
    assertTrue(page.path("next").isMissingNode());
    assertEquals(
        List.of(
            ReadLevel.READ_LEVEL_UNSPECIFIED,
            ReadLevel.READ_LEVEL_ANY,
            ReadLevel.READ_LEVEL_LINEARIZABLE),
        List.copyOf(datasets.reads));
    assertEquals(1, ok("GET", DOCS + "?after=z", "").path("documents").size());
    assertError(404, "UNKNOWN_DATASET", send("GET", "/v1/datasets/unknown/docs", ""));
  }

  @Test
  void tokensGoInAndComeOutOfEveryRoute() throws Exception {
    String token = header(send("PUT", DOC, "{}"), "heddle-position");
    ok("PUT", DOCS + "/b", "{}");
    List<String[]> requests =
        new ArrayList<>(
            List.of(
                new String[] {"GET", DOC, ""},
                new String[] {"GET", DOC + "?read=session", ""},
                new String[] {"PUT", DOC, "{}"},
                new String[] {"GET", DOCS + "?read=session", ""},
                new String[] {"POST", QUERY, "{\"read\":\"session\"}"},
                new String[] {"POST", QUERY, "{}"},
                new String[] {"DELETE", DOC, ""}));
    for (String[] each : requests) {
      datasets.tokens.clear();
      HttpResponse<String> response = send(each[0], each[1], each[2], "Heddle-Position", token);
      assertEquals(200, response.statusCode(), each[1] + response.body());
      assertEquals(List.of(token), List.copyOf(datasets.tokens), each[1]);
      assertEquals(datasets.index(), index(header(response, "heddle-position")), each[1]);
    }
    // These neither read nor write documents: what the client has is what it has.
    for (String path : List.of("/v1/datasets", "/v1/datasets/books", "/v1/datasets/unknown")) {
      HttpResponse<String> response = send("GET", path, "", "Heddle-Position", token);
      assertEquals(token, header(response, "heddle-position"), path);
    }
    assertEquals("", header(send("GET", "/v1/datasets", ""), "heddle-position"));
    JsonNode answer = ok("POST", QUERY, "{}");
    assertEquals(datasets.index(), index(answer.path("positionToken").stringValue()));
    assertEquals(1_234, answer.path("stalenessMicros").intValue());
    assertError(400, "INVALID_REQUEST", send("GET", DOC, "", "Heddle-Position", "nonsense"));
  }

  @Test
  void aStreamedAnswerCarriesItsTokenInItsEvents() throws Exception {
    ok("PUT", DOC, "{}");
    HttpResponse<String> events = send("POST", QUERY, "{}", "Accept", "text/event-stream");
    assertEquals("", header(events, "heddle-position"));
    String last = events.body().substring(events.body().lastIndexOf("data: ") + 6).strip();
    JsonNode answer = dev.heddle.json.Json.parse(last);
    assertTrue(answer.path("final").booleanValue());
    assertEquals(datasets.index(), index(answer.path("positionToken").stringValue()));
  }

  @Test
  void aLostPositionIsToldAndTheReplyHasTheRest() throws Exception {
    LocalCatalog.write(fixture.catalog, List.of(Change.put(datasets.record("books"))));
    String old = header(send("PUT", DOC, "{}"), "heddle-position");
    datasets.incarnation = "i2";
    LocalCatalog.write(fixture.catalog, List.of(Change.put(datasets.record("books"))));
    for (String path : List.of(DOC + "?read=session", DOCS + "?read=session")) {
      HttpResponse<String> lost = send("GET", path, "", "Heddle-Position", old);
      assertError(410, "POSITION_LOST", lost);
      assertEquals("", header(lost, "heddle-position"), "nothing of it is left");
    }
    HttpResponse<String> any = send("GET", DOC, "", "Heddle-Position", old);
    assertEquals(200, any.statusCode());
    assertEquals(datasets.index(), index(header(any, "heddle-position")));
  }

  @Test
  void pagesOfAllowedOriginsSendAndReadTokens() throws Exception {
    String origin = "https://app.example.org";
    HttpResponse<String> preflight = send("OPTIONS", DOC, "", "Origin", origin);
    assertTrue(
        header(preflight, "access-control-allow-headers")
            .contains("Heddle-Position, If-Match, If-None-Match"));
    assertEquals(
        "PUT, PATCH, GET, DELETE, HEAD, OPTIONS",
        header(preflight, "access-control-allow-methods"));
    HttpResponse<String> put = send("PUT", DOC, "{}", "Origin", origin);
    assertTrue(
        header(put, "access-control-expose-headers")
            .startsWith("Heddle-Trace-Id, Heddle-Position, Heddle-Session-Position, ETag, "));
  }
}
