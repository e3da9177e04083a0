package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Sort;
import java.io.IOException;
import java.util.List;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.search.Scorable;

/**
 * One key of an order: holds the keys of kept documents by slot and compares documents of the
 * present segment with them. Documents without a value come last in either direction. For one
 * thread.
 */
sealed interface SortKey permits NumberKey, KeywordKey, ScoreKey {
  void enter(LeafReader segment) throws IOException;

  default void setScorer(Scorable scorer) {}

  /** Reads the key of a document of the segment; each document once, in ascending order. */
  void load(int document) throws IOException;

  /** Below 0: the loaded document comes before the slot's. */
  int compareLoaded(int slot) throws IOException;

  /** Keeps the loaded document's key. */
  void keep(int slot) throws IOException;

  /** Below 0: the first slot's document comes before the second's. */
  int compare(int first, int second);

  /** Long, Double, String, or MISSING. */
  Object value(int slot);

  /** The keys of an order, checked against the schema. */
  static List<SortKey> keys(List<Sort> sort, SchemaFields fields, int slots) {
    return sort.stream().map(key -> key(key, fields, slots)).toList();
  }

  private static SortKey key(Sort sort, SchemaFields fields, int slots) {
    if (sort.field().equals(Sort.SCORE)) {
      return new ScoreKey(sort.descending(), slots);
    }
    Field field =
        fields.field(
            sort.field(), FieldType.KEYWORD, FieldType.LONG, FieldType.DOUBLE, FieldType.DATE);
    if (field.multi()) {
      throw new BadRequestException(
          "sort: " + field.name() + " is multi (expected: a field with a single value)");
    }
    return switch (field.type()) {
      case KEYWORD -> new KeywordKey(field.name(), sort.descending(), slots);
      case DOUBLE -> new NumberKey(field.name(), true, sort.descending(), slots);
      case LONG, DATE -> new NumberKey(field.name(), false, sort.descending(), slots);
      case TEXT, GEO_POINT, STORED ->
          throw new IllegalStateException(field.name() + ": not sortable");
    };
  }
}
