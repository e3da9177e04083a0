package dev.heddle.gateway.http;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Cuts a stream of bytes into lines. Holds one line at a time; of a line that is too long it holds
 * nothing, and skips to its end. Not thread-safe.
 */
final class Lines {
  private static final int FIRST = 16 << 10;

  private final int most;
  private final Taker taker;
  private byte[] line = new byte[FIRST];
  private int length;
  private long skipped;
  private long number;

  /**
   * Cuts into lines.
   *
   * @param most bytes that a line may have, without its end
   */
  Lines(int most, Taker taker) {
    this.most = most;
    this.taker = taker;
  }

  /** Takes the lines in their order, counted from 1; blank ones are only counted. */
  interface Taker {
    /**
     * A line.
     *
     * @param bytes valid until this returns
     */
    void line(long number, byte[] bytes, int length);

    /** A line that was longer than it may be. */
    void tooLong(long number, long bytes);
  }

  /** Takes all that the buffer has. */
  void feed(ByteBuffer buffer) {
    while (buffer.hasRemaining()) {
      int end = lineEnd(buffer);
      take(buffer, (end < 0 ? buffer.limit() : end) - buffer.position());
      if (end >= 0) {
        buffer.get();
        end();
      }
    }
  }

  /** The bytes are over: what there is of a last line is one. */
  void finish() {
    if (length > 0 || skipped > 0) {
      end();
    }
  }

  private static int lineEnd(ByteBuffer buffer) {
    for (int i = buffer.position(); i < buffer.limit(); i++) {
      if (buffer.get(i) == '\n') {
        return i;
      }
    }
    return -1;
  }

  private void take(ByteBuffer buffer, int bytes) {
    if (skipped > 0 || length + bytes > most) {
      skipped += length + bytes;
      length = 0;
      line = line.length > FIRST ? new byte[FIRST] : line;
      buffer.position(buffer.position() + bytes);
      return;
    }
    if (length + bytes > line.length) {
      line = Arrays.copyOf(line, Math.min(most, Math.max(length + bytes, 2 * line.length)));
    }
    buffer.get(line, length, bytes);
    length += bytes;
  }

  private void end() {
    number++;
    long tooMuch = skipped;
    int bytes = length;
    skipped = 0;
    length = 0;
    if (tooMuch > 0) {
      taker.tooLong(number, tooMuch);
    } else if (!blank(bytes)) {
      taker.line(number, line, bytes);
    }
  }

  private boolean blank(int bytes) {
    for (int i = 0; i < bytes; i++) {
      if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
        return false;
      }
    }
    return true;
  }
}
