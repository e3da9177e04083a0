package dev.heddle.gateway.session;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Reads a journal from its beginning, and past what is damaged. One thread, one use. */
final class JournalScan {
  private static final int CHUNK = 1 << 20;

  /** Takes what is whole. */
  @FunctionalInterface
  interface Taker {
    /**
     * Takes one.
     *
     * @param at where it begins
     * @param bytes how long it is, with its head
     */
    void take(long at, int bytes, JournalRecord record);
  }

  /**
   * What a journal is like.
   *
   * @param end where its last whole record ends
   * @param damages runs of bytes before that which are no records
   * @param torn bytes behind that
   */
  record Found(long end, int damages, long torn) {}

  private final JournalDisk.Open file;
  private byte[] window = new byte[0];
  private long windowAt;

  JournalScan(JournalDisk.Open file) {
    this.file = file;
  }

  Found scan(Taker taker) throws IOException {
    long at = 0;
    long end = 0;
    int damages = 0;
    while (have(at, JournalRecord.HEAD)) {
      int bytes = whole(at, taker);
      if (bytes > 0) {
        damages += at > end ? 1 : 0;
        at += bytes;
        end = at;
      } else {
        at++;
      }
    }
    return new Found(end, damages, file.length() - end);
  }

  /** Length of the whole record that begins there; 0: none does. */
  private int whole(long at, Taker taker) throws IOException {
    var head = ByteBuffer.wrap(window);
    int here = (int) (at - windowAt);
    if (head.getInt(here) != JournalRecord.MARK) {
      return 0;
    }
    int length = head.getInt(here + 4);
    if (length < 0 || length > JournalRecord.MAX_REST || !have(at, JournalRecord.HEAD + length)) {
      return 0;
    }
    here = (int) (at - windowAt);
    int checksum = ByteBuffer.wrap(window).getInt(here + 8);
    if (checksum != JournalRecord.checksum(window, here, length)) {
      return 0;
    }
    taker.take(at, JournalRecord.HEAD + length, JournalRecord.read(window, here, length));
    return JournalRecord.HEAD + length;
  }

  /** Whether the file has so many bytes there; they are in the window then. */
  private boolean have(long at, int bytes) throws IOException {
    if (at >= windowAt && at + bytes <= windowAt + window.length) {
      return true;
    }
    byte[] next = new byte[Math.max(CHUNK, bytes)];
    int read = file.read(at, next, next.length);
    if (read < bytes) {
      return false;
    }
    window = read == next.length ? next : Arrays.copyOf(next, read);
    windowAt = at;
    return true;
  }
}
