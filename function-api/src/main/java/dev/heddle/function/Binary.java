package dev.heddle.function;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Compact building blocks for a {@link Codec}. Reading trusts nothing: every length has a bound,
 * and memory is taken only as bytes really arrive, so that garbage ends in an IOException.
 */
public final class Binary {
  private static final int FIRST_CHUNK = 8 * 1024;

  private Binary() {}

  /** Writes 1..10 bytes, fewer for small values; negative values take 10. */
  public static void writeUnsigned(long value, DataOutput out) throws IOException {
    var rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.writeByte((int) (rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    out.writeByte((int) rest);
  }

  public static long readUnsigned(DataInput in) throws IOException {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int next = in.readByte();
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        if (shift == 63 && next > 1) {
          break;
        }
        return value;
      }
    }
    throw new IOException("number: more than 64 bits");
  }

  /** Writes 1..10 bytes, fewer for values close to 0. */
  public static void writeSigned(long value, DataOutput out) throws IOException {
    writeUnsigned((value << 1) ^ (value >> 63), out);
  }

  public static long readSigned(DataInput in) throws IOException {
    long value = readUnsigned(in);
    return (value >>> 1) ^ -(value & 1);
  }

  /** Reads a number that {@link #writeUnsigned} wrote, 0..max. */
  public static int readCount(DataInput in, int max) throws IOException {
    long count = readUnsigned(in);
    if (count < 0 || count > max) {
      throw new IOException(
          "count: " + Long.toUnsignedString(count) + " (expected: 0.." + max + ")");
    }
    return (int) count;
  }

  public static void writeBytes(byte[] bytes, DataOutput out) throws IOException {
    writeUnsigned(bytes.length, out);
    out.write(bytes);
  }

  public static byte[] readBytes(DataInput in, int maxBytes) throws IOException {
    int length = readCount(in, maxBytes);
    var bytes = new byte[Math.min(length, FIRST_CHUNK)];
    in.readFully(bytes);
    while (bytes.length < length) {
      int have = bytes.length;
      bytes = Arrays.copyOf(bytes, (int) Math.min(length, 4L * have));
      in.readFully(bytes, have, bytes.length - have);
    }
    return bytes;
  }

  public static void writeString(String text, DataOutput out) throws IOException {
    writeBytes(text.getBytes(StandardCharsets.UTF_8), out);
  }

  /**
   * Reads a string.
   *
   * @param maxBytes its bound in UTF-8
   */
  public static String readString(DataInput in, int maxBytes) throws IOException {
    return new String(readBytes(in, maxBytes), StandardCharsets.UTF_8);
  }
}
