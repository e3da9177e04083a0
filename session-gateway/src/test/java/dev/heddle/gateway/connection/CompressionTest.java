package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.process.testing.Eventually;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** permessage-deflate of an app that asks for it, with a client of its own, and with Jetty's. */
@Timeout(120)
class CompressionTest {
  private static final String APP =
      """
      name: echo
      routes:
        $default: {function: echo}
      compression: {above: 1KiB}
      channels: {news: {subscribe: true}}
      """;
  private static final String OFFER = "Sec-WebSocket-Extensions: permessage-deflate";

  /** Jetty's client goes by what it offers, not by the answer. */
  private static final Map<String, String> ITS_OFFER =
      Map.of(
          "Sec-WebSocket-Extensions",
          "permessage-deflate; client_no_context_takeover; server_no_context_takeover");

  private static final int COMPRESSED = 0x40;
  private static final int FIN = RawWebSocket.FIN;
  private static final int MESSAGE = 128 << 10;

  private static GatewayFixture fixture;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    fixture = new GatewayFixture(directory).ready();
    fixture.app("echo", APP);
    fixture.coordinator.handlers.put("echo", Rfc6455Test::echo);
    library = SocketClient.library();
  }

  @AfterAll
  static void stop() throws Exception {
    library.stop();
    fixture.close();
  }

  @AfterEach
  void nothingIsLeft() {
    Eventually.eventually("all places are free", () -> fixture.gateway.connections() == 0);
  }

  private static RawWebSocket connect() throws IOException {
    return RawWebSocket.compressing(fixture.gateway.httpPort(), "/ws/echo", OFFER);
  }

  private static byte[] deflate(byte[] message) {
    var deflater = new Deflater(9, true);
    deflater.setInput(message);
    var all = new ByteArrayOutputStream();
    byte[] part = new byte[4_096];
    int length;
    do {
      length = deflater.deflate(part, 0, part.length, Deflater.SYNC_FLUSH);
      all.write(part, 0, length);
    } while (length == part.length);
    deflater.end();
    return Arrays.copyOf(all.toByteArray(), all.size() - 4);
  }

  private static byte[] inflate(byte[] compressed) throws DataFormatException {
    var inflater = new Inflater(true);
    inflater.setInput(RawWebSocket.join(compressed, new byte[] {0, 0, (byte) 0xff, (byte) 0xff}));
    byte[] out = new byte[1 << 20];
    int length = inflater.inflate(out);
    inflater.end();
    return Arrays.copyOf(out, length);
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    Arrays.fill(bytes, (byte) '*');
    return bytes;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          permessage-deflate | permessage-deflate; server_no_context_takeover; client_no_context_takeover
          permessage-deflate; client_max_window_bits | permessage-deflate; server_no_context_takeover; client_no_context_takeover
          permessage-deflate; server_max_window_bits=9 | permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9
          permessage-deflate; unknown |
          permessage-deflate; server_max_window_bits=16 |
          x-webkit-deflate-frame |
          """)
  void agreesOnMessagesThatAreEachForThemselves(String offer, String answer) throws IOException {
    try (var socket = new RawSocket(fixture.gateway.httpPort())) {
      socket.write(RawWebSocket.handshake("/ws/echo", "Sec-WebSocket-Extensions: " + offer));
      RawSocket.Answer answered = socket.answer();
      assertEquals(101, answered.status(), answered::toString);
      assertEquals(answer == null ? "" : answer, answered.header("sec-websocket-extensions"));
    }
  }

  @Test
  void compressesWhatIsLargerThanTheBound() throws Exception {
    try (var socket = connect()) {
      byte[] large = bytes(1_025);
      socket.send(RawWebSocket.frame(FIN | COMPRESSED | RawWebSocket.BINARY, deflate(large)));
      RawWebSocket.Frame answer = socket.next();
      assertEquals(FIN | COMPRESSED | RawWebSocket.BINARY, answer.first());
      assertTrue(answer.payload().length < 50, answer::toString);
      assertArrayEquals(large, inflate(answer.payload()));
      // Compression is the sender's to choose for each message.
      socket.send(RawWebSocket.frame(FIN | RawWebSocket.TEXT, bytes(1_024)));
      socket.expect(RawWebSocket.TEXT, bytes(1_024));
    }
  }

  @Test
  void takesCompressedMessagesInAllForms() throws Exception {
    byte[] hello = HexFormat.of().parseHex("f248cdc9c90700");
    try (var socket = connect()) {
      socket.send(RawWebSocket.frame(FIN | COMPRESSED | RawWebSocket.TEXT, hello));
      assertEquals("Hello", socket.message().text());
      socket.send(
          RawWebSocket.frame(COMPRESSED | RawWebSocket.TEXT, Arrays.copyOf(hello, 3)),
          RawWebSocket.frame(FIN | RawWebSocket.PING, new byte[0]),
          RawWebSocket.frame(
              FIN | RawWebSocket.CONTINUATION, Arrays.copyOfRange(hello, 3, hello.length)));
      assertEquals(RawWebSocket.PONG, socket.message().opcode());
      assertEquals("Hello", socket.message().text());
      for (byte[] empty : List.of(new byte[0], new byte[1])) {
        socket.send(RawWebSocket.frame(FIN | COMPRESSED | RawWebSocket.TEXT, empty));
        assertEquals("", socket.message().text());
      }
      byte[] random = new byte[MESSAGE];
      new java.util.Random(1).nextBytes(random);
      socket.send(RawWebSocket.frame(FIN | COMPRESSED | RawWebSocket.BINARY, deflate(random)));
      // As it is: compressed, it would be larger.
      socket.expect(RawWebSocket.BINARY, random);
    }
  }

  @Test
  void whatIsNoCompressedMessageEndsTheConnection() throws IOException {
    record Case(int code, byte[] frame) {}
    for (Case each :
        List.of(
            new Case(1007, RawWebSocket.frame(FIN | COMPRESSED | RawWebSocket.TEXT, bytes(9))),
            new Case(
                1007,
                RawWebSocket.frame(
                    FIN | COMPRESSED | RawWebSocket.TEXT, deflate(new byte[] {(byte) 0xff}))),
            new Case(
                1009,
                RawWebSocket.frame(
                    FIN | COMPRESSED | RawWebSocket.BINARY, deflate(new byte[MESSAGE + 1]))),
            new Case(
                1009,
                RawWebSocket.frame(
                    FIN | COMPRESSED | RawWebSocket.BINARY, deflate(new byte[64 << 20]))),
            new Case(1002, RawWebSocket.frame(FIN | COMPRESSED | RawWebSocket.PING, new byte[0])),
            new Case(1002, RawWebSocket.frame(FIN | 0x60 | RawWebSocket.TEXT, bytes(1))))) {
      try (var socket = connect()) {
        socket.send(each.frame());
        assertEquals(each.code(), socket.closed());
      }
    }
  }

  @Test
  void anUnmodifiedClientsMessagesComeBack() throws Exception {
    try (var socket =
        SocketClient.connect(library, fixture.gateway.httpPort(), "/ws/echo", "", ITS_OFFER)) {
      assertEquals(
          "permessage-deflate",
          socket.session.getUpgradeResponse().getExtensions().getFirst().getName());
      for (int length : new int[] {0, 1, 1_000, 1_024, 1_025, 20_000, MESSAGE}) {
        String text = "a text of which much comes again, ".repeat(4_000).substring(0, length);
        socket.send(text);
        assertEquals(text, socket.nextText());
      }
    }
  }

  @Test
  void aMessageToManyReachesThoseWhoTakeItCompressedAndOthers() throws Exception {
    var sockets = new ArrayList<SocketClient>();
    try {
      for (int i = 0; i < 40; i++) {
        var socket =
            SocketClient.connect(
                library,
                fixture.gateway.httpPort(),
                "/ws/echo",
                "heddle.v1",
                i % 2 == 0 ? ITS_OFFER : Map.of());
        sockets.add(socket);
        var _ = socket.next();
        socket.send("{\"heddle\":\"subscribe\",\"channel\":\"news\"}");
        assertEquals("subscribed", socket.next().path("heddle").asString());
      }
      String text = "news, ".repeat(1_000);
      assertEquals(200, fixture.send("POST", "/v1/channels/news", text).statusCode());
      for (SocketClient socket : sockets) {
        assertEquals(text, socket.next().path("body").asString());
      }
    } finally {
      sockets.forEach(SocketClient::close);
    }
  }

  @Test
  void nobodyIsServedCompressedWhereTheAppSaysNothing() throws IOException {
    fixture.app("plain", "name: plain\nroutes: {$default: {function: echo}}\n");
    try (var socket = RawWebSocket.connect(fixture.gateway.httpPort(), "/ws/plain", OFFER)) {
      byte[] text = "plain".getBytes(StandardCharsets.UTF_8);
      socket.send(RawWebSocket.frame(FIN | RawWebSocket.TEXT, text));
      socket.expect(RawWebSocket.TEXT, text);
    }
  }
}
