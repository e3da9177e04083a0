package dev.heddle.function.testkit;

import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.Shard.GeoValues;
import dev.heddle.function.Shard.KeywordValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import dev.heddle.function.Shard.Values;
import dev.heddle.function.Sort;
import java.util.List;
import java.util.TreeSet;

/** A part of an {@link InMemoryShard}, with its values by column. */
final class InMemorySegment implements Segment {
  private final InMemoryShard shard;
  private final int base;
  private final List<InMemoryDocument> documents;

  InMemorySegment(InMemoryShard shard, int base, List<InMemoryDocument> documents) {
    this.shard = shard;
    this.base = base;
    this.documents = documents;
  }

  @Override
  public int base() {
    return base;
  }

  @Override
  public int size() {
    return documents.size();
  }

  @Override
  public String id(int document) {
    return documents.get(document).id();
  }

  @Override
  public KeywordValues keywords(String field) {
    shard.expect(field, FieldKind.KEYWORD);
    return new Keywords(documents, field);
  }

  @Override
  public LongValues longs(String field) {
    shard.expect(field, FieldKind.LONG, FieldKind.DATE);
    return new Longs(documents, field);
  }

  @Override
  public DoubleValues doubles(String field) {
    shard.expect(field, FieldKind.DOUBLE);
    return new Doubles(documents, field);
  }

  @Override
  public GeoValues points(String field) {
    shard.expect(field, FieldKind.GEO_POINT);
    return new Points(documents, field);
  }

  /** Checks that a function moves forward only, and reads no value twice. */
  private static final class Cursor implements Values {
    private final List<InMemoryDocument> documents;
    private final String field;
    private int document = -1;
    private List<Object> values = List.of();
    private int next;

    Cursor(List<InMemoryDocument> documents, String field) {
      this.documents = documents;
      this.field = field;
    }

    @Override
    public boolean advance(int target) {
      if (target <= document) {
        throw new IllegalStateException(
            field + ": advance to " + target + " (expected: beyond " + document + ")");
      }
      document = target;
      values = documents.get(target).values(field);
      next = 0;
      return !values.isEmpty();
    }

    @Override
    public int count() {
      return values.size();
    }

    Object next() {
      if (next >= values.size()) {
        throw new IllegalStateException(
            field + ": value " + next + " (expected: one of " + values.size() + ", each once)");
      }
      return values.get(next++);
    }
  }

  private static final class Keywords implements KeywordValues {
    private final Cursor cursor;
    private final List<String> terms;

    Keywords(List<InMemoryDocument> documents, String field) {
      cursor = new Cursor(documents, field);
      var sorted = new TreeSet<String>(Sort::compareText);
      for (var document : documents) {
        document.values(field).forEach(value -> sorted.add(value.toString()));
      }
      terms = List.copyOf(sorted);
    }

    @Override
    public boolean advance(int document) {
      return cursor.advance(document);
    }

    @Override
    public int count() {
      return cursor.count();
    }

    @Override
    public int next() {
      return terms.indexOf(cursor.next().toString());
    }

    @Override
    public int cardinality() {
      return terms.size();
    }

    @Override
    public String term(int ordinal) {
      return terms.get(ordinal);
    }
  }

  private static final class Longs implements LongValues {
    private final Cursor cursor;

    Longs(List<InMemoryDocument> documents, String field) {
      cursor = new Cursor(documents, field);
    }

    @Override
    public boolean advance(int document) {
      return cursor.advance(document);
    }

    @Override
    public int count() {
      return cursor.count();
    }

    @Override
    public long next() {
      return (Long) cursor.next();
    }
  }

  private static final class Doubles implements DoubleValues {
    private final Cursor cursor;

    Doubles(List<InMemoryDocument> documents, String field) {
      cursor = new Cursor(documents, field);
    }

    @Override
    public boolean advance(int document) {
      return cursor.advance(document);
    }

    @Override
    public int count() {
      return cursor.count();
    }

    @Override
    public double next() {
      return (Double) cursor.next();
    }
  }

  private static final class Points implements GeoValues {
    private final Cursor cursor;
    private double[] point = {0, 0};

    Points(List<InMemoryDocument> documents, String field) {
      cursor = new Cursor(documents, field);
    }

    @Override
    public boolean advance(int document) {
      return cursor.advance(document);
    }

    @Override
    public int count() {
      return cursor.count();
    }

    @Override
    public void next() {
      point = (double[]) cursor.next();
    }

    @Override
    public double latitude() {
      return point[0];
    }

    @Override
    public double longitude() {
      return point[1];
    }
  }
}
