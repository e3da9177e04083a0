package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.process.testing.Eventually;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bytes by chance against a gateway: it never fails by itself, serves the next client, and keeps
 * nothing. A failure names the seed that repeats it.
 */
class FuzzTest {
  private static final int ROUND = 500;

  /** Of clients that are about to leave. */
  private static final int SPARE_BUFFERS = 16;

  private static final List<String> REQUESTS =
      List.of(
          RawWebSocket.handshake("/ws/echo"),
          RawWebSocket.handshake("/ws/echo", "Sec-WebSocket-Protocol: heddle.v1"),
          lines("GET /poll/echo HTTP/1.1\nHost: localhost\n\n"),
          lines("GET /sse/echo HTTP/1.1\nHost: localhost\nConnection: close\n\n"),
          lines(
              """
              POST /poll/echo?resume=x&number=1 HTTP/1.1
              Host: localhost
              Content-Length: 4

              ping\
              """),
          lines(
              """
              POST /v1/datasets/dbpedia/query HTTP/1.1
              Host: localhost
              Transfer-Encoding: chunked

              d
              {"query":"a"}
              0

              """),
          lines(
              """
              PUT /v1/datasets/dbpedia/docs/a%2fb HTTP/1.1
              Host: localhost
              Content-Length: 9

              {"a":"b"}\
              """),
          lines(
              """
              POST /run/echo HTTP/1.1
              Host: localhost
              Content-Length: 2
              Cookie: a=b

              {}\
              """),
          lines(
              """
              POST /@connections/abcdefgh HTTP/1.1
              Host: localhost
              Content-Length: 2

              {}\
              """),
          lines("OPTIONS /poll/echo HTTP/1.1\nHost: localhost\nOrigin: https://a.example\n\n"));
  private static final List<String> FRAMES =
      List.of(
          "{\"action\":\"say\",\"id\":1}",
          "{\"heddle\":\"message\",\"number\":1,\"body\":\"x\"}",
          "{\"heddle\":\"message\",\"number\":2,\"body\":\"eA==\",\"isBase64Encoded\":true}",
          "{\"heddle\":\"ack\",\"offset\":1}",
          "{\"heddle\":\"close\"}",
          "ping",
          "\"\\ud800\"",
          "[[[[[[[[");
  private static GatewayFixture fixture;

  private static String lines(String text) {
    return text.replace("\n", "\r\n");
  }

