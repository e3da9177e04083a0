package dev.heddle.sample.search;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Lines as bytes, of bounded length: of a longer one only the number is told. */
final class Lines implements AutoCloseable {
  private final InputStream in;
  private final byte[] buffer = new byte[1 << 16];
  private final byte[] line;
  private int position;
  private int limit;
  private int length;
  private long number;

  Lines(InputStream in, int maxBytes) {
    this.in = in;
    this.line = new byte[maxBytes];
  }

  /** The next line; null at the end. */
  @Nullable Line next() throws IOException {
    length = 0;
    boolean any = false;
    while (position < limit || fill()) {
      any = true;
      int end = position;
      while (end < limit && buffer[end] != '\n') {
        end++;
      }
      append(end - position);
      position = end + 1;
      if (end < limit) {
        return line();
      }
    }
    return any ? line() : null;
  }

  private boolean fill() throws IOException {
    limit = in.read(buffer);
    position = 0;
    return limit > 0;
  }

  /** Keeps what fits, and counts on. */
  private void append(int bytes) {
    int fits = Math.min(bytes, line.length - Math.min(length, line.length));
    if (fits > 0) {
      System.arraycopy(buffer, position, line, length, fits);
    }
    length = (int) Math.min(Integer.MAX_VALUE, (long) length + bytes);
  }

  private Line line() {
    return new Line(++number, line, Math.min(length, line.length), length > line.length);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /**
   * One line.
   *
   * @param bytes valid until the next line is read
   * @param cut whether there was more than {@code length}
   */
  record Line(long number, byte[] bytes, int length, boolean cut) {
    boolean blank() {
      for (int i = 0; i < length; i++) {
        if (bytes[i] != ' ' && bytes[i] != '\t' && bytes[i] != '\r') {
          return false;
        }
      }
      return true;
    }
  }
}
