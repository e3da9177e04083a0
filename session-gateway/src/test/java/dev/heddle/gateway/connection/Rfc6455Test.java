package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.connection.Rfc6455Cases.Case;
import dev.heddle.gateway.connection.Rfc6455Cases.Message;
import dev.heddle.gateway.connection.Rfc6455Cases.Outcome;
import dev.heddle.json.Json;
import dev.heddle.process.testing.Eventually;
import dev.heddle.v1.InvokeRequest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** What RFC 6455 asks of a server, over a plain TCP socket. */
@Timeout(60)
class Rfc6455Test {
  private static final String APP =
      """
      name: echo
      routes:
        $default: {function: echo}
        $connect: {function: hello}
      """;
  private static GatewayFixture fixture;

  @BeforeAll
  static void start(@TempDir Path directory) {
    fixture = new GatewayFixture(directory).ready();
    fixture.app("echo", APP);
    fixture.coordinator.handlers.put("echo", Rfc6455Test::echo);
    fixture.coordinator.handlers.put("hello", request -> "{\"statusCode\":200}");
  }

  static String echo(InvokeRequest request) {
    JsonNode event = Json.parse(request.getEventJson().toByteArray());
    var reply = Json.object();
    reply.set("body", event.get("body"));
    reply.set("isBase64Encoded", event.get("isBase64Encoded"));
    return reply.toString();
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  @AfterEach
  void nothingIsLeft() {
    Eventually.eventually("all places are free", () -> fixture.gateway.connections() == 0);
    fixture.coordinator.invocations.clear();
    fixture.coordinator.contexts.clear();
  }

  private static RawWebSocket connect(String... headers) throws IOException {
    return RawWebSocket.connect(fixture.gateway.httpPort(), "/ws/echo", headers);
  }

  static List<Case> cases() {
    return Rfc6455Cases.all();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void keepsTo(Case each) throws IOException {
    try (var socket = connect()) {
      for (byte[] part : each.parts()) {
        if (each.dripped()) {
          socket.drip(part);
        } else {
          socket.send(part);
        }
      }
      switch (each.outcome()) {
        case Outcome.Answers(List<Message> messages) -> {
          expect(socket, messages);
          assertLives(socket);
        }
        case Outcome.Closes(List<Message> messages, List<Integer> codes) -> {
          expect(socket, messages);
          int code = socket.closed();
          assertTrue(codes.contains(code), () -> "close " + code + " (expected: " + codes + ")");
        }
      }
    }
  }

  private static void expect(RawWebSocket socket, List<Message> messages) throws IOException {
    for (Message message : messages) {
      socket.expect(message.opcode(), message.payload());
    }
  }

  private static void assertLives(RawWebSocket socket) throws IOException {
    socket.send(RawWebSocket.text("still here"));
    assertEquals("still here", socket.message().text());
    socket.send(RawWebSocket.close(1000, "bye"));
    assertEquals(1000, socket.closed());
  }

  @Test
  void compressionIsNotAgreedOn() throws IOException {
    for (String offer :
        List.of(
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=\"10\"")) {
      // RawWebSocket refuses an answer that names an extension.
      try (var socket = connect("Sec-WebSocket-Extensions: " + offer)) {
        assertLives(socket);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          4.1 no key                  | Sec-WebSocket-Key: KEY     |                                       | 400
          4.1 a key of 15 bytes       | Sec-WebSocket-Key: KEY     | Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA | 400
          4.1 a key that is no base64 | Sec-WebSocket-Key: KEY     | Sec-WebSocket-Key: ######################== | 400
          4.1 an empty key            | Sec-WebSocket-Key: KEY     | Sec-WebSocket-Key:                    | 400
          4.1 two keys                | Sec-WebSocket-Version: 13  | Sec-WebSocket-Version: 13+Sec-WebSocket-Key: KEY | 400
          4.2.1 no version            | Sec-WebSocket-Version: 13  |                                       | 426
          4.4 an old version          | Sec-WebSocket-Version: 13  | Sec-WebSocket-Version: 8              | 426
          4.4 two versions            | Sec-WebSocket-Version: 13  | Sec-WebSocket-Version: 13, 8          | 426
          4.2.1 no upgrade            | Upgrade: websocket         |                                       | 426
          4.2.1 another upgrade       | Upgrade: websocket         | Upgrade: h2c                          | 426
          4.2.1 one of two upgrades   | Upgrade: websocket         | Upgrade: h2c, websocket               | 426
          4.2.1 no connection         | Connection: Upgrade        |                                       | 400
          4.2.1 another connection    | Connection: Upgrade        | Connection: keep-alive                | 400
          4.1 HTTP/1.0                | HTTP/1.1                   | HTTP/1.0                              | 426
          4.1 another method          | GET                        | POST                                  | 405
          4.1 a body                  | Upgrade: websocket         | Upgrade: websocket+Content-Length: 5  | 400
          4.1 a chunked body          | Upgrade: websocket         | Upgrade: websocket+Transfer-Encoding: chunked | 400
          9.1 extensions without name | Upgrade: websocket         | Upgrade: websocket+Sec-WebSocket-Extensions: ;;= | 400
          9.1 no extension            | Upgrade: websocket         | Upgrade: websocket+Sec-WebSocket-Extensions: , | 400
          9.1 a name that is no token | Upgrade: websocket         | Upgrade: websocket+Sec-WebSocket-Extensions: @identity | 400
          9.1 a value that is none    | Upgrade: websocket         | Upgrade: websocket+Sec-WebSocket-Extensions: a; b=c d | 400
          11.3.4 a protocol that is no token | Upgrade: websocket  | Upgrade: websocket+Sec-WebSocket-Protocol: a b | 400
          """)
  void aHandshakeThatIsNoneWakesNobody(String name, String what, String by, int status)
      throws IOException {
    String lines = RawWebSocket.handshake("/ws/echo");
    String old = what.replace("KEY", RawWebSocket.KEY);
    String replacement = by == null ? "" : by.replace("KEY", RawWebSocket.KEY).replace("+", "\r\n");
    String request = lines.replace(by == null ? old + "\r\n" : old, replacement);
    try (var socket = new RawSocket(fixture.gateway.httpPort())) {
      socket.write(request.contains("Content-Length") ? request + "hello" : request);
      RawSocket.Answer answer = socket.answer();
      assertEquals(status, answer.status(), () -> name + ": " + answer);
      if (status == 426) {
        assertEquals("13", answer.header("sec-websocket-version"), answer::toString);
        assertEquals("websocket", answer.header("upgrade"), answer::toString);
      }
    }
    assertTrue(fixture.coordinator.invocations.isEmpty(), () -> name + ": $connect was woken");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Upgrade: websocket | Upgrade: WebSocket",
        "Upgrade: websocket | upgrade:   WEBSOCKET",
        "Connection: Upgrade | Connection: keep-alive, UPGRADE",
        "Connection: Upgrade | connection:Upgrade"
      })
  void aHandshakeMayBeWrittenOtherwise(String what, String by) throws IOException {
    String request = RawWebSocket.handshake("/ws/echo").replace(what, by);
    try (var socket = new RawSocket(fixture.gateway.httpPort())) {
      socket.write(request);
      RawSocket.Answer answer = socket.answer();
      assertEquals(101, answer.status(), answer::toString);
      assertEquals(RawWebSocket.ACCEPT, answer.header("sec-websocket-accept"));
    }
  }

  @Test
  void aSubprotocolInOtherLettersIsAnother() throws IOException {
    try (var socket = new RawSocket(fixture.gateway.httpPort())) {
      socket.write(RawWebSocket.handshake("/ws/echo", "Sec-WebSocket-Protocol: HEDDLE.V1"));
      RawSocket.Answer answer = socket.answer();
      assertEquals(101, answer.status(), answer::toString);
      assertEquals("", answer.header("sec-websocket-protocol"), answer::toString);
    }
  }

  @Test
  void framesMayFollowTheHandshakeAtOnce() throws IOException {
    try (var socket = new RawSocket(fixture.gateway.httpPort())) {
      socket.write(
          RawWebSocket.join(
              RawWebSocket.handshake("/ws/echo").getBytes(StandardCharsets.US_ASCII),
              RawWebSocket.text("early"),
              RawWebSocket.close(1000, "")));
      assertEquals(101, socket.answer().status());
      assertEquals(0x81, socket.in().readUnsignedByte());
      assertEquals(5, socket.in().readUnsignedByte());
      assertEquals("early", new String(socket.in().readNBytes(5), StandardCharsets.US_ASCII));
      assertEquals(0x88, socket.in().readUnsignedByte());
    }
  }
}
