package dev.heddle.json;

import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * One JSON object, read strictly: unknown fields, wrong types and values out of range are errors
 * that name the path, the value and what was expected. A null counts as absent.
 */
public final class JsonFields {
  static final int SHOWN = 60;

  private final String path;
  private final JsonNode node;

  /**
   * Checks that the value is an object with none but the allowed fields.
   *
   * @param path where the value stands; empty: it is the whole
   * @throws HeddleException TYPE_MISMATCH or UNKNOWN_PARAMETER
   */
  public JsonFields(String path, JsonNode node, Set<String> allowed) {
    this(path, node);
    for (String name : node.propertyNames()) {
      if (!allowed.contains(name)) {
        throw unknown(at(name), allowed);
      }
    }
  }

  /** An object whose fields are named freely. */
  public JsonFields(String path, JsonNode node) {
    if (!node.isObject()) {
      throw mismatch(path.isEmpty() ? "body" : path, node, "an object");
    }
    this.path = path;
    this.node = node;
  }

  static HeddleException unknown(String path, Set<String> allowed) {
    return new HeddleException(
        ErrorCode.UNKNOWN_PARAMETER,
        path + ": unknown (expected: one of " + String.join(", ", allowed) + ")");
  }

  /** A value of the wrong type. */
  public static HeddleException mismatch(String path, JsonNode value, String expected) {
    return new HeddleException(
        ErrorCode.TYPE_MISMATCH, path + ": " + shown(value) + " (expected: " + expected + ")");
  }

  static HeddleException outOfRange(String path, Object value, String expected) {
    return new HeddleException(
        ErrorCode.OUT_OF_RANGE, path + ": " + value + " (expected: " + expected + ")");
  }

  static String shown(JsonNode value) {
    String text = value.toString();
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "…";
  }

  /** Path of a field. */
  public String at(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  /** The field's value; empty: absent or null. */
  public Optional<JsonNode> value(String name) {
    JsonNode value = node.get(name);
    return value == null || value.isNull() ? Optional.empty() : Optional.of(value);
  }

  /** A value that has to be there. */
  public JsonNode required(String name) {
    return value(name)
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.INVALID_REQUEST, at(name) + ": missing (expected: a value)"));
  }

  /** The names of the object's fields, in their order. */
  public Iterable<String> names() {
    return node.propertyNames();
  }

  int size() {
    return node.size();
  }

  /** A required string that is not empty. */
  public String text(String name) {
    String text = text(at(name), required(name));
    if (text.isEmpty()) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, at(name) + ": \"\" (expected: a text)");
    }
    return text;
  }

  /** A string; null: absent. */
  public @Nullable String textOrNull(String name) {
    return value(name).map(value -> text(at(name), value)).orElse(null);
  }

  static String text(String path, JsonNode value) {
    if (!value.isString()) {
      throw mismatch(path, value, "a string");
    }
    return value.stringValue();
  }

  /** A boolean; absent: false. */
  public boolean flag(String name) {
    return value(name)
        .map(value -> {
          if (!value.isBoolean()) {
            throw mismatch(at(name), value, "true or false");
          }
          return value.booleanValue();
        })
        .orElse(false);
  }

  /** An integer within bounds; empty: absent. */
  public OptionalLong integer(String name, long least, long most) {
    Optional<JsonNode> value = value(name);
    return value.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(integer(at(name), value.get(), least, most));
  }

  static long integer(String path, JsonNode value, long least, long most) {
    if (!value.isIntegralNumber()) {
      throw mismatch(path, value, "an integer");
    }
    if (!value.canConvertToLong() || value.longValue() < least || value.longValue() > most) {
      throw outOfRange(path, shown(value), least + ".." + most);
    }
    return value.longValue();
  }

  OptionalDouble number(String name, double least, double most) {
    Optional<JsonNode> value = value(name);
    if (value.isEmpty()) {
      return OptionalDouble.empty();
    }
    if (!value.get().isNumber()) {
      throw mismatch(at(name), value.get(), "a number");
    }
    double number = value.get().doubleValue();
    if (!(number >= least && number <= most)) {
      throw outOfRange(at(name), shown(value.get()), plain(least) + ".." + plain(most));
    }
    return OptionalDouble.of(number);
  }

  private static String plain(double number) {
    return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
  }

  Optional<Duration> duration(String name, Duration least, Duration most) {
    return value(name)
        .map(value -> {
          String expected =
              "a duration of "
                  + DurationFormat.format(least)
                  + ".."
                  + DurationFormat.format(most)
                  + ", as in \"200ms\"";
          if (!value.isString()) {
            throw mismatch(at(name), value, expected);
          }
          Duration duration;
          try {
            duration = DurationFormat.parse(value.stringValue());
          } catch (IllegalArgumentException e) {
            throw mismatch(at(name), value, expected);
          }
          if (duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
            throw outOfRange(at(name), shown(value), expected);
          }
          return duration;
        });
  }

  /** A list of strings; absent: empty. */
  public List<String> texts(String name, int most) {
    return list(name, most, JsonFields::text);
  }

  /** A list; absent: empty. */
  <T> List<T> list(String name, int most, BiFunction<String, JsonNode, T> item) {
    Optional<JsonNode> value = value(name);
    return value.isEmpty() ? List.of() : list(at(name), value.get(), most, item);
  }

  static <T> List<T> list(
      String path, JsonNode value, int most, BiFunction<String, JsonNode, T> item) {
    if (!value.isArray()) {
      throw mismatch(path, value, "an array");
    }
    if (value.size() > most) {
      throw outOfRange(path, value.size() + " items", "at most " + most + " items");
    }
    var items = new ArrayList<T>(value.size());
    for (JsonNode each : value) {
      items.add(item.apply(path + "[" + items.size() + "]", each));
    }
    return items;
  }

  /** The only field of the object, as in {@code {"title": "text"}}. */
  String onlyName(String expected) {
    if (node.size() != 1) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, path + ": " + shown(node) + " (expected: " + expected + ")");
    }
    return node.propertyNames().iterator().next();
  }
}
