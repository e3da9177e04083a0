package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;

/**
 * A field as a person writes it: {@code name:type[:analyzer[:weight]]}, with {@code []} after the
 * type for several values a document: {@code tags:keyword[]}.
 *
 * @param type as in a schema's JSON
 * @param analyzer empty: the cluster's default
 * @param weight of a text in a query that names no field
 */
public record FieldSpec(String name, String type, boolean multi, String analyzer, double weight) {
  private static final String FORM = "name:type[:analyzer[:weight]], like title:text:english:2";

  /**
   * @throws HeddleException INVALID_SCHEMA if the text has another form; what it says, the cluster
   *     judges
   */
  public static FieldSpec parse(String text) {
    String[] parts = text.split(":", -1);
    if (parts.length < 2 || parts.length > 4 || parts[0].isEmpty() || parts[1].isEmpty()) {
      throw invalid(text);
    }
    boolean multi = parts[1].endsWith("[]");
    String type = multi ? parts[1].substring(0, parts[1].length() - 2) : parts[1];
    if (!SchemaWire.types().contains(type)) {
      throw new HeddleException(
          ErrorCode.INVALID_SCHEMA,
          "field: "
              + text
              + ": type "
              + type
              + " (expected: one of "
              + String.join(", ", SchemaWire.types())
              + ")");
    }
    try {
      return new FieldSpec(
          parts[0],
          type,
          multi,
          parts.length > 2 ? parts[2] : "",
          parts.length > 3 ? Double.parseDouble(parts[3]) : 0);
    } catch (NumberFormatException e) {
      throw invalid(text);
    }
  }

  private static HeddleException invalid(String text) {
    return new HeddleException(
        ErrorCode.INVALID_SCHEMA, "field: " + text + " (expected: " + FORM + ")");
  }
}
