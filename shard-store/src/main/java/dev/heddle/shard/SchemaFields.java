package dev.heddle.shard;

import com.google.common.collect.Interner;
import com.google.common.collect.Interners;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Shard.FieldKind;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A dataset's schema, made ready for looking up. Immutable. */
final class SchemaFields {
  /** Equal ones are one: shards of a dataset have read theirs each by itself. */
  private static final Interner<Schema> SCHEMAS = Interners.newWeakInterner();

  private final Schema schema;
  private final WeightedText weighted;
  private final Map<String, Field> byName = new HashMap<>();

  SchemaFields(Schema schema) {
    this.schema = SCHEMAS.intern(schema);
    this.weighted = new WeightedText(schema);
    schema.fields().forEach(field -> byName.put(field.name(), field));
  }

  /** Whether it is of an equal schema. */
  @SuppressWarnings("ReferenceEquality") // Interned.
  boolean sameAs(@Nullable SchemaFields other) {
    return this == other || (other != null && schema == other.schema);
  }

  WeightedText weighted() {
    return weighted;
  }

  Iterable<Field> all() {
    return schema.fields();
  }

  /** Names as the schema has them. */
  List<String> inOrder() {
    return schema.fields().stream().map(Field::name).toList();
  }

  /** The field of the static rank; empty: none. */
  String rankField() {
    return schema.rankField();
  }

  /** Whether documents may have other fields. */
  boolean dynamic() {
    return schema.dynamic();
  }

  double rankWeight() {
    return schema.rankWeight();
  }

  Optional<Field> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** The field that a query names. */
  Field field(String name) {
    Field field = byName.get(name);
    if (field == null) {
      throw new BadRequestException("field: " + name + " (expected: one of " + names() + ")");
    }
    return field;
  }

  /** The field that a query names, if of one of the types. */
  Field field(String name, FieldType... types) {
    Field field = field(name);
    if (!Arrays.asList(types).contains(field.type())) {
      throw new BadRequestException(
          "field: " + name + " is " + text(field.type()) + " (expected: " + text(types) + ")");
    }
    return field;
  }

  String names() {
    return String.join(", ", new TreeSet<>(byName.keySet()));
  }

  static FieldKind kind(FieldType type) {
    return switch (type) {
      case TEXT -> FieldKind.TEXT;
      case KEYWORD -> FieldKind.KEYWORD;
      case LONG -> FieldKind.LONG;
      case DOUBLE -> FieldKind.DOUBLE;
      case DATE -> FieldKind.DATE;
      case GEO_POINT -> FieldKind.GEO_POINT;
      case STORED -> FieldKind.STORED;
    };
  }

  /** As users write it. */
  static String text(FieldType type) {
    return switch (type) {
      case TEXT -> "text";
      case KEYWORD -> "keyword";
      case LONG -> "long";
      case DOUBLE -> "double";
      case DATE -> "date";
      case GEO_POINT -> "geoPoint";
      case STORED -> "stored";
    };
  }

  private static String text(FieldType... types) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < types.length; i++) {
      text.append(i == 0 ? "" : i == types.length - 1 ? " or " : ", ").append(text(types[i]));
    }
    return text.toString();
  }
}
