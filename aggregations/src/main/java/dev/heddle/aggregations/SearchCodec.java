package dev.heddle.aggregations;

import dev.heddle.function.Aggregation;
import dev.heddle.function.Binary;
import dev.heddle.function.Codec;
import dev.heddle.function.Shard.TopDocument;
import dev.heddle.function.Sort;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Partials of one query in bytes: a version, totals, hits in order, then one figure for each
 * aggregation in the order of the query. Reading accepts nothing that this query could not have
 * produced.
 */
final class SearchCodec implements Codec<SearchPartial> {
  private static final int VERSION = 1;

  private static final int MAX_ID_BYTES = 64 * 1024;
  private static final int MAX_TEXT_BYTES = 1024 * 1024;
  private static final int MAX_JSON_BYTES = 64 * 1024 * 1024;
  private static final int MAX_FIELDS = 1_000;
  private static final int MAX_FRAGMENTS = 1_000;
  private static final int MAX_TERMS = 4_000_000;

  /** Arrays start no longer than this, and grow only as elements really arrive. */
  private static final int FIRST_ELEMENTS = 1_024;

  private static final int MISSING = 0;
  private static final int LONG = 1;
  private static final int DOUBLE = 2;
  private static final int TEXT = 3;

  private final SearchQuery query;

  SearchCodec(SearchQuery query) {
    this.query = query;
  }

  @Override
  public void write(SearchPartial partial, DataOutput out) throws IOException {
    out.writeByte(VERSION);
    Binary.writeUnsigned(partial.total, out);
    out.writeBoolean(partial.exact);
    Binary.writeUnsigned(partial.hits.length, out);
    for (var hit : partial.hits) {
      writeHit(hit, out);
    }
    for (var agg : partial.aggs) {
      switch (agg) {
        case TermsPartial terms -> writeTerms(terms, out);
        case RangesPartial ranges -> {
          for (long count : ranges.counts()) {
            Binary.writeUnsigned(count, out);
          }
        }
      }
    }
  }

  @Override
  public SearchPartial read(DataInput in) throws IOException {
    int version = in.readUnsignedByte();
    if (version != VERSION) {
      throw new IOException("version: " + version + " (expected: " + VERSION + ")");
    }
    long total = readCount(in);
    boolean exact = in.readBoolean();
    int size = Binary.readCount(in, query.k());
    var hits = new ArrayList<Hit>(Math.min(size, FIRST_ELEMENTS));
    for (int i = 0; i < size; i++) {
      hits.add(readHit(in));
    }
    var aggs = new ArrayList<AggregationPartial>(query.aggs().size());
    for (var named : query.aggs()) {
      aggs.add(
          switch (named.aggregation()) {
            case Aggregation.Terms terms -> readTerms(in);
            case Aggregation.Ranges ranges -> readRanges(ranges, in);
          });
    }
    return new SearchPartial(hits.toArray(new Hit[0]), total, exact, aggs);
  }

  private static long readCount(DataInput in) throws IOException {
    long count = Binary.readUnsigned(in);
    if (count < 0) {
      throw new IOException("count: " + Long.toUnsignedString(count) + " (expected: 63 bits)");
    }
    return count;
  }

  private static void writeHit(Hit hit, DataOutput out) throws IOException {
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

  private Hit readHit(DataInput in) throws IOException {
    var id = Binary.readString(in, MAX_ID_BYTES);
    float score = in.readFloat();
    int shard = Binary.readCount(in, Integer.MAX_VALUE);
    var sortValues = List.<Object>of();
    int keys = query.sort().size();
    if (keys > 0) {
      sortValues = new ArrayList<>(keys);
      for (int i = 0; i < keys; i++) {
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

  private static void writeTerms(TermsPartial partial, DataOutput out) throws IOException {
    boolean exact = partial.unseen() == 0;
    Binary.writeUnsigned(partial.total(), out);
    Binary.writeUnsigned(partial.unseen(), out);
    Binary.writeUnsigned(partial.terms().length, out);
    for (int i = 0; i < partial.terms().length; i++) {
      Binary.writeString(partial.terms()[i], out);
      Binary.writeUnsigned(partial.counts()[i], out);
      if (!exact) {
        Binary.writeUnsigned(partial.errors()[i], out);
      }
    }
  }

  private static TermsPartial readTerms(DataInput in) throws IOException {
    long total = readCount(in);
    long unseen = readCount(in);
    int size = Binary.readCount(in, MAX_TERMS);
    var terms = new ArrayList<String>(Math.min(size, FIRST_ELEMENTS));
    var counts = new long[Math.min(size, FIRST_ELEMENTS)];
    var errors = new long[counts.length];
    for (int i = 0; i < size; i++) {
      if (i == counts.length) {
        int larger = (int) Math.min(size, 2L * i);
        counts = Arrays.copyOf(counts, larger);
        errors = Arrays.copyOf(errors, larger);
      }
      var term = Binary.readString(in, MAX_ID_BYTES);
      if (i > 0 && Sort.compareText(terms.get(i - 1), term) >= 0) {
        throw new IOException("terms: not in order");
      }
      terms.add(term);
      counts[i] = readCount(in);
      errors[i] = unseen == 0 ? 0 : readCount(in);
    }
    return new TermsPartial(terms.toArray(new String[0]), counts, errors, unseen, total);
  }

  private static RangesPartial readRanges(Aggregation.Ranges ranges, DataInput in)
      throws IOException {
    var counts = new long[ranges.buckets().size()];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = readCount(in);
    }
    return new RangesPartial(counts);
  }
}
