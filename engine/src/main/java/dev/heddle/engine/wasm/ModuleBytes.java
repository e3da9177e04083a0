package dev.heddle.engine.wasm;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads a part of a module's binary form from its start to its end. Trusts nothing. Used by one
 * thread.
 */
final class ModuleBytes {
  private static final int MAX_NAME = 1_024;

  private final byte[] bytes;
  private final int end;
  private int at;

  ModuleBytes(byte[] bytes, int from, int to) {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
  }

  static HeddleException refuse(String what, Object value, Object expected) {
    return new HeddleException(
        ErrorCode.INVALID_FUNCTION,
        "module: " + what + ": " + value + " (expected: " + expected + ")");
  }

  int position() {
    return at;
  }

  boolean hasMore() {
    return at < end;
  }

  int remaining() {
    return end - at;
  }

  /** The bytes from a position up to here. */
  byte[] since(int from) {
    return Arrays.copyOfRange(bytes, from, at);
  }

  int u8() {
    if (at >= end) {
      throw refuse("byte " + at, "cut off", "more of it");
    }
    return bytes[at++] & 0xFF;
  }

  /** An unsigned 32-bit number that must not exceed a bound. */
  int count(String what, int max) {
    long value = u32();
    if (value > max) {
      throw refuse(what, value, "at most " + max);
    }
    return (int) value;
  }

  long u32() {
    long value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      int next = u8();
      value |= (long) (next & 0x7F) << shift;
      if (next < 0x80) {
        if (value > 0xFFFF_FFFFL) {
          break;
        }
        return value;
      }
    }
    throw refuse("number before byte " + at, "too long", "32 bits");
  }

  /** A signed number of up to {@code bits} bits. */
  long signed(int bits) {
    long value = 0;
    for (int shift = 0; shift < bits; shift += 7) {
      int next = u8();
      value |= (long) (next & 0x7F) << shift;
      if (next < 0x80) {
        int used = shift + 7;
        return used < 64 && (next & 0x40) != 0 ? value | -1L << used : value;
      }
    }
    throw refuse("number before byte " + at, "too long", bits + " bits");
  }

  void skip(int count) {
    if (count > end - at) {
      throw refuse("byte " + at, count + " bytes announced", "at most " + (end - at));
    }
    at += count;
  }

  /** The next bytes as a part of their own, stepped over here. */
  ModuleBytes part(String what, long size) {
    if (size > end - at) {
      throw refuse(what, size + " bytes announced", "at most " + (end - at));
    }
    var part = new ModuleBytes(bytes, at, at + (int) size);
    at += (int) size;
    return part;
  }

  byte[] take(int count) {
    int from = at;
    skip(count);
    return Arrays.copyOfRange(bytes, from, at);
  }

  String name() {
    var raw = take(count("name", MAX_NAME));
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(java.nio.ByteBuffer.wrap(raw))
          .toString();
    } catch (CharacterCodingException e) {
      throw refuse("name before byte " + at, "no UTF-8", "UTF-8");
    }
  }

  void expectEnd(String what) {
    if (at != end) {
      throw refuse(what, (end - at) + " bytes left over", "none");
    }
  }
}
