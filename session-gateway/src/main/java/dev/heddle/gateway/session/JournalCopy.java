package dev.heddle.gateway.session;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Records on their way to another file; what is damaged is left behind. Not for several threads at
 * once.
 */
final class JournalCopy {
  private static final int CHUNK = 1 << 20;

  private final JournalDisk.Open to;
  private final ConcurrentHashMap<String, JournalSlot> slots = new ConcurrentHashMap<>();
  private byte[] waiting = new byte[CHUNK];
  private int waits;
  private long end;
  private long liveBytes;
  private int damaged;

  JournalCopy(JournalDisk.Open to) {
    this.to = to;
  }

  /** Copies records, each in the place of what was copied of its session before. */
  void addAll(Iterable<Map.Entry<String, JournalSlot>> known, JournalDisk.Open from)
      throws IOException {
    for (Map.Entry<String, JournalSlot> each : known) {
      add(each.getKey(), each.getValue(), from);
    }
    flush();
  }

  private void add(String key, JournalSlot slot, JournalDisk.Open from) throws IOException {
    byte[] record = slot.record(from, key);
    if (record == null) {
      damaged++;
      JournalSlot before = slots.remove(key);
      liveBytes -= before == null ? 0 : before.bytes();
      return;
    }
    if (waits + record.length > waiting.length) {
      flush();
    }
    if (record.length > waiting.length) {
      waiting = new byte[record.length];
    }
    System.arraycopy(record, 0, waiting, waits, record.length);
    waits += record.length;
    put(key, slot.movedTo(end));
  }

  /** Takes a record that is not anywhere else yet. */
  void append(String key, byte[] record, JournalSlot slot) throws IOException {
    to.write(end, record);
    put(key, slot.movedTo(end));
  }

  private void put(String key, JournalSlot slot) {
    JournalSlot before = slots.put(key, slot);
    liveBytes += slot.bytes() - (before == null ? 0 : before.bytes());
    end += slot.bytes();
  }

  private void flush() throws IOException {
    if (waits > 0) {
      to.write(end - waits, Arrays.copyOf(waiting, waits));
      waits = 0;
    }
  }

  /** Where all that was copied is. */
  ConcurrentHashMap<String, JournalSlot> slots() {
    return slots;
  }

  /** Bytes of the file. */
  long end() {
    return end;
  }

  /** Bytes of the last records of sessions. */
  long liveBytes() {
    return liveBytes;
  }

  /** How many records were left behind. */
  int damaged() {
    return damaged;
  }
}
