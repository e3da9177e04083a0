package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The fields of a dataset's documents, 1..200.
 *
 * @param rankField a single DOUBLE, 0..1 a document, that lifts well-known documents; empty: none
 * @param rankWeight of the static rank against the text score; 0: none
 * @param dynamic whether documents may have other fields: kept and returned, not searched
 */
public record Schema(List<Field> fields, String rankField, double rankWeight, boolean dynamic) {
  /** Fields at most. */
  public static final int MOST_FIELDS = 200;

  public Schema {
    fields = List.copyOf(fields);
    if (fields.isEmpty() || fields.size() > MOST_FIELDS) {
      throw invalid("fields: " + fields.size() + " (expected: 1.." + MOST_FIELDS + ")");
    }
    Set<String> names = new HashSet<>();
    for (Field field : fields) {
      if (!names.add(field.name())) {
        throw invalid("field: " + field.name() + " twice (expected: every name once)");
      }
    }
    if (!(rankWeight >= 0) || rankWeight > 1_000_000) {
      throw invalid("rank weight: " + rankWeight + " (expected: 0..1000000)");
    }
    if (!rankField.isEmpty()) {
      String rank = rankField;
      if (fields.stream()
          .noneMatch(f -> f.name().equals(rank) && f.type() == FieldType.DOUBLE && !f.multi())) {
        throw invalid("rank field: " + rank + " (expected: a single double of the schema)");
      }
    }
  }

  /** A schema without a static rank. */
  public static Schema of(List<Field> fields) {
    return new Schema(fields, "", 0, false);
  }

  public Optional<Field> field(String name) {
    for (Field field : fields) {
      if (field.name().equals(name)) {
        return Optional.of(field);
      }
    }
    return Optional.empty();
  }

  /** The text fields that a query searches which names none: those with a weight. */
  public List<Field> defaultTextFields() {
    return fields.stream().filter(f -> f.type() == FieldType.TEXT && f.weight() > 0).toList();
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_SCHEMA, message);
  }
}
