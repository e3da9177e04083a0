package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.Schema;
import java.util.List;
import java.util.Optional;

/**
 * The text that a query without field names searches: the schema's weighted text fields taken
 * together, under the analyzer of the weightiest. Immutable.
 */
final class WeightedText {
  /** Frequency of one occurrence in a field of weight 1. */
  static final int UNIT = 8;

  /** Keeps the length of the largest document within an int. */
  private static final int MAX_UNITS = 1_000;

  private final List<Field> fields;
  private final String analyzer;

  WeightedText(Schema schema) {
    this.fields = schema.defaultTextFields();
    this.analyzer = heaviest(fields).map(Field::analyzer).orElse(TextAnalysis.ENGLISH);
  }

  private static Optional<Field> heaviest(List<Field> fields) {
    Field heaviest = null;
    for (Field field : fields) {
      if (heaviest == null || field.weight() > heaviest.weight()) {
        heaviest = field;
      }
    }
    return Optional.ofNullable(heaviest);
  }

  List<Field> fields() {
    return fields;
  }

  String analyzer() {
    return analyzer;
  }

  boolean has(Field field) {
    return fields.contains(field);
  }

  /** What one occurrence of a term in the field adds to the term's frequency. */
  static int units(Field field) {
    return Math.clamp(Math.round(field.weight() * UNIT), 1, MAX_UNITS);
  }
}
