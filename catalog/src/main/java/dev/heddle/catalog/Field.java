package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One field of a schema.
 *
 * @param name {@code [A-Za-z][A-Za-z0-9_]{0,63}}
 * @param analyzer for text {@code standard}, {@code english} or {@code simple}, where empty becomes
 *     {@code standard}; else empty
 * @param weight for text the share in the default query, 0: not searched by default; else 0
 * @param multi whether a document may have several values
 */
public record Field(String name, FieldType type, String analyzer, double weight, boolean multi) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]{0,63}");
  private static final Set<String> ANALYZERS = Set.of("standard", "english", "simple");

  public Field {
    if (!NAME.matcher(name).matches()) {
      throw invalid("field: " + name + " (expected: a letter, then up to 63 letters, digits, '_')");
    }
    if (type == FieldType.TEXT) {
      analyzer = analyzer.isEmpty() ? "standard" : analyzer;
      if (!ANALYZERS.contains(analyzer)) {
        throw invalid(
            "analyzer of " + name + ": " + analyzer + " (expected: standard, english or simple)");
      }
      if (!(weight >= 0) || weight > 1_000) {
        throw invalid("weight of " + name + ": " + weight + " (expected: 0..1000)");
      }
    } else {
      if (!analyzer.isEmpty()) {
        throw invalid("analyzer of " + name + ": " + analyzer + " (expected: none, as not text)");
      }
      if (weight != 0) {
        throw invalid("weight of " + name + ": " + weight + " (expected: 0, as not text)");
      }
    }
  }

  /** A field that is not text. */
  public static Field of(String name, FieldType type, boolean multi) {
    return new Field(name, type, "", 0, multi);
  }

  /** A text field with a single value. */
  public static Field text(String name, String analyzer, double weight) {
    return new Field(name, FieldType.TEXT, analyzer, weight, false);
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_SCHEMA, message);
  }
}
