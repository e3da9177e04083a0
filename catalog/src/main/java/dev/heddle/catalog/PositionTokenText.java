package dev.heddle.catalog;

import dev.heddle.catalog.PositionToken.Entry;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A position token as text: base64url of a version byte, a byte of flags (1: forgetful), and the
 * datasets. Each is 8 bytes of id hash, 8 of name hash, a varint of twice the number of runs, plus
 * one where the dataset may lack positions, and runs of adjacent shards: first shard and length as
 * varints, then for each shard 6 bytes of incarnation hash and the index as a varint.
 */
final class PositionTokenText {
  private static final byte VERSION = 1;
  private static final int FORGETFUL = 1;
  private static final int HEAD = 2;
  private static final int INCARNATION = 6;

  /** Bytes of a token at most: three for four characters. */
  static final int MOST_BYTES = RequestContext.LONGEST_POSITION / 4 * 3;

  private PositionTokenText() {}

  static int bytes(List<Entry> entries) {
    int bytes = HEAD;
    for (Entry entry : entries) {
      bytes += bytes(entry);
    }
    return bytes;
  }

  static int bytes(Entry entry) {
    int bytes = 2 * Long.BYTES + varintBytes(2L * runs(entry) + 1);
    for (int i = 0; i < entry.shards.length; i++) {
      if (beginsRun(entry, i)) {
        bytes += varintBytes(entry.shards[i]) + varintBytes(runLength(entry, i));
      }
      bytes += INCARNATION + varintBytes(entry.indexes[i]);
    }
    return bytes;
  }

  private static boolean beginsRun(Entry entry, int i) {
    return i == 0 || entry.shards[i] != entry.shards[i - 1] + 1;
  }

  private static int runs(Entry entry) {
    int runs = 0;
    for (int i = 0; i < entry.shards.length; i++) {
      runs += beginsRun(entry, i) ? 1 : 0;
    }
    return runs;
  }

  private static int runLength(Entry entry, int first) {
    int end = first + 1;
    while (end < entry.shards.length && !beginsRun(entry, end)) {
      end++;
    }
    return end - first;
  }

  static String format(PositionToken token) {
    ByteBuffer out = ByteBuffer.allocate(bytes(token.entries()));
    out.put(VERSION).put((byte) (token.forgetful() ? FORGETFUL : 0));
    for (Entry entry : token.entries()) {
      out.putLong(entry.dataset).putLong(entry.name);
      putVarint(out, 2L * runs(entry) + (entry.whole ? 0 : 1));
      for (int i = 0; i < entry.shards.length; i++) {
        if (beginsRun(entry, i)) {
          putVarint(out, entry.shards[i]);
          putVarint(out, runLength(entry, i));
        }
        out.putShort((short) (entry.incarnations[i] >>> 32)).putInt((int) entry.incarnations[i]);
        putVarint(out, entry.indexes[i]);
      }
    }
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(Arrays.copyOf(out.array(), out.position()));
  }

  static PositionToken parse(String text) {
    if (text.length() > RequestContext.LONGEST_POSITION) {
      throw invalid(
          text.length()
              + " characters (expected: at most "
              + RequestContext.LONGEST_POSITION
              + ")");
    }
    try {
      return read(ByteBuffer.wrap(Base64.getUrlDecoder().decode(text)));
    } catch (IllegalArgumentException | BufferUnderflowException e) {
      throw nonsense();
    }
  }

  private static PositionToken read(ByteBuffer in) {
    byte version = in.get();
    if (version != VERSION) {
      throw invalid("version " + version + " (expected: " + VERSION + ")");
    }
    int flags = in.get();
    if ((flags & ~FORGETFUL) != 0) {
      throw nonsense();
    }
    List<Entry> entries = new ArrayList<>();
    Set<Long> datasets = new HashSet<>();
    while (in.hasRemaining()) {
      Entry entry = entry(in);
      if (!datasets.add(entry.dataset)) {
        throw nonsense();
      }
      entries.add(entry);
    }
    if (entries.isEmpty() && flags == 0) {
      throw nonsense();
    }
    return PositionToken.within(entries, flags == FORGETFUL);
  }

  private static Entry entry(ByteBuffer in) {
    long dataset = in.getLong();
    long name = in.getLong();
    long head = varint(in, 2L * DatasetRecord.MOST_SHARDS + 1);
    // Grown as bytes come: what a hostile token claims costs nothing.
    int[] shards = new int[8];
    long[] incarnations = new long[8];
    long[] indexes = new long[8];
    int count = 0;
    int next = 0;
    for (long run = 0; run < head / 2; run++) {
      int first = (int) varint(in, DatasetRecord.MOST_SHARDS - 1);
      int length = (int) varint(in, DatasetRecord.MOST_SHARDS - first);
      if (length == 0 || (run == 0 ? first < next : first <= next)) {
        throw nonsense();
      }
      for (int i = 0; i < length; i++) {
        if (count == shards.length) {
          shards = Arrays.copyOf(shards, count * 2);
          incarnations = Arrays.copyOf(incarnations, count * 2);
          indexes = Arrays.copyOf(indexes, count * 2);
        }
        shards[count] = first + i;
        incarnations[count] = (in.getShort() & 0xffffL) << 32 | (in.getInt() & 0xffffffffL);
        indexes[count] = varint(in, Long.MAX_VALUE);
        if (indexes[count++] == 0) {
          throw nonsense();
        }
      }
      next = first + length;
    }
    if (count == 0) {
      throw nonsense();
    }
    return new Entry(
        dataset,
        name,
        head % 2 == 0,
        Arrays.copyOf(shards, count),
        Arrays.copyOf(incarnations, count),
        Arrays.copyOf(indexes, count));
  }

  private static int varintBytes(long value) {
    return Math.max(1, (70 - Long.numberOfLeadingZeros(value)) / 7);
  }

  private static void putVarint(ByteBuffer out, long value) {
    long left = value;
    while (left > 0x7f) {
      out.put((byte) ((left & 0x7f) | 0x80));
      left >>>= 7;
    }
    out.put((byte) left);
  }

  private static long varint(ByteBuffer in, long most) {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE - 1; shift += 7) {
      byte next = in.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        if (value > most || (next == 0 && shift > 0)) {
          throw nonsense();
        }
        return value;
      }
    }
    throw nonsense();
  }

  private static HeddleException nonsense() {
    return invalid("not a token (expected: one as an answer carried it)");
  }

  private static HeddleException invalid(String what) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, "position token: " + what);
  }
}
