package dev.heddle.aggregations;

import dev.heddle.function.Binary;
import dev.heddle.function.Shard.TopDocument;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Hits in bytes, in their order. */
final class HitCodec {
  private static final int MAX_ID_BYTES = 64 * 1024;
  private static final int MAX_TEXT_BYTES = 1024 * 1024;
  private static final int MAX_JSON_BYTES = 64 * 1024 * 1024;
  private static final int MAX_FIELDS = 1_000;
  private static final int MAX_FRAGMENTS = 1_000;

  /** Arrays start no longer than this, and grow only as elements really arrive. */
  private static final int FIRST_ELEMENTS = 1_024;

  private static final int MISSING = 0;
  private static final int LONG = 1;
  private static final int DOUBLE = 2;
  private static final int TEXT = 3;

  private HitCodec() {}

  static void write(Hit[] hits, DataOutput out) throws IOException {
    Binary.writeUnsigned(hits.length, out);
    for (var hit : hits) {
      write(hit, out);
    }
  }

  /**
   * Reads hits.
   *
   * @param most how many there may be
   * @param sortKeys values that each was sorted by
   */
  static Hit[] read(int most, int sortKeys, DataInput in) throws IOException {
    int size = Binary.readCount(in, most);
    var hits = new ArrayList<Hit>(Math.min(size, FIRST_ELEMENTS));
    for (int i = 0; i < size; i++) {
      hits.add(read(sortKeys, in));
    }
    return hits.toArray(Hit.NONE);
  }

  private static void write(Hit hit, DataOutput out) throws IOException {
    Binary.writeString(hit.id, out);
    out.writeFloat(hit.score);
    Binary.writeUnsigned(hit.shard, out);
    for (var value : hit.sortValues) {
      writeSortValue(value, out);
    }
    Binary.writeBytes(hit.json, out);
    Binary.writeUnsigned(hit.highlights.size(), out);
    for (var entry : hit.highlights.entrySet()) {
      Binary.writeString(entry.getKey(), out);
      Binary.writeUnsigned(entry.getValue().size(), out);
      for (var fragment : entry.getValue()) {
        Binary.writeString(fragment, out);
      }
    }
  }

  private static Hit read(int sortKeys, DataInput in) throws IOException {
    var id = Binary.readString(in, MAX_ID_BYTES);
    float score = in.readFloat();
    int shard = Binary.readCount(in, Integer.MAX_VALUE);
    var sortValues = List.<Object>of();
    if (sortKeys > 0) {
      sortValues = new ArrayList<>(sortKeys);
      for (int i = 0; i < sortKeys; i++) {
        sortValues.add(readSortValue(in));
      }
    }
    var hit = new Hit(id, score, shard, sortValues);
    hit.json = Binary.readBytes(in, MAX_JSON_BYTES);
    hit.highlights = readHighlights(in);
    return hit;
  }

  private static Map<String, List<String>> readHighlights(DataInput in) throws IOException {
    int fields = Binary.readCount(in, MAX_FIELDS);
    if (fields == 0) {
      return Map.of();
    }
    var highlights = new LinkedHashMap<String, List<String>>();
    for (int i = 0; i < fields; i++) {
      var field = Binary.readString(in, MAX_ID_BYTES);
      int size = Binary.readCount(in, MAX_FRAGMENTS);
      var fragments = new ArrayList<String>(size);
      for (int j = 0; j < size; j++) {
        fragments.add(Binary.readString(in, MAX_TEXT_BYTES));
      }
      highlights.put(field, fragments);
    }
    return highlights;
  }

  private static void writeSortValue(Object value, DataOutput out) throws IOException {
    switch (value) {
      case Long number -> {
        out.writeByte(LONG);
        Binary.writeSigned(number, out);
      }
      case Number number -> {
        out.writeByte(DOUBLE);
        out.writeDouble(number.doubleValue());
      }
      case String text -> {
        out.writeByte(TEXT);
        Binary.writeString(text, out);
      }
      case Object missing when missing.equals(TopDocument.MISSING) -> out.writeByte(MISSING);
      default -> throw new IOException("sort value: " + value.getClass().getName());
    }
  }

  private static Object readSortValue(DataInput in) throws IOException {
    int tag = in.readUnsignedByte();
    return switch (tag) {
      case MISSING -> TopDocument.MISSING;
      case LONG -> Binary.readSigned(in);
      case DOUBLE -> in.readDouble();
      case TEXT -> Binary.readString(in, MAX_TEXT_BYTES);
      default -> throw new IOException("sort value: kind " + tag + " (expected: 0..3)");
    };
  }
}