  @BeforeAll
  static void start(@TempDir Path directory) {
    fixture = new GatewayFixture(directory).ready();
    fixture.app(
        "echo",
        """
        name: echo
        routes: {$default: {function: echo}}
        autoReplies: {ping: pong}
        limits: {resume: 1s}
        """);
    fixture.coordinator.handlers.put("echo", Rfc6455Test::echo);
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  @Test
  @Timeout(300)
  void withstandsAFewThousandAttempts() throws Exception {
    run(6_455, 3_000);
  }

  @Test
  @Tag("chaos")
  @Timeout(1_800)
  void withstandsManyAttempts() throws Exception {
    // Always the same ones, unless others are asked for: what they find is then found again.
    run(Long.getLong("heddle.fuzz.seed", 1_000_000), 100_000);
  }

  private static void run(long seed, int attempts) throws Exception {
    double buffers = 0;
    for (int i = 0; i < attempts; i++) {
      long each = seed + i;
      try {
        attempt(new Random(each));
        if (i % ROUND == ROUND - 1) {
          settled();
          // The first round fills the caches of what is in use all the time.
          if (i < ROUND) {
            buffers = metric("heddle_gateway_buffers") + SPARE_BUFFERS;
          }
          double most = buffers;
          if (metric("heddle_gateway_buffers") > most) {
            forgetGarbage();
          }
          Eventually.eventually(
              "no more than " + most + " buffers are in use",
              () -> metric("heddle_gateway_buffers") <= most);
        }
      } catch (AssertionError | Exception e) {
        throw new AssertionError("seed " + each + "L, attempt " + i + ": " + e.getMessage(), e);
      }
      fixture.coordinator.invocations.clear();
      fixture.coordinator.contexts.clear();
      fixture.coordinator.queries.clear();
    }
    settled();
  }

  /**
   * Jetty 12.1.12 does not give back what holds the first part of a frame whose connection ends
   * before the rest of it. Its pool knows what is in use by weak references, and forgets what
   * nobody has any more when it next looks for a buffer: so that memory is not lost, but counted
   * until then.
   */
  private static void forgetGarbage() throws Exception {
    System.gc();
    var crowd = new ArrayList<RawWebSocket>();
    try {
      for (int i = 0; i < 2 * SPARE_BUFFERS; i++) {
        crowd.add(RawWebSocket.connect(fixture.gateway.httpPort(), "/ws/echo"));
      }
      for (var socket : crowd) {
        socket.send(RawWebSocket.text("look"));
        assertEquals("look", socket.message().text());
      }
    } finally {
      for (var socket : crowd) {
        socket.close();
      }
    }
    settled();
  }

  private static double metric(String name) {
    return fixture
        .telemetry
        .prometheus()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no metric " + name));
  }

  /** Nothing is held, and who comes next is served. */
  private static void settled() throws Exception {
    Eventually.eventually("all places are free", () -> fixture.gateway.connections() == 0);
    assertEquals(200, fixture.send("GET", "/healthz", "").statusCode());
    try (var socket = RawWebSocket.connect(fixture.gateway.httpPort(), "/ws/echo")) {
      socket.send(RawWebSocket.text("next"));
      assertEquals("next", socket.message().text());
      socket.send(RawWebSocket.close(1000, ""));
      assertEquals(1000, socket.closed());
    }
    Eventually.eventually("it has left, too", () -> fixture.gateway.connections() == 0);
  }

  private static void attempt(Random random) throws IOException {
    try (var socket = new RawSocket(fixture.gateway.httpPort())) {
      switch (random.nextInt(4)) {
        case 0 -> socket.write(bytes(random, 1 + random.nextInt(600)));
        case 1 -> socket.write(mutated(random, request(random)));
        // At once: what comes while a stream runs hides the end behind it.
        case 2 ->
            socket.write(RawWebSocket.join(request(random), bytes(random, random.nextInt(300))));
        default -> frames(random, socket);
      }
      if (random.nextInt(8) == 0) {
        socket.reset();
        return;
      }
      socket.shutdownOutput();
      assertNoFailure(socket);
    }
  }

  private static byte[] request(Random random) {
    return REQUESTS.get(random.nextInt(REQUESTS.size())).getBytes(StandardCharsets.ISO_8859_1);
  }

  private static void frames(Random random, RawSocket socket) throws IOException {
    socket.write(REQUESTS.get(random.nextInt(2)).getBytes(StandardCharsets.ISO_8859_1));
    RawSocket.Answer answer = socket.answer();
    assertNotNull(answer, "the handshake was not answered");
    assertEquals(101, answer.status());
    for (int i = random.nextInt(6); i >= 0; i--) {
      byte[] frame = frame(random);
      socket.write(random.nextInt(3) == 0 ? mutated(random, frame) : frame);
    }
  }

  private static byte[] frame(Random random) {
    int[] firsts = {0x81, 0x81, 0x82, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8a, random.nextInt(256)};
    int first = firsts[random.nextInt(firsts.length)];
    byte[] payload =
        switch (random.nextInt(3)) {
          case 0 -> bytes(random, random.nextInt(200));
          case 1 -> mutated(random, text(random));
          default -> text(random);
        };
    return RawWebSocket.frame(first, payload, bytes(random, 4));
  }

  private static byte[] text(Random random) {
    return FRAMES.get(random.nextInt(FRAMES.size())).getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  /** A few bytes changed, put in, taken out or doubled. */
  private static byte[] mutated(Random random, byte[] good) {
    byte[] bad = good;
    for (int i = random.nextInt(4); i >= 0 && bad.length > 0; i--) {
      int at = random.nextInt(bad.length);
      byte[] before = Arrays.copyOf(bad, at);
      byte[] after = Arrays.copyOfRange(bad, at, bad.length);
      bad =
          switch (random.nextInt(5)) {
            case 0 -> RawWebSocket.join(before, bytes(random, 1), after);
            case 1 -> RawWebSocket.join(before, bytes(random, random.nextInt(20)), after);
            case 2 -> before;
            case 3 -> RawWebSocket.join(before, after, after);
            default -> {
              byte[] flipped = bad.clone();
              flipped[at] = (byte) (flipped[at] ^ (1 << random.nextInt(8)));
              yield flipped;
            }
          };
    }
    return bad;
  }

  /** The gateway hangs up in the end, and never says that something failed in it. */
  private static void assertNoFailure(RawSocket socket) throws IOException {
    byte[] said = socket.rest();
    String text = new String(said, StandardCharsets.ISO_8859_1);
    assertFalse(text.contains("HTTP/1.1 500"), text);
    assertFalse(text.contains("\"INTERNAL\",\"kind\""), text);
  }
}
