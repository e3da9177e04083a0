package dev.heddle.gateway.http;

import static dev.heddle.gateway.GatewayFixture.json;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken;
import dev.heddle.gateway.FakeDatasets;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.json.Json;
import dev.heddle.process.testing.Eventually;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

@Timeout(300)
class BulkTest {
  private static final String BULK = "/v1/datasets/books/bulk";
  private static final String NDJSON = "application/x-ndjson";

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
    datasets.bulkItems.set(0);
    datasets.bulkBatches.set(0);
    datasets.bulkCancelled.set(0);
    datasets.permits.drainPermits();
  }

  private static HttpResponse<String> post(String path, HttpRequest.BodyPublisher body)
      throws Exception {
    return fixture.send(
        HttpRequest.newBuilder(fixture.uri(path)).header("Content-Type", NDJSON).POST(body));
  }

  private static List<JsonNode> bulk(String... lines) throws Exception {
    HttpResponse<String> response =
        post(BULK, BodyPublishers.ofString(String.join("\n", lines).replace('\'', '"')));
    assertEquals(200, response.statusCode(), response.body());
    assertEquals(NDJSON, response.headers().firstValue("content-type").orElse(""));
    return results(response.body());
  }

  private static List<JsonNode> results(String body) {
    assertTrue(body.endsWith("}\n"), body);
    return Arrays.stream(body.split("\n")).map(Json::parse).toList();
  }

  private static void assertError(int status, String name, HttpResponse<String> response) {
    assertEquals(status, response.statusCode(), response.body());
    assertEquals(name, json(response).at("/error/name").stringValue());
  }

  @Test
  void answersEachLineInOrderAndThenTheWhole() throws Exception {
    List<JsonNode> results =
        bulk(
            "{'put':{'id':'a','document':{'n':1}}}",
            "{'put':{'id':'a','document':{'n':2},'ifVersion':0}}",
            "",
            "{'patch':{'id':'a','document':{'n':3}}}",
            "{'delete':{'id':'b'}}",
            "{'delete':{'id':'a'}}",
            "{'patch':{'id':'a','document':{'n':4}}}");
    long first = results.get(0).path("version").longValue();
    assertEquals("{\"line\":1,\"id\":\"a\",\"version\":" + first + "}", results.get(0).toString());
    assertEquals(
        "{\"line\":2,\"id\":\"a\",\"error\":{\"code\":1023,\"name\":\"VERSION_CONFLICT\","
            + "\"kind\":\"USER\",\"message\":\"document a: version "
            + first
            + " (expected: 0)\"}}",
        results.get(1).toString());
    assertEquals(
        "{\"line\":4,\"id\":\"a\",\"version\":" + (first + 1) + "}", results.get(2).toString());
    assertEquals("{\"line\":5,\"id\":\"b\",\"found\":false}", results.get(3).toString());
    assertEquals("{\"line\":6,\"id\":\"a\",\"found\":true}", results.get(4).toString());
    assertEquals("NOT_FOUND", results.get(5).at("/error/name").stringValue());
    JsonNode whole = results.get(6);
    assertEquals(4, whole.path("written").intValue());
    assertEquals(2, whole.path("failed").intValue());
    assertTrue(whole.path("traceId").stringValue().matches("[0-9a-f]{32}"));
    assertTrue(whole.path("tookMicros").isIntegralNumber());
    assertTrue(whole.path("error").isMissingNode());
    assertEquals(7, results.size());
  }

  @Test
  void theExampleOfTheDocsIsAnsweredAsTheySay() throws Exception {
    String docs = Files.readString(Path.of("..", "docs", "http.md"));
    String part = docs.substring(docs.indexOf("## Bulk"), docs.indexOf("## Reads"));
    String[] blocks = part.split("```(json)?\n");
    List<JsonNode> expected = blocks[3].lines().map(Json::parse).toList();
    List<JsonNode> results = bulk(blocks[1].split("\n"));
    assertEquals(expected.size(), results.size());
    for (int i = 0; i < results.size(); i++) {
      assertEquals(
          List.copyOf(expected.get(i).propertyNames()),
          List.copyOf(results.get(i).propertyNames()));
      for (String same : List.of("line", "id", "error", "found", "written", "failed")) {
        assertEquals(expected.get(i).path(same), results.get(i).path(same));
      }
    }
  }

  @Test
  void aBadLineSpoilsNoOther() throws Exception {
    String large = "x".repeat((480 << 10) - 7);
    List<JsonNode> results =
        bulk(
            "no json",
            "{'put':{'id':'a','document':{}}}",
            "{'put':{'id':'b','document':{'t':'" + large + "'}}}",
            "{'put':{'id':'c','document':{'t':'" + large + large + "'}}}",
            "{'put':{'id':'d','document':{'t':1,'t':2}}}",
            "{'upsert':{'id':'e','document':{}}}",
            "{'put':{'id':'f','document':{},'version':1}}",
            "{'put':{'id':'refused','document':{}}}",
            "\u0000",
            "{'put':{'id':'g','document':{}}}",
            "{'put':{'id':'h','document':{");
    String[] expected = {
      "MALFORMED_JSON",
      "",
      "TOO_LARGE",
      "TOO_LARGE",
      "MALFORMED_JSON",
      "UNKNOWN_PARAMETER",
      "UNKNOWN_PARAMETER",
      "TYPE_MISMATCH",
      "MALFORMED_JSON",
      "",
      "MALFORMED_JSON"
    };
    for (int i = 0; i < expected.length; i++) {
      JsonNode result = results.get(i);
      assertEquals(i + 1, result.path("line").intValue());
      assertEquals(expected[i], result.at("/error/name").asString(""), result.toString());
      assertTrue(result.toString().length() < 500, "an error repeats no document");
    }
    assertEquals("b", results.get(2).path("id").stringValue());
    assertTrue(results.get(3).path("id").isMissingNode());
    assertTrue(
        results
            .get(2)
            .at("/error/message")
            .stringValue()
            .endsWith("a document of at most 480KiB)"));
    assertEquals(2, results.getLast().path("written").intValue());
    assertEquals(9, results.getLast().path("failed").intValue());
    assertEquals(List.of("a", "g"), List.copyOf(datasets.documents.keySet()));
  }

  @Test
  void aLineOfAnyLengthIsSkippedToItsEnd() throws Exception {
    byte[] part = "x".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII);
    byte[] last = "\n{\"delete\":{\"id\":\"a\"}}".getBytes(StandardCharsets.US_ASCII);
    var parts = new java.util.ArrayList<byte[]>(java.util.Collections.nCopies(100, part));
    parts.add(last);
    HttpResponse<String> response = post(BULK, BodyPublishers.ofByteArrays(parts));
    List<JsonNode> results = results(response.body());
    assertEquals(
        "line: 104857600 bytes (expected: a document of at most 480KiB)",
        results.get(0).at("/error/message").stringValue());
    assertEquals(2, results.get(1).path("line").intValue());
    assertEquals(1, results.get(2).path("written").intValue());
  }

  @Test
  void manyLinesGoInBatches() throws Exception {
    int lines = 10_500;
    var body = new StringBuilder();
    for (int i = 0; i < lines; i++) {
      body.append("{\"put\":{\"id\":\"d").append(i).append("\",\"document\":{}}}\n");
    }
    HttpResponse<String> response = post(BULK, BodyPublishers.ofString(body.toString()));
    List<JsonNode> results = results(response.body());
    for (int i = 0; i < lines; i++) {
      assertEquals(i + 1, results.get(i).path("line").intValue());
      assertEquals("d" + i, results.get(i).path("id").stringValue());
    }
    assertEquals(lines, results.get(lines).path("written").intValue());
    assertEquals(lines, datasets.documents.size());
    assertTrue(datasets.bulkBatches.get() < lines / 10, () -> datasets.bulkBatches.toString());
  }

  @Test
  void onlyFailuresAreToldWhereThatIsAskedFor() throws Exception {
    String body = "{\"delete\":{\"id\":\"a\"}}\n{}\n".repeat(3);
    HttpResponse<String> response = post(BULK + "?results=failed", BodyPublishers.ofString(body));
    List<JsonNode> results = results(response.body());
    assertEquals(4, results.size());
    assertEquals(6, results.get(2).path("line").intValue());
    assertEquals(3, results.get(3).path("written").intValue());
    assertEquals(3, results.get(3).path("failed").intValue());
  }

  @Test
  void nothingIsAnsweredByTheWholeAlone() throws Exception {
    assertEquals(1, bulk("").size());
    assertEquals(0, bulk("\n \n").getFirst().path("written").intValue());
  }

  @Test
  void whatIsRefusedAsAWholeIsAPlainError() throws Exception {
    String lines = "{\"delete\":{\"id\":\"a\"}}\n".repeat(200_000);
    var unknown = "/v1/datasets/unknown/bulk";
    assertError(404, "UNKNOWN_DATASET", post(unknown, BodyPublishers.ofString(lines)));
    HttpResponse<String> busy =
        post("/v1/datasets/busy/bulk", BodyPublishers.ofString(lines.substring(0, 100)));
    assertError(429, "OVERLOADED", busy);
    assertEquals("1", busy.headers().firstValue("retry-after").orElse(""));
    assertError(
        404,
        "UNKNOWN_DATASET",
        fixture.send(
            HttpRequest.newBuilder(fixture.uri(unknown))
                .header("Content-Type", NDJSON)
                .expectContinue(true)
                .POST(BodyPublishers.ofString(lines))));
    assertError(415, "UNSUPPORTED_MEDIA_TYPE", fixture.send(fixture.request("POST", BULK, "{}")));
    assertError(400, "INVALID_REQUEST", post(BULK + "?results=none", BodyPublishers.ofString("")));
    assertError(
        400, "UNKNOWN_PARAMETER", post(BULK + "?refresh=true", BodyPublishers.ofString("")));
    assertEquals(0, datasets.bulkItems.get());
  }

  @Test
  void aStreamThatBreaksSaysOfEachLineWhatIsKnown() throws Exception {
    try (var client = new Client(BULK)) {
      client.send("{\"put\":{\"id\":\"a\",\"document\":{}}}\n");
      assertEquals(1, client.result().path("line").intValue());
      client.send("{\"put\":{\"id\":\"break\",\"document\":{}}}\nno json\n");
      JsonNode broken = client.result();
      assertEquals("break", broken.path("id").stringValue());
      assertEquals("NO_MAJORITY", broken.at("/error/name").stringValue());
      assertEquals("MALFORMED_JSON", client.result().at("/error/name").stringValue());
      JsonNode whole = client.result();
      assertEquals(1, whole.path("written").intValue());
      assertEquals(2, whole.path("failed").intValue());
      assertEquals("NO_MAJORITY", whole.at("/error/name").stringValue());
    }
    assertError(
        503,
        "NO_MAJORITY",
        post(BULK, BodyPublishers.ofString("{\"delete\":{\"id\":\"break\"}}\n")));
  }

  @Test
  void resultsComeWhileTheBodyIsStillOpen() throws Exception {
    try (var client = new Client(BULK)) {
      for (int i = 1; i <= 20; i++) {
        client.send("{\"put\":{\"id\":\"a\",\"document\":{\"n\":" + i + "}}}\n");
        assertEquals(i, client.result().path("line").intValue());
      }
      client.send("{\"delete\":{\"id\"");
      client.send(":\"a\"}}");
      client.finish();
      assertTrue(client.result().path("found").booleanValue());
      assertEquals(21, client.result().path("written").intValue());
    }
  }

  @Test
  void tokensGoInAndTheWholeHasOne() throws Exception {
    HttpResponse<String> put = fixture.send("PUT", "/v1/datasets/books/docs/x", "{}");
    String token = put.headers().firstValue("heddle-position").orElseThrow();
    datasets.tokens.clear();
    HttpResponse<String> response =
        fixture.send(
            HttpRequest.newBuilder(fixture.uri(BULK))
                .header("Content-Type", NDJSON)
                .header("Heddle-Position", token)
                .POST(BodyPublishers.ofString("{\"put\":{\"id\":\"y\",\"document\":{}}}")));
    assertEquals(List.of(token), List.copyOf(datasets.tokens));
    String after = results(response.body()).getLast().path("positionToken").stringValue();
    var positions = PositionToken.parse(after).of(datasets.record("books"));
    assertEquals(datasets.index(), positions.getFirst().index());
    assertFalse(after.equals(token));
  }

  /** Waits until a count has not moved for long. */
  private static int settled(String what, IntSupplier count) {
    var last = new AtomicInteger(-1);
    var same = new AtomicInteger();
    Eventually.eventually(
        what,
        () -> {
          int now = count.getAsInt();
          same.set(now == last.getAndSet(now) && now > 0 ? same.get() + 1 : 0);
          return same.get() > 50;
        });
    return last.get();
  }

  @Test
  void noMoreIsReadThanTheWindowHolds() throws Exception {
    int lines = 40_000;
    String body = "{\"delete\":{\"id\":\"0123456789\"}}\n".repeat(lines);
    var answer =
        CompletableFuture.supplyAsync(() -> {
          try {
            return post("/v1/datasets/held/bulk", BodyPublishers.ofString(body));
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
    int arrived = settled("the window is full", datasets.bulkItems::get);
    assertTrue(arrived <= 4 * 1_000, () -> arrived + " items");
    assertTrue(datasets.bulkBatches.get() <= 4, () -> datasets.bulkBatches + " batches");
    datasets.permits.release(lines);
    List<JsonNode> results = results(answer.get().body());
    assertEquals(lines, results.getLast().path("written").intValue());
    assertEquals(lines + 1, results.size());
  }

  @Test
  void aClientThatDoesNotReadIsNotReadFrom() throws Exception {
    int lines = 300_000;
    String id = "i".repeat(200);
    byte[] batch =
        ("{\"delete\":{\"id\":\"" + id + "\"}}\n").repeat(100).getBytes(StandardCharsets.US_ASCII);
    try (var client = new Client(BULK)) {
      var sent =
          CompletableFuture.runAsync(() -> {
            try {
              for (int i = 0; i < lines / 100; i++) {
                client.send(batch);
              }
              client.finish();
            } catch (IOException e) {
              throw new IllegalStateException(e);
            }
          });
      int arrived = settled("the gateway waits", datasets.bulkItems::get);
      assertTrue(arrived < lines / 2, () -> arrived + " items");
      assertFalse(sent.isDone());
      for (int i = 1; i <= lines; i++) {
        assertEquals(i, client.result().path("line").intValue());
      }
      assertEquals(lines, client.result().path("written").intValue());
      sent.get();
    }
  }

  @Test
  void aClientThatLeavesEndsItsStreamAndNothingElse() throws Exception {
    try (var client = new Client(BULK)) {
      client.send("{\"put\":{\"id\":\"a\",\"document\":{}}}\n");
      assertEquals(1, client.result().path("line").intValue());
      client.send("{\"put\":{\"id\":\"half\",\"docu");
    }
    Eventually.eventually("the stream is given up", () -> datasets.bulkCancelled.get() == 1);
    assertFalse(datasets.documents.containsKey("half"));
    assertEquals(1, bulk("{'delete':{'id':'a'}}").getLast().path("written").intValue());
  }

  /** A client that sends and reads when it likes; chunks out, chunks in. */
  private static final class Client implements AutoCloseable {
    private final Socket socket = new Socket();
    private final OutputStream out;
    private final BufferedReader in;

    Client(String path) throws IOException {
      // Small, so that what is not read soon stops who writes.
      socket.setReceiveBufferSize(64 << 10);
      socket.setTcpNoDelay(true);
      socket.connect(
          new InetSocketAddress(InetAddress.getLoopbackAddress(), fixture.gateway.httpPort()));
      out = socket.getOutputStream();
      in =
          new BufferedReader(
              new InputStreamReader(
                  new Unchunked(socket.getInputStream()), StandardCharsets.UTF_8));
      String head =
          "POST "
              + path
              + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
              + "Transfer-Encoding: chunked\r\n\r\n";
      out.write(head.getBytes(StandardCharsets.US_ASCII));
    }

    void send(String text) throws IOException {
      send(text.getBytes(StandardCharsets.UTF_8));
    }

    void send(byte[] bytes) throws IOException {
      out.write((Integer.toHexString(bytes.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
      out.write(bytes);
      out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
      out.flush();
    }

    void finish() throws IOException {
      out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      out.flush();
    }

    JsonNode result() throws IOException {
      String line = in.readLine();
      if (line == null) {
        throw new IOException("the response has ended");
      }
      return Json.parse(line);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  /** The content of a chunked response. */
  private static final class Unchunked extends InputStream {
    private final InputStream in;
    private boolean begun;
    private int left;

    Unchunked(InputStream in) {
      this.in = new java.io.BufferedInputStream(in, 8 << 10);
    }

    private String line() throws IOException {
      var line = new StringBuilder();
      for (int c = in.read(); c != '\n'; c = in.read()) {
        if (c < 0) {
          throw new IOException("cut off");
        }
        line.append((char) c);
      }
      return line.toString().strip();
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (!begun) {
        assertEquals("HTTP/1.1 200 OK", line());
        while (!line().isEmpty()) {
          begun = true;
        }
      }
      if (left == 0) {
        String size = line();
        left = Integer.parseInt(size.isEmpty() ? line() : size, 16);
        if (left == 0) {
          return -1;
        }
      }
      int read = in.read(bytes, offset, Math.min(length, left));
      left -= Math.max(0, read);
      return read;
    }
  }
}
