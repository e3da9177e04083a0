package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.connection.RawSocket;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.testing.Eventually;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Requests that mean no good: refused by the right status, and nothing of them is left. */
@Timeout(60)
class HostileHttpTest {
  private static final String QUERY =
      "POST /v1/datasets/dbpedia/query HTTP/1.1\r\nHost: localhost\r\n";
  private static final String SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

  /** Longer than a head may take. */
  private static final Duration POLL = Duration.ofSeconds(1);

  private static GatewayFixture fixture;

  @BeforeAll
  static void start(@TempDir Path directory) {
    fixture = new GatewayFixture(directory, HostileHttpTest::settings, Credentials.none()).ready();
    fixture.app("chat", "name: chat\nroutes: {$default: {function: echo}}\n");
    fixture.coordinator.handlers.put("echo", request -> "null");
  }

  private static GatewayConfig settings(GatewayConfig config) {
    return GatewaySettings.of(config)
        .headTimeout(Duration.ofMillis(300))
        .bodyRate(DataSize.ofKiB(64))
        .idleTimeout(Duration.ofSeconds(5))
        .pollWait(POLL)
        .config();
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  @AfterEach
  void theNextClientIsServed() throws Exception {
    Eventually.eventually("nothing is left", () -> fixture.gateway.connections() == 0);
    try (var socket = socket()) {
      socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      RawSocket.Answer answer = socket.answer();
      assertNotNull(answer);
      assertEquals(200, answer.status());
    }
  }

  private static RawSocket socket() throws IOException {
    return new RawSocket(fixture.gateway.httpPort());
  }

  /**
   * One request.
   *
   * @param statuses that may answer it
   */
  record Request(String name, String text, List<Integer> statuses) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Request request(String name, String text, Integer... statuses) {
    return new Request(name, text, List.of(statuses));
  }

  private static Request get(String name, String head, Integer... statuses) {
    return request(name, head + "\r\n" + SMUGGLED, statuses);
  }

  static Stream<Request> smuggling() {
    String five = "5\r\n{    \r\n";
    return Stream.of(
        request(
            "9112 6.3 length and chunked",
            QUERY + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
            400),
        request(
            "9112 6.3 chunked and length",
            QUERY + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n" + SMUGGLED,
            400),
        request(
            "9112 6.3 two lengths",
            QUERY + "Content-Length: 2\r\nContent-Length: 60\r\n\r\n{}" + SMUGGLED,
            400),
        request(
            "9112 6.3 a list of lengths",
            QUERY + "Content-Length: 2, 60\r\n\r\n{}" + SMUGGLED,
            400),
        request(
            "9110 8.6 a length with a sign",
            QUERY + "Content-Length: +2\r\n\r\n{}" + SMUGGLED,
            400),
        request(
            "9110 8.6 a negative length", QUERY + "Content-Length: -2\r\n\r\n{}" + SMUGGLED, 400),
        request(
            "9110 8.6 a length in hex", QUERY + "Content-Length: 0x2\r\n\r\n{}" + SMUGGLED, 400),
        request(
            "9110 8.6 a length beyond all numbers",
            QUERY + "Content-Length: 99999999999999999999\r\n\r\n{}" + SMUGGLED,
            400),
        request(
            "9112 6.1 chunked twice",
            QUERY + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
            400),
        request(
            "9112 6.1 chunked is not the last",
            QUERY + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
            400,
            501),
        request(
            "9112 6.1 another coding",
            QUERY + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
            400,
            501),
        request(
            "9112 5.1 a space before the colon",
            QUERY + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
            400),
        request(
            "9112 5.2 a folded field",
            QUERY
                + "X-A: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}"
                + SMUGGLED,
            400),
        request(
            "9112 5.2 a field that begins with a space",
            QUERY + " Content-Length: 2\r\n\r\n{}" + SMUGGLED,
            400),
        request(
            "9112 2.2 a bare LF", QUERY + "X-A: b\nContent-Length: 2\r\n\r\n{}" + SMUGGLED, 400),
        request("9112 2.2 a bare CR", QUERY + "X-A: b\rX-C: d\r\nContent-Length: 2\r\n\r\n{}", 400),
        request("9112 5.1 no colon", QUERY + "Content-Length 2\r\n\r\n{}" + SMUGGLED, 400),
        request("9112 7.1 a chunk that is no number", chunked("g\r\n{}\r\n0\r\n\r\n"), 400),
        request("9112 7.1 a negative chunk", chunked("-2\r\n{}\r\n0\r\n\r\n"), 400),
        request("9112 7.1 a chunk beyond all numbers", chunked("fffffffffffffffff\r\n{}"), 400),
        request("9112 7.1 a chunk that ends otherwise", chunked("2\r\n{}xx0\r\n\r\n"), 400),
        request("9112 7.1 a bare LF after a chunk's size", chunked("2\n{}\r\n0\r\n\r\n"), 400),
        request("9112 7.1.1 a bare LF in an extension", chunked("2;a\n{}\r\n0\r\n\r\n"), 400),
        request("9112 7.1 a chunk that is too long", chunked(five + "zz\r\n"), 400));
  }

  private static String chunked(String chunks) {
    return QUERY + "Transfer-Encoding: chunked\r\n\r\n" + chunks + SMUGGLED;
  }

  static Stream<Request> malformed() {
    String host = "Host: localhost\r\n";
    return Stream.of(
        get("9112 3 a NUL in the path", "GET /a\0b HTTP/1.1\r\n" + host, 400),
        get("9112 3 a NUL in a field", "GET / HTTP/1.1\r\n" + host + "X: a\0b\r\n", 400),
        get("9112 3 a NUL in a name", "GET / HTTP/1.1\r\n" + host + "X\0: b\r\n", 400),
        get("9112 3 a method that is none", "G@T / HTTP/1.1\r\n" + host, 400),
        get("9112 3 no version", "GET /\r\n" + host, 400, 505),
        get("9112 2.3 another version", "GET / HTTP/9.9\r\n" + host, 400, 505),
        get("9113 3.4 the preface of HTTP/2", "PRI * HTTP/2.0\r\n", 400, 426, 505),
        get("9112 3.2 no host", "GET / HTTP/1.1\r\n", 400),
        get("9112 3.2 two hosts", "GET / HTTP/1.1\r\n" + host + "Host: a.example\r\n", 400),
        get("9112 3.2 a host that is none", "GET / HTTP/1.1\r\nHost: a b\r\n", 400),
        get("3986 2.1 a broken escape", "GET /%zz HTTP/1.1\r\n" + host, 400),
        get("3986 2.1 a broken escape at the end", "GET /a% HTTP/1.1\r\n" + host, 400),
        get(
            "9112 3 a target that is too long",
            "GET /" + "a".repeat(40_000) + " HTTP/1.1\r\n" + host,
            414),
        get(
            "6585 5 a field that is too long",
            "GET / HTTP/1.1\r\n" + host + "X: " + "a".repeat(40_000) + "\r\n",
            431),
        get("6585 5 too many fields", "GET / HTTP/1.1\r\n" + host + "X: a\r\n".repeat(10_000), 431),
        request("8446 5.1 a hello of TLS", "\26\3\1\2\0\1\0\1\374\3\3" + "\7".repeat(500), 400));
  }

  @ParameterizedTest
  @MethodSource({"smuggling", "malformed"})
  void isRefusedAndHungUpOn(Request request) throws IOException {
    try (var socket = socket()) {
      socket.write(request.text());
      RawSocket.Answer answer = socket.answer();
      assertNotNull(answer, "hung up without a word");
      assertTrue(request.statuses().contains(answer.status()), answer::toString);
      assertEquals(0, socket.drain(), "what follows is another request's");
    }
  }

  static Stream<Request> strange() {
    String end = "Host: localhost\r\nConnection: close\r\n\r\n";
    return Stream.of(
        request(
            "9112 7.1.1 an extension of a chunk is ignored",
            QUERY
                + "Connection: close\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
                + "2;a=\"b\";c\r\n"
                + "{}\r\n"
                + "0\r\n\r\n",
            200),
        request(
            "9112 7.1.2 so is a trailer",
            QUERY
                + "Connection: close\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
                + "2\r\n"
                + "{}\r\n"
                + "0\r\n"
                + "Host: a.example\r\n\r\n",
            200),
        request(
            "9112 3.2.2 the absolute form", "GET http://localhost/healthz HTTP/1.1\r\n" + end, 200),
        request(
            "9112 3.2.2 another host in the target",
            "GET http://a.example/healthz HTTP/1.1\r\n" + end,
            400),
        request(
            "9112 3.2.2 of another host",
            "GET http://a.example/healthz HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
            403),
        request(
            "9110 7.2 another host",
            "GET /healthz HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
            403),
        request(
            "9110 9.3.6 CONNECT", "CONNECT localhost:80 HTTP/1.1\r\n" + end, 400, 403, 404, 405),
        request("9110 9.3.8 TRACE", "TRACE /healthz HTTP/1.1\r\n" + end, 405),
        request("9110 9.3.7 OPTIONS *", "OPTIONS * HTTP/1.1\r\n" + end, 200, 204, 400, 404, 405),
        request(
            "9110 10.1.1 another expectation",
            "GET /healthz HTTP/1.1\r\nExpect: more\r\n" + end,
            417),
        request("3986 a NUL in escapes", "GET /%00 HTTP/1.1\r\n" + end, 400, 404),
        request("3986 bytes that are no UTF-8", "GET /%ff%fe HTTP/1.1\r\n" + end, 400, 404),
        request(
            "9110 7.8 an upgrade that is ignored",
            "GET /healthz HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
                + end.replace("close", "close, Upgrade"),
            200),
        request(
            "9110 7.8 a WebSocket elsewhere",
            "GET /healthz HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                + end.replace("close", "close, Upgrade"),
            200),
        request(
            "6455 4.2.1 a handshake with content",
            "GET /ws/chat HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 2\r\n"
                + end.replace("close", "Upgrade")
                + "{}",
            400));
  }

  @ParameterizedTest
  @MethodSource("strange")
  void isAnsweredOnce(Request request) throws IOException {
    try (var socket = socket()) {
      socket.write(request.text());
      RawSocket.Answer answer = socket.answer();
      assertNotNull(answer, "hung up without a word");
      assertTrue(request.statuses().contains(answer.status()), answer::toString);
      if (request.text().contains("close")) {
        assertEquals(0, socket.drain());
      }
    }
  }

  @Test
  void pipelinedRequestsAreAnsweredUpToTheOneThatIsNone() throws IOException {
    String good = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    try (var socket = socket()) {
      socket.write(good + good + good + "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n" + good);
      for (int i = 0; i < 3; i++) {
        assertEquals(200, socket.answer().status());
      }
      assertEquals(400, socket.answer().status());
      assertEquals(0, socket.drain());
    }
  }

  @Test
  void whoDripsHeadersIsHungUpOn() throws IOException {
    try (var socket = socket()) {
      socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
      while (!socket.endsWithin(20)) {
        socket.write("x");
      }
    }
  }

  @Test
  void whoDripsABodyIsHungUpOn() throws IOException {
    try (var socket = socket()) {
      socket.write(QUERY + "Content-Length: 100000\r\n\r\n{");
      while (!socket.endsWithin(20)) {
        socket.write(" ");
      }
    }
  }

  @Test
  void whoDripsChunksIsHungUpOn() throws IOException {
    try (var socket = socket()) {
      socket.write(QUERY + "Transfer-Encoding: chunked\r\n\r\n");
      while (!socket.endsWithin(20)) {
        socket.write("1\r\n \r\n");
      }
    }
  }

  @Test
  void whoSaysNothingIsHungUpOn() throws IOException {
    try (var socket = socket()) {
      assertEquals(0, socket.drain());
    }
  }

  @Test
  void manyWhoDripKeepNobodyOut() throws Exception {
    var slow = new ArrayList<RawSocket>();
    try {
      for (int i = 0; i < 200; i++) {
        var socket = socket();
        socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
        slow.add(socket);
      }
      assertEquals(200, fixture.send("GET", "/healthz", "").statusCode());
      for (RawSocket socket : slow) {
        while (!socket.endsWithin(1)) {
          socket.write("x");
        }
      }
    } finally {
      for (RawSocket socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void aPollThatWaitsIsNotSlow() throws Exception {
    String opened = fixture.send("GET", "/poll/chat", "").body();
    String resume = opened.replaceAll(".*\"resume\":\"([^\"]+)\".*", "$1");
    try (var socket = socket()) {
      socket.write(
          "GET /poll/chat?offset=0&resume=" + resume + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      RawSocket.Answer answer = socket.answer();
      assertNotNull(answer, "hung up on");
      assertEquals(200, answer.status(), answer::toString);
      assertTrue(answer.body().contains("\"messages\":[]"), answer::toString);
    }
  }
}
