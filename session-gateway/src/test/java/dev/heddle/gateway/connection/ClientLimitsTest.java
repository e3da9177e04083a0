package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.http.ForwardedHeader;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualTicker;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What one client may take, behind a proxy that says who it is. */
@Timeout(60)
class ClientLimitsTest {
  private static final int ATTEMPTS = 5;
  private static final int FRAMES = 20;
  private static GatewayFixture fixture;

  @BeforeAll
  static void start(@TempDir Path directory) {
    fixture =
        new GatewayFixture(
                directory,
                ClientLimitsTest::settings,
                Credentials.none(),
                Clock.systemUTC(),
                // A second's worth is all that anybody gets.
                new ManualTicker())
            .readyForPeers();
    fixture.app(
        "open",
        """
        name: open
        routes: {$default: {function: echo}, $connect: {function: hello}}
        autoReplies: {ping: pong}
        """);
    fixture.app(
        "members",
        """
        name: members
        routes: {$default: {function: echo}}
        authentication: {session: user}
        """);
    fixture.coordinator.handlers.put("echo", Rfc6455Test::echo);
    fixture.coordinator.handlers.put("hello", request -> "{\"statusCode\":200}");
  }

  private static GatewayConfig settings(GatewayConfig config) {
    var client =
        new ClientLimits(
            1,
            2,
            1,
            ATTEMPTS,
            FRAMES,
            DataSize.ofKiB(64),
            List.of("127.0.0.1", "10.0.0.0/8"),
            ForwardedHeader.X_FORWARDED_FOR);
    return GatewaySettings.of(config).client(client).config();
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  @AfterEach
  void nothingIsKeptOfWhoHasLeft() {
    Eventually.eventually("all places are free", () -> fixture.gateway.connections() == 0);
    Eventually.eventually(
        "nobody is counted",
        () -> fixture.telemetry.prometheus().contains("heddle_gateway_visitors 0.0"));
  }

  private static RawWebSocket connect(String app, String from, String... headers)
      throws IOException {
    String[] all = Arrays.copyOf(headers, headers.length + 1);
    all[headers.length] = "X-Forwarded-For: " + from;
    return RawWebSocket.connect(fixture.gateway.httpPort(), "/ws/" + app, all);
  }

  private static RawSocket.Answer refused(String app, String from, String... headers)
      throws IOException {
    String[] all = Arrays.copyOf(headers, headers.length + 1);
    all[headers.length] = "X-Forwarded-For: " + from;
    try (var socket = new RawSocket(fixture.gateway.httpPort())) {
      socket.write(RawWebSocket.handshake("/ws/" + app, all));
      RawSocket.Answer answer = socket.answer();
      assertNotNull(answer);
      return answer;
    }
  }

  private static RawSocket.Answer http(String method, String path, String from, String body)
      throws IOException {
    try (var socket = new RawSocket(fixture.gateway.httpPort())) {
      socket.write(
          method
              + " "
              + path
              + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-For: "
              + from
              + "\r\nContent-Length: "
              + body.length()
              + "\r\n\r\n"
              + body);
      RawSocket.Answer answer = socket.answer();
      assertNotNull(answer);
      return answer;
    }
  }

  @Test
  void anAddressHasSoManyConnectionsOverAllTransports() throws Exception {
    String from = "192.0.2.1";
    try (var first = connect("open", from)) {
      try (var second = connect("open", from)) {
        RawSocket.Answer third = refused("open", from);
        assertEquals(429, third.status(), third::toString);
        assertTrue(third.body().contains("LIMIT_REACHED"), third::toString);
        assertEquals(429, http("GET", "/poll/open", from, "").status());
        assertEquals(200, http("GET", "/poll/open", "192.0.2.2", "").status());
        second.send(RawWebSocket.close(1000, ""));
        assertEquals(1000, second.closed());
      }
      Eventually.eventually("one has left", () -> fixture.gateway.connections() == 1);
      assertEquals(200, http("GET", "/poll/open", from, "").status());
      first.send(RawWebSocket.text("hello"));
      assertEquals("hello", first.message().text());
    }
  }

  @Test
  void whatTheClientWroteItselfIsNotBelieved() throws Exception {
    fixture.coordinator.invocations.clear();
    try (var first = connect("open", "198.51.100.1, 192.0.2.3, 10.0.0.7");
        var second = connect("open", "198.51.100.2, 192.0.2.3")) {
      assertEquals(429, refused("open", "198.51.100.3, 192.0.2.3").status());
      var event =
          Json.parse(
              fixture.coordinator.invocations.stream()
                  .filter(request -> request.getFunction().equals("hello"))
                  .findFirst()
                  .orElseThrow()
                  .getEventJson()
                  .toByteArray());
      assertEquals("192.0.2.3", event.at("/requestContext/identity/sourceIp").stringValue());
      first.send(RawWebSocket.text("1"));
      second.send(RawWebSocket.text("2"));
      assertEquals("1", first.message().text());
      assertEquals("2", second.message().text());
    }
  }

  @Test
  void whoComesTooOftenIsToldWhenToComeAgain() throws Exception {
    for (int i = 0; i < ATTEMPTS; i++) {
      assertEquals(200, http("GET", "/poll/open", "192.0.2.4", "").status());
    }
    RawSocket.Answer answer = http("GET", "/poll/open", "192.0.2.4", "");
    assertEquals(429, answer.status());
    assertEquals("1", answer.header("retry-after"), answer::toString);
    assertEquals(200, http("GET", "/poll/open", "192.0.2.5", "").status(), "another address");
  }

  @Test
  void whoSendsTooManyFramesIsHungUpOn() throws Exception {
    try (var socket = connect("open", "192.0.2.6")) {
      byte[] ping = RawWebSocket.text("ping");
      byte[][] many = new byte[1_000][];
      Arrays.fill(many, ping);
      socket.send(many);
      RawWebSocket.Frame frame = socket.message();
      int pongs = 0;
      for (; frame.opcode() == RawWebSocket.TEXT; frame = socket.message()) {
        assertEquals("pong", frame.text());
        pongs++;
      }
      assertEquals(1008, frame.code());
      assertEquals(FRAMES, pongs);
    }
  }

  @Test
  void whoSendsTooManyBytesIsHungUpOn() throws Exception {
    try (var socket = connect("open", "192.0.2.7")) {
      byte[] large = RawWebSocket.frame(RawWebSocket.FIN | RawWebSocket.BINARY, new byte[100_000]);
      for (int i = 0; i < 10; i++) {
        socket.send(large);
      }
      assertEquals(RawWebSocket.BINARY, socket.message().opcode(), "one passes alone");
      assertEquals(1008, socket.message().code());
    }
  }

  @Test
  void framesThatComeByThemselvesAreCountedToo() throws Exception {
    String resume =
        Json.parse(http("GET", "/poll/open", "192.0.2.8", "").body()).path("resume").stringValue();
    String path = "/poll/open?resume=" + resume;
    for (int i = 0; i < FRAMES; i++) {
      RawSocket.Answer passed = http("POST", path, "192.0.2.8", "ping");
      assertEquals(200, passed.status(), passed::toString);
    }
    RawSocket.Answer answer = http("POST", path, "192.0.2.8", "ping");
    assertEquals(429, answer.status(), answer::toString);
    assertEquals("1", answer.header("retry-after"), answer::toString);
  }

  @Test
  void aUserHasSoManyConnectionsFromWhereverTheyCome() throws Exception {
    String cookie = http("GET", "/poll/open", "192.0.2.9", "").header("set-cookie");
    cookie = cookie.substring(0, cookie.indexOf(';'));
    fixture.login(
        cookie.substring(cookie.indexOf('=') + 1, cookie.indexOf('.')), "user", "\"ada\"");
    String header = "Cookie: " + cookie;
    try (var socket = connect("members", "192.0.2.10", header)) {
      assertEquals(429, refused("members", "192.0.2.11", header).status());
      socket.send(RawWebSocket.text("still"));
      assertEquals("still", socket.message().text());
      socket.send(RawWebSocket.close(1000, ""));
      assertEquals(1000, socket.closed());
    }
    Eventually.eventually("it has left", () -> fixture.gateway.connections() == 0);
    connect("members", "192.0.2.11", header).close();
  }

  @Test
  void thisMachineItselfIsNotCounted() throws Exception {
    for (int i = 0; i < 5; i++) {
      assertEquals(200, fixture.send("GET", "/poll/open", "").statusCode());
    }
  }
}
