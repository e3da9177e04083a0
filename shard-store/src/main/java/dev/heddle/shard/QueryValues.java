package dev.heddle.shard;

import dev.heddle.function.BadRequestException;

/** Values in a query, as the type of their field asks for. */
final class QueryValues {
  private QueryValues() {}

  static String keyword(String field, Object value) {
    return switch (value) {
      case String text -> text;
      case Boolean flag -> flag.toString();
      default -> throw unexpected(field, value, "a string");
    };
  }

  static String text(String field, Object value) {
    if (value instanceof String text) {
      return text;
    }
    throw unexpected(field, value, "a string");
  }

  static long exactLong(String field, Object value) {
    return switch (value) {
      case Long number -> number;
      case Integer number -> number;
      case Double number when number == Math.rint(number) && Math.abs(number) < 0x1p63 ->
          number.longValue();
      default -> throw unexpected(field, value, "an integer");
    };
  }

  /** The smallest long that is not below the value. */
  static long atLeast(String field, Object value) {
    return value instanceof Double number && Double.isFinite(number)
        ? (long) Math.ceil(number)
        : exactLong(field, value);
  }

  /** The largest long that is not above the value. */
  static long atMost(String field, Object value) {
    return value instanceof Double number && Double.isFinite(number)
        ? (long) Math.floor(number)
        : exactLong(field, value);
  }

  static double number(String field, Object value) {
    return switch (value) {
      case Double number when Double.isFinite(number) -> number;
      case Long number -> number;
      case Integer number -> number;
      default -> throw unexpected(field, value, "a number");
    };
  }

  /** A text, or milliseconds since 1970. */
  static Dates.Span date(String field, Object value) {
    return switch (value) {
      case String text ->
          Dates.parse(text).orElseThrow(() -> unexpected(field, value, Dates.EXPECTED));
      case Long millis -> new Dates.Span(millis, millis);
      default -> throw unexpected(field, value, Dates.EXPECTED);
    };
  }

  private static BadRequestException unexpected(String field, Object value, String expected) {
    return new BadRequestException(field + ": " + value + " (expected: " + expected + ")");
  }
}
