package dev.heddle.loadtest.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.testing.ScriptedServer;
import dev.heddle.loadtest.testing.ScriptedServer.Reply;
import dev.heddle.loadtest.testing.ScriptedServer.Request;
import dev.heddle.process.DataSize;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class HttpConnectionTest {
  private static final HttpLimits LIMITS =
      new HttpLimits(Duration.ofSeconds(60), DataSize.ofBytes(400), DataSize.ofBytes(100));

  private final Queue<Reply> replies = new ArrayDeque<>();
  private final List<Request> requests = new ArrayList<>();
  private final ScriptedServer server;
  private final HostPort address;

  HttpConnectionTest() throws IOException {
    server =
        new ScriptedServer(request -> {
          requests.add(request);
          return replies.isEmpty() ? new Reply.Drop() : replies.remove();
        });
    address = new HostPort("127.0.0.1", server.port());
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
  }

  private HttpConnection open() throws IOException {
    return HttpConnection.open(address, LIMITS);
  }

  private HttpRequest get() {
    return HttpRequest.of("GET", "/", address, Map.of(), new byte[0]);
  }

  private HttpReply reply(String raw) throws IOException {
    replies.add(new Reply.Raw(raw, true));
    try (var connection = open()) {
      return connection.exchange(get());
    }
  }

  private static String text(HttpReply reply) {
    return new String(reply.body(), StandardCharsets.UTF_8);
  }

  @Test
  void sendsOneRequestAfterTheOtherOverTheSameConnection() throws IOException {
    replies.add(new Reply.Json(200, "{\"a\":1}"));
    replies.add(new Reply.Json(404, "{}"));
    try (var connection = open()) {
      var body = "{\"q\":\"ü\"}".getBytes(StandardCharsets.UTF_8);
      var headers = Map.of("Accept", "application/json");
      var first = connection.exchange(HttpRequest.of("POST", "/v1/x?y=z", address, headers, body));
      var second = connection.exchange(get());

      assertEquals(200, first.status());
      assertTrue(first.ok());
      assertEquals("{\"a\":1}", text(first));
      assertEquals(404, second.status());
      assertFalse(second.ok());
      assertTrue(connection.usable());
    }
    assertEquals(1, server.connections());
    var sent = requests.getFirst();
    assertEquals("POST", sent.method());
    assertEquals("/v1/x?y=z", sent.path());
    assertEquals("{\"q\":\"ü\"}", sent.body());
    assertEquals("application/json", sent.headers().get("accept"));
    assertEquals(address.toString(), sent.headers().get("host"));
  }

  @Test
  void readsChunksHoweverTheyArrive() throws IOException {
    var raw =
        String.join(
            "\r\n",
            "HTTP/1.1 200 OK",
            "Transfer-Encoding: chunked",
            "",
            "5",
            "hello",
            "1;name=value",
            ",",
            "A",
            " wide worl",
            "1",
            "d",
            "0",
            "Trailer: value",
            "",
            "");
    replies.add(new Reply.Trickle(raw));
    replies.add(new Reply.Raw(raw, false));
    try (var connection = open()) {
      assertEquals("hello, wide world", text(connection.exchange(get())));
      assertEquals("hello, wide world", text(connection.exchange(get())));
    }
    assertEquals(1, server.connections());
  }

  @Test
  void readsABodyWithoutLengthToTheEndOfTheConnection() throws IOException {
    replies.add(new Reply.Raw("HTTP/1.1 200 OK\r\n\r\nall of it", true));
    try (var connection = open()) {
      var reply = connection.exchange(get());
      assertEquals("all of it", text(reply));
      assertFalse(connection.usable());
      assertThrows(IOException.class, () -> connection.exchange(get()));
    }
  }

  @Test
  void readsOverInterimRepliesAndRepliesWithoutBody() throws IOException {
    replies.add(
        new Reply.Raw(
            "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", false));
    replies.add(new Reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false));
    try (var connection = open()) {
      assertEquals(204, connection.exchange(get()).status());
      assertEquals("ok", text(connection.exchange(get())));
    }
  }

  @Test
  void knowsWhenTheServerWillClose() throws IOException {
    var length = "Content-Length: 0\r\n\r\n";
    assertFalse(reply("HTTP/1.1 200 OK\r\nConnection: Close\r\n" + length).keepAlive());
    assertFalse(reply("HTTP/1.0 200 OK\r\n" + length).keepAlive());
    assertTrue(reply("HTTP/1.1 200 OK\r\n" + length).keepAlive());
  }

  @Test
  void refusesWhatIsTooLarge() {
    var tooMuch = "body: 101 bytes (expected: at most 100)";
    refuses(tooMuch, "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n");
    refuses(
        tooMuch,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n60\r\n"
            + "x".repeat(96)
            + "\r\n5\r\n");
    refuses(tooMuch, "HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(101));
    var head = "head: too large (expected: at most 400 bytes)";
    refuses(head, "HTTP/1.1 200 OK\r\nX: " + "x".repeat(400));
    refuses(head, "HTTP/1.1 200 OK\r\n" + "X: y\r\n".repeat(100) + "\r\n");
    refuses(
        head,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + "X: y\r\n".repeat(100));
  }

  @Test
  void refusesWhatIsNotHttp() {
    refuses("status line: SSH-2.0 (expected: HTTP/1.1 and a status)", "SSH-2.0\r\n");
    refuses("status line: HTTP/1.1 999 (expected: HTTP/1.1 and a status)", "HTTP/1.1 999\r\n");
    refuses("header: nothing (expected: name: value)", "HTTP/1.1 200 OK\r\nnothing\r\n");
    refuses("content-length: -1 (expected: a number)", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n");
    refuses(
        "content-length: 1 and 2 (expected: one)",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    refuses(
        "transfer-encoding: gzip (expected: chunked)",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n");
    var chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    refuses("chunk size: xyz (expected: a hexadecimal number)", chunked + "xyz\r\n");
    refuses("chunk end: cd (expected: a line break)", chunked + "2\r\nabcd\r\n");
  }

  @Test
  void tellsWhenTheServerGoesAway() {
    refuses("connection: closed by the server (expected: a reply)", "");
    refuses("connection: closed by the server (expected: a reply)", "HTTP/1.1 200 OK\r\nConten");
    refuses(
        "body: ended after 2 bytes (expected: 9)",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab");
    refuses(
        "connection: closed by the server (expected: a reply)",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab");
  }

  private void refuses(String message, String raw) {
    var refusal = assertThrows(IOException.class, () -> reply(raw), message);
    assertEquals(message, refusal.getMessage());
  }

  @Test
  void refusesBytesThatNobodyAskedFor() throws IOException {
    replies.add(new Reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore", false));
    try (var connection = open()) {
      assertEquals(200, connection.exchange(get()).status());
      var refusal = assertThrows(IOException.class, () -> connection.exchange(get()));
      assertEquals("reply: 4 bytes behind its end (expected: none)", refusal.getMessage());
      assertFalse(connection.usable());
    }
  }

  @Test
  void doesNotWaitForEver() throws IOException {
    replies.add(new Reply.Silence());
    try (var connection =
        HttpConnection.open(address, LIMITS.withTimeout(Duration.ofMillis(300)))) {
      assertThrows(SocketTimeoutException.class, () -> connection.exchange(get()));
      assertFalse(connection.usable());
    }
  }

  @Test
  void tellsWhenNobodyListens() {
    // Nobody is given such a port.
    assertThrows(ConnectException.class, () -> HttpConnection.open(address.withPort(1), LIMITS));
  }

  @Test
  void refusesToSendABrokenHead() {
    for (var bad : List.of("a b", "a\r\nX: y", "ä\u0100")) {
      assertThrows(
          IllegalArgumentException.class,
          () -> HttpRequest.of("GET", "/" + bad, address, Map.of(), new byte[0]));
    }
    assertThrows(
        IllegalArgumentException.class,
        () -> HttpRequest.of("GET", "/", address, Map.of("Key", "a\r\nb"), new byte[0]));
  }

  @Test
  void showsTheBeginningOfABodyOnOneLine() {
    var body = ("a\r\n\tb" + "x".repeat(300)).getBytes(StandardCharsets.UTF_8);
    var excerpt = new HttpReply(500, body, true).excerpt();
    assertTrue(excerpt.startsWith("a bxxx"), excerpt);
    assertTrue(excerpt.endsWith("x…"), excerpt);
    assertTrue(excerpt.length() <= 201, excerpt);
  }
}
