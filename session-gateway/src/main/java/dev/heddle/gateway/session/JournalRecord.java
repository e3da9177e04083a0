package dev.heddle.gateway.session;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * A session in a journal: {@code mark (4 bytes), length of the rest (4), CRC-32C of length and rest
 * (4)}, and the rest. The mark is where reading goes on after what is damaged.
 *
 * @param key of the session in the grid
 * @param writtenMillis when it was written
 */
record JournalRecord(String key, long writtenMillis, SessionEntry entry) {
  /** Begins every record. */
  static final int MARK = 0xC5E55104;

  /** Bytes before the rest. */
  static final int HEAD = 12;

  /**
   * A rest is never longer: a session's bounds and many names that are longer than their values.
   */
  static final int MAX_REST = 8 << 20;

  byte[] bytes() {
    var bytes = new ByteArrayOutputStream(512);
    try (var out = new DataOutputStream(bytes)) {
      out.writeInt(MARK);
      out.writeLong(0);
      out.writeUTF(key);
      out.writeLong(writtenMillis);
      entry.write(out);
    } catch (IOException e) {
      // A key is too long for its length, or there is no memory.
      throw new UncheckedIOException(e);
    }
    byte[] record = bytes.toByteArray();
    ByteBuffer head = ByteBuffer.wrap(record).putInt(4, record.length - HEAD);
    head.putInt(8, checksum(record, 0, record.length - HEAD));
    return record;
  }

  /** The checksum of the record that begins there. */
  static int checksum(byte[] from, int at, int length) {
    var checksum = new CRC32C();
    checksum.update(from, at + 4, 4);
    checksum.update(from, at + HEAD, length);
    return (int) checksum.getValue();
  }

  /**
   * Reads a record whose checksum holds.
   *
   * @throws IOException if it is none of this format all the same
   */
  static JournalRecord read(byte[] from, int at, int length) throws IOException {
    try (var in = new DataInputStream(new ByteArrayInputStream(from, at + HEAD, length))) {
      return new JournalRecord(in.readUTF(), in.readLong(), SessionEntry.read(in));
    }
  }
}
