package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.function.ShardSummary;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.PointValues;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.NumericUtils;

/**
 * What one view of a shard holds: between what its numbers and dates lie, and all values of
 * keywords where they are few. Read from the heads of the index, so that it costs microseconds.
 * Documents that were deleted may still be in it. Immutable.
 *
 * @param documents live ones
 * @param bounds by field of a number or date; empty ones where no document has any
 * @param terms by keyword field with few values
 */
public record ViewSummary(
    int shard, long documents, Map<String, Bounds> bounds, Map<String, Set<String>> terms)
    implements ShardSummary {
  /** A field with more values is not told of. */
  private static final int MOST_TERMS = 64;

  /** The values of all fields together take no more. */
  private static final int MOST_BYTES = 4_096;

  public ViewSummary {
    bounds = Map.copyOf(bounds);
    terms = Map.copyOf(terms);
  }

  @Override
  public Optional<Bounds> bounds(String field) {
    return Optional.ofNullable(bounds.get(field));
  }

  @Override
  public boolean mayHave(String field, String value) {
    var known = terms.get(field);
    return known == null || known.contains(value);
  }

  /** Of a reader that stays open meanwhile. */
  static ViewSummary read(DirectoryReader reader, int shard, SchemaFields fields)
      throws IOException {
    Map<String, Bounds> bounds = new HashMap<>();
    Map<String, Set<String>> terms = new HashMap<>();
    int left = MOST_BYTES;
    for (Field field : fields.all()) {
      switch (field.type()) {
        case LONG, DATE, DOUBLE -> bounds.put(field.name(), bounds(reader, field));
        case KEYWORD -> {
          Set<String> values = new HashSet<>();
          int bytes = terms(reader, field.name(), values, left);
          if (bytes >= 0) {
            left -= bytes;
            terms.put(field.name(), Set.copyOf(values));
          }
        }
        case TEXT, GEO_POINT, STORED -> {}
      }
    }
    return new ViewSummary(shard, reader.numDocs(), bounds, terms);
  }

  private static Bounds bounds(DirectoryReader reader, Field field) throws IOException {
    Bounds bounds = Bounds.NONE;
    for (LeafReaderContext leaf : reader.leaves()) {
      PointValues points = leaf.reader().getPointValues(field.name());
      if (points != null) {
        long least = NumericUtils.sortableBytesToLong(points.getMinPackedValue(), 0);
        long greatest = NumericUtils.sortableBytesToLong(points.getMaxPackedValue(), 0);
        bounds =
            bounds.with(
                switch (field.type()) {
                  case DOUBLE ->
                      new Bounds(
                          NumericUtils.sortableLongToDouble(least),
                          NumericUtils.sortableLongToDouble(greatest));
                  case LONG, DATE -> Bounds.of(least, greatest);
                  case TEXT, KEYWORD, GEO_POINT, STORED ->
                      throw new IllegalStateException(field.name() + ": not a number");
                });
      }
    }
    return bounds;
  }

  /**
   * Adds all values of a field.
   *
   * @param most bytes that they may take
   * @return bytes that they take; -1: they are too many
   */
  private static int terms(DirectoryReader reader, String field, Set<String> values, int most)
      throws IOException {
    int bytes = 0;
    for (LeafReaderContext leaf : reader.leaves()) {
      Terms terms = leaf.reader().terms(field);
      if (terms == null) {
        continue;
      }
      if (terms.size() < 0 || terms.size() > MOST_TERMS) {
        return -1;
      }
      TermsEnum each = terms.iterator();
      for (BytesRef term = each.next(); term != null; term = each.next()) {
        if (values.add(term.utf8ToString())) {
          bytes += term.length;
          if (bytes > most || values.size() > MOST_TERMS) {
            return -1;
          }
        }
      }
    }
    return bytes;
  }
}
