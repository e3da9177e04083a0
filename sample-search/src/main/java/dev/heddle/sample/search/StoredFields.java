package dev.heddle.sample.search;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The stored fields of one segment of a Lucene 3 index, which today's Lucene cannot open.
 * Big-endian throughout:
 *
 * <ul>
 *   <li>{@code .fnm}: VInt format, VInt count, then a String (VInt length + UTF-8) and one byte of
 *       flags for each field
 *   <li>{@code .fdx}: int format (3), then for each document a long, its offset into {@code .fdt}
 *   <li>{@code .fdt}: for each document a VInt count, then for each value VInt field number, one
 *       byte of bits, and the value; {@code bits >> 3 & 7} is its type
 * </ul>
 */
final class StoredFields {
  private static final int FORMAT = 3;
  private static final int BINARY = 2;

  private final List<String> names;
  private final ByteBuffer index;
  private final ByteBuffer data;

  /**
   * Checks the headers.
   *
   * @throws CorpusException if these are no such files
   */
  StoredFields(byte[] fnm, byte[] fdx, byte[] fdt) {
    this.index = ByteBuffer.wrap(fdx);
    this.data = ByteBuffer.wrap(fdt);
    try {
      this.names = names(ByteBuffer.wrap(fnm));
      int format = index.getInt(0);
      if (format != FORMAT || (fdx.length - Integer.BYTES) % Long.BYTES != 0) {
        throw new CorpusException(
            "stored fields: format " + format + ", " + fdx.length + " bytes (expected: format 3)");
      }
    } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
      throw new CorpusException("stored fields: header cut short", e);
    }
  }

  private static List<String> names(ByteBuffer fnm) {
    vint(fnm);
    int count = vint(fnm);
    var names = new ArrayList<String>();
    for (int i = 0; i < count; i++) {
      names.add(string(fnm));
      fnm.get();
    }
    return names;
  }

  /** Documents, deleted ones included. */
  int size() {
    return (index.capacity() - Integer.BYTES) / Long.BYTES;
  }

  /** Hands the document's values of these fields to the visitor, in stored order. */
  void read(int document, Set<String> fields, Visitor visitor) {
    try {
      long offset = index.getLong(Integer.BYTES + document * Long.BYTES);
      var in = data.position(Math.toIntExact(offset));
      int values = vint(in);
      for (int i = 0; i < values; i++) {
        var field = names.get(vint(in));
        byte bits = in.get();
        if (fields.contains(field)) {
          visitor.value(field, value(in, bits));
        } else {
          skip(in, bits);
        }
      }
    } catch (BufferUnderflowException | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw new CorpusException("stored fields: document " + document + " is damaged", e);
    }
  }

  private static Object value(ByteBuffer in, byte bits) {
    return switch (type(bits)) {
      case 0 -> (bits & BINARY) == 0 ? string(in) : bytes(in);
      case 1 -> (long) in.getInt();
      case 2 -> in.getLong();
      case 3 -> (double) in.getFloat();
      case 4 -> in.getDouble();
      default -> throw new IllegalArgumentException("type " + type(bits));
    };
  }

  private static void skip(ByteBuffer in, byte bits) {
    int length =
        switch (type(bits)) {
          case 0 -> vint(in);
          case 1, 3 -> Integer.BYTES;
          case 2, 4 -> Long.BYTES;
          default -> throw new IllegalArgumentException("type " + type(bits));
        };
    in.position(in.position() + length);
  }

  private static int type(byte bits) {
    return bits >> 3 & 7;
  }

  private static String string(ByteBuffer in) {
    return new String(bytes(in), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(ByteBuffer in) {
    int length = vint(in);
    if (length < 0 || length > in.remaining()) {
      throw new BufferUnderflowException();
    }
    var bytes = new byte[length];
    in.get(bytes);
    return bytes;
  }

  /** Seven bits a byte, the lowest first; a set high bit says that more follow. */
  private static int vint(ByteBuffer in) {
    int value = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += 7) {
      byte b = in.get();
      value |= (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a VInt of more than 5 bytes");
  }

  /** Gets values as String, byte[], Long or Double. */
  @FunctionalInterface
  interface Visitor {
    void value(String field, Object value);
  }
}
