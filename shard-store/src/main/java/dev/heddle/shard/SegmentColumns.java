package dev.heddle.shard;

import dev.heddle.catalog.FieldType;
import dev.heddle.function.Shard;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import org.apache.lucene.geo.GeoEncodingUtils;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.SortedNumericDocValues;
import org.apache.lucene.index.SortedSetDocValues;
import org.apache.lucene.util.NumericUtils;

/** A segment's values by column, as functions see them: thin cursors over Lucene's. */
final class SegmentColumns implements Shard.Segment {
  private final LeafReaderContext segment;
  private final SchemaFields fields;

  SegmentColumns(LeafReaderContext segment, SchemaFields fields) {
    this.segment = segment;
    this.fields = fields;
  }

  @Override
  public int base() {
    return segment.docBase;
  }

  @Override
  public int size() {
    return segment.reader().maxDoc();
  }

  @Override
  public String id(int document) {
    try {
      return StoredDocuments.id(segment.reader(), document);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public Shard.KeywordValues keywords(String field) {
    fields.field(field, FieldType.KEYWORD);
    try {
      return new Keywords(DocValues.getSortedSet(segment.reader(), field));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public Shard.LongValues longs(String field) {
    fields.field(field, FieldType.LONG, FieldType.DATE);
    return new Longs(numbers(field));
  }

  @Override
  public Shard.DoubleValues doubles(String field) {
    fields.field(field, FieldType.DOUBLE);
    return new Doubles(numbers(field));
  }

  @Override
  public Shard.GeoValues points(String field) {
    fields.field(field, FieldType.GEO_POINT);
    return new Points(numbers(field));
  }

  private SortedNumericDocValues numbers(String field) {
    try {
      return DocValues.getSortedNumeric(segment.reader(), field);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static HeddleException unreadable(IOException e) {
    return new HeddleException(
        ErrorCode.STORAGE_FAILED, "column: " + e + " (expected: a sound disk)", e);
  }

  private record Keywords(SortedSetDocValues values) implements Shard.KeywordValues {
    @Override
    public boolean advance(int document) {
      try {
        return values.advanceExact(document);
      } catch (IOException e) {
        throw unreadable(e);
      }
    }

    @Override
    public int count() {
      return values.docValueCount();
    }

    @Override
    public int next() {
      try {
        return (int) values.nextOrd();
      } catch (IOException e) {
        throw unreadable(e);
      }
    }

    @Override
    public int cardinality() {
      return Math.toIntExact(values.getValueCount());
    }

    @Override
    public String term(int ordinal) {
      try {
        return values.lookupOrd(ordinal).utf8ToString();
      } catch (IOException e) {
        throw unreadable(e);
      }
    }
  }

  private record Longs(SortedNumericDocValues values) implements Shard.LongValues {
    @Override
    public boolean advance(int document) {
      return SegmentColumns.advance(values, document);
    }

    @Override
    public int count() {
      return values.docValueCount();
    }

    @Override
    public long next() {
      return SegmentColumns.next(values);
    }
  }

  private record Doubles(SortedNumericDocValues values) implements Shard.DoubleValues {
    @Override
    public boolean advance(int document) {
      return SegmentColumns.advance(values, document);
    }

    @Override
    public int count() {
      return values.docValueCount();
    }

    @Override
    public double next() {
      return NumericUtils.sortableLongToDouble(SegmentColumns.next(values));
    }
  }

  private static final class Points implements Shard.GeoValues {
    private final SortedNumericDocValues values;
    private long point;

    Points(SortedNumericDocValues values) {
      this.values = values;
    }

    @Override
    public boolean advance(int document) {
      return SegmentColumns.advance(values, document);
    }

    @Override
    public int count() {
      return values.docValueCount();
    }

    @Override
    public void next() {
      point = SegmentColumns.next(values);
    }

    @Override
    public double latitude() {
      return GeoEncodingUtils.decodeLatitude((int) (point >>> 32));
    }

    @Override
    public double longitude() {
      return GeoEncodingUtils.decodeLongitude((int) point);
    }
  }

  private static boolean advance(SortedNumericDocValues values, int document) {
    try {
      return values.advanceExact(document);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  private static long next(SortedNumericDocValues values) {
    try {
      return values.nextValue();
    } catch (IOException e) {
      throw unreadable(e);
    }
  }
}
