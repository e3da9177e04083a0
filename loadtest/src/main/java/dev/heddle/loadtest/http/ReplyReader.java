package dev.heddle.loadtest.http;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Reads HTTP/1.1 replies off a stream: with a length, in chunks, or up to the end of the stream.
 * Owned by the connection's thread.
 */
final class ReplyReader {
  private static final int BUFFER = 32 * 1_024;
  private static final long UNTIL_END = -1;
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.([01]) ([1-5][0-9]{2})(?: .*)?");
  private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");
  private static final Pattern CHUNK = Pattern.compile("([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?");

  private final InputStream in;
  private final long maxHead;
  private final long maxBody;
  private final byte[] buffer = new byte[BUFFER];
  private int position;
  private int limit;

  /** Bytes that the head at hand may still have. */
  private long headLeft;

  ReplyReader(InputStream in, HttpLimits limits) {
    this.in = in;
    this.maxHead = limits.head().bytes();
    this.maxBody = limits.body().bytes();
  }

  /** What a head says about its body. */
  private record Head(int status, long length, boolean chunked, boolean keepAlive) {
    boolean interim() {
      return status < 200 && status != 101;
    }

    boolean bodiless() {
      return status < 200 || status == 204 || status == 304;
    }
  }

  /** Refuses bytes that came without having been asked for. */
  void expectNothing() throws ProtocolException {
    if (position < limit) {
      throw new ProtocolException(
          "reply: " + (limit - position) + " bytes behind its end (expected: none)");
    }
  }

  HttpReply read() throws IOException {
    var head = head();
    while (head.interim()) {
      head = head();
    }
    if (head.bodiless()) {
      return new HttpReply(head.status, new byte[0], head.keepAlive);
    }
    if (head.chunked) {
      return new HttpReply(head.status, chunks(), head.keepAlive);
    }
    return head.length == UNTIL_END
        ? new HttpReply(head.status, rest(), false)
        : new HttpReply(head.status, exactly(head.length), head.keepAlive);
  }

  private Head head() throws IOException {
    headLeft = maxHead;
    var line = line();
    var status = STATUS.matcher(line);
    if (!status.matches()) {
      throw malformed("status line", line, "HTTP/1.1 and a status");
    }
    boolean keepAlive = status.group(1).equals("1");
    long length = UNTIL_END;
    boolean chunked = false;
    for (line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      if (colon <= 0) {
        throw malformed("header", line, "name: value");
      }
      var value = line.substring(colon + 1).strip();
      switch (line.substring(0, colon).toLowerCase(Locale.ROOT)) {
        case "content-length" -> length = length(value, length);
        case "transfer-encoding" -> {
          if (!value.equalsIgnoreCase("chunked")) {
            throw malformed("transfer-encoding", value, "chunked");
          }
          chunked = true;
        }
        case "connection" -> keepAlive &= !value.equalsIgnoreCase("close");
        default -> {
          // Of no meaning for where the reply ends.
        }
      }
    }
    return new Head(Integer.parseInt(status.group(2)), length, chunked, keepAlive);
  }

  private long length(String value, long before) throws ProtocolException {
    if (!LENGTH.matcher(value).matches()) {
      throw malformed("content-length", value, "a number");
    }
    long length = Long.parseLong(value);
    if (before != UNTIL_END && before != length) {
      throw malformed("content-length", before + " and " + length, "one");
    }
    return checkedBody(length);
  }

  private long checkedBody(long length) throws ProtocolException {
    if (length > maxBody) {
      throw new ProtocolException("body: " + length + " bytes (expected: at most " + maxBody + ")");
    }
    return length;
  }

  private byte[] chunks() throws IOException {
    headLeft = maxHead;
    var body = new ByteArrayOutputStream(BUFFER);
    while (true) {
      var line = line();
      var chunk = CHUNK.matcher(line);
      if (!chunk.matches()) {
        throw malformed("chunk size", line, "a hexadecimal number");
      }
      long size = Long.parseLong(chunk.group(1), 16);
      if (size == 0) {
        break;
      }
      checkedBody(body.size() + size);
      copy((int) size, body);
      var end = line();
      if (!end.isEmpty()) {
        throw malformed("chunk end", end, "a line break");
      }
      headLeft = maxHead;
    }
    while (!line().isEmpty()) {
      // Trailers are read over.
    }
    return body.toByteArray();
  }

  private void copy(int count, ByteArrayOutputStream to) throws IOException {
    int left = count;
    while (left > 0) {
      if (position == limit) {
        fill();
      }
      int part = Math.min(left, limit - position);
      to.write(buffer, position, part);
      position += part;
      left -= part;
    }
  }

  private byte[] exactly(long length) throws IOException {
    var body = new byte[(int) length];
    int buffered = Math.min(body.length, limit - position);
    System.arraycopy(buffer, position, body, 0, buffered);
    position += buffered;
    int read = in.readNBytes(body, buffered, body.length - buffered);
    if (buffered + read < body.length) {
      throw new EOFException(
          "body: ended after " + (buffered + read) + " bytes (expected: " + length + ")");
    }
    return body;
  }

  private byte[] rest() throws IOException {
    var head = Arrays.copyOfRange(buffer, position, limit);
    position = limit;
    checkedBody(head.length);
    // One byte more than may be tells too much from just enough.
    var tail = in.readNBytes((int) Math.min(maxBody - head.length + 1, Integer.MAX_VALUE - 64));
    checkedBody((long) head.length + tail.length);
    var body = Arrays.copyOf(head, head.length + tail.length);
    System.arraycopy(tail, 0, body, head.length, tail.length);
    return body;
  }

  /** The text up to the next line break, without it. */
  private String line() throws IOException {
    var text = new StringBuilder();
    while (true) {
      if (position == limit) {
        fill();
      }
      int end = position;
      while (end < limit && buffer[end] != '\n') {
        end++;
      }
      boolean complete = end < limit;
      headLeft -= end - position + (complete ? 1 : 0);
      if (headLeft < 0) {
        throw new ProtocolException("head: too large (expected: at most " + maxHead + " bytes)");
      }
      text.append(new String(buffer, position, end - position, StandardCharsets.ISO_8859_1));
      position = complete ? end + 1 : end;
      if (complete) {
        int length = text.length();
        text.setLength(length > 0 && text.charAt(length - 1) == '\r' ? length - 1 : length);
        return text.toString();
      }
    }
  }

  private void fill() throws IOException {
    int read = in.read(buffer, 0, buffer.length);
    if (read < 0) {
      throw new EOFException("connection: closed by the server (expected: a reply)");
    }
    position = 0;
    limit = read;
  }

  private static ProtocolException malformed(String what, String value, String expected) {
    var shown = value.length() > 80 ? value.substring(0, 80) + "…" : value;
    return new ProtocolException(what + ": " + shown + " (expected: " + expected + ")");
  }
}
