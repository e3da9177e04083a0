package dev.heddle.gateway.session;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where the last record of a session is, and what it says of it.
 *
 * @param at where it begins
 * @param bytes how long it is, with its head
 */
record JournalSlot(long at, int bytes, long version, long touched, boolean ended, long expires) {

  static JournalSlot of(long at, int bytes, SessionEntry entry) {
    return new JournalSlot(
        at, bytes, entry.version(), entry.touchedMillis(), entry.ended(), entry.expiresMillis());
  }

  /** The same record elsewhere. */
  JournalSlot movedTo(long place) {
    return new JournalSlot(place, bytes, version, touched, ended, expires);
  }

  /** Whether it says of the entry what the entry says itself. */
  boolean tells(SessionEntry entry) {
    return version == entry.version() && touched == entry.touchedMillis() && ended == entry.ended();
  }

  /** Whether the entry would be a step back: it is older, or lives though this one ended. */
  boolean outlives(SessionEntry entry) {
    if (ended || entry.ended()) {
      return !entry.ended();
    }
    return version > entry.version()
        || (version == entry.version() && touched > entry.touchedMillis());
  }

  /**
   * The record's bytes; null: they are damaged, or another's.
   *
   * @throws IOException if the disk does not give them
   */
  byte @Nullable [] record(JournalDisk.Open file, String key) throws IOException {
    byte[] record = new byte[bytes];
    int length = bytes - JournalRecord.HEAD;
    ByteBuffer head = ByteBuffer.wrap(record);
    if (file.read(at, record, bytes) < bytes
        || head.getInt(0) != JournalRecord.MARK
        || head.getInt(4) != length
        || head.getInt(8) != JournalRecord.checksum(record, 0, length)) {
      return null;
    }
    JournalRecord read = JournalRecord.read(record, 0, length);
    return read.key().equals(key) && equals(of(at, bytes, read.entry())) ? record : null;
  }
}
