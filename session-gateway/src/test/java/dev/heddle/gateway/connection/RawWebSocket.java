package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/** A WebSocket client that says what it is told, right or wrong, and checks what it hears. */
final class RawWebSocket implements AutoCloseable {
  static final int FIN = 0x80;
  static final int CONTINUATION = 0;
  static final int TEXT = 1;
  static final int BINARY = 2;
  static final int CLOSE = 8;
  static final int PING = 9;
  static final int PONG = 10;

  /** The example of RFC 6455 1.3, with the answer that it must get. */
  static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

  static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

  private final RawSocket socket;
  private final int extensionBits;

  /** A frame of the gateway. */
  record Frame(int first, byte[] payload) {
    int opcode() {
      return first & 0x0f;
    }

    boolean fin() {
      return (first & FIN) != 0;
    }

    /** The code of a close; 1005: it has none. */
    int code() {
      assertEquals(CLOSE, opcode(), this::toString);
      return payload.length < 2 ? 1005 : ((payload[0] & 0xff) << 8) | (payload[1] & 0xff);
    }

    String text() {
      return new String(payload, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return Integer.toHexString(first)
          + " "
          + payload.length
          + ": "
          + text().substring(0, Math.min(60, text().length()));
    }
  }

  private RawWebSocket(RawSocket socket, int extensionBits) {
    this.socket = socket;
    this.extensionBits = extensionBits;
  }

  static String handshake(String path, String... headers) {
    var lines = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    lines.append("Upgrade: websocket\r\nConnection: Upgrade\r\n");
    lines.append("Sec-WebSocket-Key: ").append(KEY).append("\r\nSec-WebSocket-Version: 13\r\n");
    for (String header : headers) {
      lines.append(header).append("\r\n");
    }
    return lines.append("\r\n").toString();
  }

  static RawWebSocket connect(int port, String path, String... headers) throws IOException {
    return connect(port, path, "", 0, headers);
  }

  /** One that offers compression, with whom that has to be agreed on; frames are as they come. */
  static RawWebSocket compressing(int port, String path, String... headers) throws IOException {
    return connect(
        port,
        path,
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        0x40,
        headers);
  }

  private static RawWebSocket connect(
      int port, String path, String extensions, int extensionBits, String... headers)
      throws IOException {
    var socket = new RawSocket(port);
    socket.write(handshake(path, headers));
    RawSocket.Answer answer = socket.answer();
    assertNotNull(answer, "the gateway hung up");
    assertEquals(101, answer.status(), answer.body());
    assertEquals(ACCEPT, answer.header("sec-websocket-accept"));
    assertEquals(extensions, answer.header("sec-websocket-extensions"));
    return new RawWebSocket(socket, extensionBits);
  }

  RawSocket socket() {
    return socket;
  }

  /** A frame as a client has to send it: masked, its length in the shortest form. */
  static byte[] frame(int first, byte[] payload) {
    byte[] mask = new byte[4];
    ThreadLocalRandom.current().nextBytes(mask);
    return frame(first, payload, mask);
  }

  static byte[] frame(int first, byte[] payload, byte[] mask) {
    byte[] masked = payload.clone();
    for (int i = 0; i < masked.length; i++) {
      masked[i] = (byte) (masked[i] ^ mask[i & 3]);
    }
    return join(head(first, payload.length, true), mask, masked);
  }

  static byte[] text(String text) {
    return frame(FIN | TEXT, text.getBytes(StandardCharsets.UTF_8));
  }

  static byte[] close(int code, String reason) {
    return frame(FIN | CLOSE, closing(code, reason.getBytes(StandardCharsets.UTF_8)));
  }

  static byte[] closing(int code, byte[] reason) {
    return ByteBuffer.allocate(2 + reason.length).putShort((short) code).put(reason).array();
  }

  /** The first bytes of a frame that says it is so long. */
  static byte[] head(int first, long length, boolean masked) {
    int mask = masked ? 0x80 : 0;
    if (length >= 0 && length < 126) {
      return new byte[] {(byte) first, (byte) (mask | (int) length)};
    }
    if (length >= 0 && length < 1 << 16) {
      return ByteBuffer.allocate(4)
          .put((byte) first)
          .put((byte) (mask | 126))
          .putShort((short) length)
          .array();
    }
    return ByteBuffer.allocate(10)
        .put((byte) first)
        .put((byte) (mask | 127))
        .putLong(length)
        .array();
  }

  static byte[] join(byte[]... parts) {
    var all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  void send(byte[]... frames) throws IOException {
    socket.write(join(frames));
  }

  /** Each byte by itself. */
  void drip(byte[] frame) throws IOException {
    for (byte one : frame) {
      socket.write(new byte[] {one});
    }
  }

  /** The next frame, which has to keep to what RFC 6455 asks of a server. */
  Frame next() throws IOException {
    DataInputStream in = socket.in();
    int first = in.readUnsignedByte();
    int second = in.readUnsignedByte();
    assertEquals(0, second & 0x80, "5.1: a server must not mask");
    assertEquals(0, first & 0x70 & ~extensionBits, "5.2: no extension was negotiated");
    long length = second & 0x7f;
    if (length == 126) {
      length = in.readUnsignedShort();
    } else if (length == 127) {
      length = in.readLong();
    }
    byte[] payload = new byte[Math.toIntExact(length)];
    in.readFully(payload);
    return new Frame(first, payload);
  }

  /** The next message, put together. */
  Frame message() throws IOException {
    Frame frame = next();
    if (frame.opcode() >= CLOSE || frame.fin()) {
      return frame;
    }
    var all = new ByteArrayOutputStream();
    all.writeBytes(frame.payload());
    while (true) {
      Frame more = next();
      assertEquals(CONTINUATION, more.opcode(), "5.4: a message goes on");
      all.writeBytes(more.payload());
      if (more.fin()) {
        return new Frame(frame.first() | FIN, all.toByteArray());
      }
    }
  }

  void expect(int opcode, byte[] payload) throws IOException {
    Frame frame = message();
    assertEquals(opcode, frame.opcode(), frame::toString);
    if (!Arrays.equals(payload, frame.payload())) {
      throw new AssertionError("other bytes came back: " + frame);
    }
  }

  /** The close that comes next, and nothing after it. */
  int closed() throws IOException {
    int code = next().code();
    assertEquals(0, socket.drain(), "7.1.1: nothing follows a close");
    return code;
  }

  /** Whether it ended, with a close or without one, within the test's patience. */
  void untilEnd() throws IOException {
    try {
      while (next().opcode() != CLOSE) {
        // An answer to something.
      }
      socket.drain();
    } catch (EOFException | SocketException e) {
      // Hung up.
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
