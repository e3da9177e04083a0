package dev.heddle.loadtest.invoke;

import dev.heddle.process.HostPort;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/**
 * One keep-alive connection that costs as little as can be: prepared bytes go out, and of what
 * comes in only the status, the length and the body are looked at. Keeps the cookie that it was
 * given first, as a browser does. Owned by one thread.
 */
final class LoopConnection implements AutoCloseable {
  private static final int BUFFER = 64 << 10;
  private static final int EXCERPT = 200;
  private static final byte[] OK = ascii("HTTP/1.1 200 ");
  private static final byte[] HEAD_END = ascii("\r\n\r\n");
  private static final byte[] LENGTH = ascii("\r\ncontent-length:");
  private static final byte[] CHUNKED = ascii("\r\ntransfer-encoding: chunked\r\n");
  private static final byte[] LAST_CHUNK = ascii("0\r\n\r\n");

  private final SocketChannel channel;
  private final byte[] in = new byte[BUFFER];
  private final ByteBuffer inBuffer = ByteBuffer.wrap(in);
  private String cookie = "";
  private int headEnd;
  private int end;

  private LoopConnection(SocketChannel channel) {
    this.channel = channel;
  }

  /** A connection in blocking mode. */
  static LoopConnection open(HostPort address) throws IOException {
    var channel = SocketChannel.open();
    try {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.connect(new InetSocketAddress(address.host(), address.port()));
      return new LoopConnection(channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  SocketChannel channel() {
    return channel;
  }

  String cookie() {
    return cookie;
  }

  /** In blocking mode: sends the request and waits for the whole reply. */
  void exchange(byte[] request) throws IOException {
    send(request);
    while (!receive()) {
      // The read waits.
    }
    if (cookie.isEmpty()) {
      cookie = header("set-cookie").split(";", 2)[0];
    }
  }

  /** Sends a request that is small beside the socket's buffer. */
  void send(byte[] request) throws IOException {
    inBuffer.clear();
    var out = ByteBuffer.wrap(request);
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }

  /** Reads once; whether the reply is whole then. */
  boolean receive() throws IOException {
    if (!inBuffer.hasRemaining()) {
      throw new IOException("reply: too long (expected: at most " + BUFFER + " bytes)");
    }
    if (channel.read(inBuffer) < 0) {
      throw new EOFException("connection: closed by the server (expected: a reply)");
    }
    int limit = inBuffer.position();
    headEnd = find(HEAD_END, 0, limit) + HEAD_END.length;
    if (headEnd < HEAD_END.length) {
      return false;
    }
    int at = find(LENGTH, 0, headEnd);
    if (at >= 0) {
      end = headEnd + number(at + LENGTH.length);
      return limit >= end;
    }
    end = limit;
    return find(CHUNKED, 0, headEnd) < 0
        || (limit - headEnd >= LAST_CHUNK.length && matches(LAST_CHUNK, limit - LAST_CHUNK.length));
  }

  private int number(int from) {
    int at = from;
    int value = 0;
    while (in[at] == ' ') {
      at++;
    }
    while (in[at] >= '0' && in[at] <= '9') {
      value = value * 10 + in[at++] - '0';
    }
    return value;
  }

  /** Ignores the case of letters in what was received; the pattern has small ones. */
  private int find(byte[] pattern, int from, int limit) {
    for (int i = from; i <= limit - pattern.length; i++) {
      if (matches(pattern, i)) {
        return i;
      }
    }
    return -1;
  }

  private boolean matches(byte[] pattern, int at) {
    for (int i = 0; i < pattern.length; i++) {
      byte there = in[at + i];
      if (there != pattern[i] && (there < 'A' || there > 'Z' || there + 32 != pattern[i])) {
        return false;
      }
    }
    return true;
  }

  /** Of the last reply: whether its status was 200. */
  boolean ok() {
    return Arrays.equals(in, 0, OK.length, OK, 0, OK.length);
  }

  /** Of the last reply; 0: it is none. */
  int status() {
    int first = OK.length - "200 ".length();
    boolean digits = end > first + 3;
    for (int i = first; digits && i < first + 3; i++) {
      digits = in[i] >= '0' && in[i] <= '9';
    }
    return digits ? number(first) : 0;
  }

  /** Of the last reply, as it came: with the frames of its chunks, where it has such. */
  byte[] body() {
    return Arrays.copyOfRange(in, headEnd, end);
  }

  /** Of the last reply: whether its body is, or holds, so many bytes. */
  boolean holds(byte[] expected) {
    for (int i = headEnd; i <= end - expected.length; i++) {
      if (Arrays.equals(in, i, i + expected.length, expected, 0, expected.length)) {
        return true;
      }
    }
    return false;
  }

  /** A header of the last reply; empty: it has none. */
  String header(String name) {
    int at = find(ascii("\r\n" + name.toLowerCase(Locale.ROOT) + ":"), 0, headEnd);
    if (at < 0) {
      return "";
    }
    int from = at + name.length() + 3;
    int to = find(new byte[] {'\r'}, from, headEnd);
    return new String(in, from, to - from, StandardCharsets.ISO_8859_1).strip();
  }

  /** The beginning of the last reply, for messages. */
  String excerpt() {
    var line = new String(in, 0, headEnd, StandardCharsets.ISO_8859_1).lines().findFirst();
    int length = Math.min(end - headEnd, EXCERPT);
    var text = new String(in, headEnd, length, StandardCharsets.UTF_8);
    return line.orElse("") + " " + text.replaceAll("\\p{Cntrl}+", " ");
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
