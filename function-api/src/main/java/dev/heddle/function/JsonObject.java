package dev.heddle.function;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A JSON object as plain, unchangeable Java values: Boolean, Long, Double, String, List,
 * JsonObject, and null. Integers beyond 64 bits and fractions are Doubles. The getters check types
 * and say in their error what was wrong.
 */
public final class JsonObject {
  public static final JsonObject EMPTY = new JsonObject(Map.of());

  /** A stand-in for null where null itself cannot stand. */
  public static final Object NULL =
      new Object() {
        @Override
        public String toString() {
          return "null";
        }
      };

  private final Map<String, @Nullable Object> values;

  /** Takes over the map: nobody else may hold it. */
  private JsonObject(Map<String, @Nullable Object> values) {
    this.values = Collections.unmodifiableMap(values);
  }

  /** Wraps a map of plain JSON values; nested maps become objects. */
  public static JsonObject of(Map<String, ? extends @Nullable Object> values) {
    var copy = new LinkedHashMap<String, @Nullable Object>();
    values.forEach((name, value) -> copy.put(name, plain(name, value)));
    return new JsonObject(copy);
  }

  private static @Nullable Object plain(String path, @Nullable Object value) {
    return switch (value) {
      case null -> null;
      case JsonObject object -> object;
      case Boolean bool -> bool;
      case String text -> text;
      case Character character -> character.toString();
      case Long number -> number;
      case Integer number -> number.longValue();
      case Short number -> number.longValue();
      case Byte number -> number.longValue();
      case Number number -> number.doubleValue();
      case Map<?, ?> map -> {
        var copy = new LinkedHashMap<String, @Nullable Object>();
        map.forEach(
            (name, inner) -> copy.put(String.valueOf(name), plain(path + "." + name, inner)));
        yield new JsonObject(copy);
      }
      case Collection<?> list -> {
        var copy = new java.util.ArrayList<@Nullable Object>(list.size());
        for (var inner : list) {
          copy.add(plain(path, inner));
        }
        yield Collections.unmodifiableList(copy);
      }
      default ->
          throw new IllegalArgumentException(
              path + ": " + value.getClass().getName() + " (expected: a JSON value)");
    };
  }

  public Set<String> names() {
    return values.keySet();
  }

  public boolean has(String name) {
    return values.containsKey(name);
  }

  /** The raw value; null where absent. */
  public @Nullable Object get(String name) {
    return values.get(name);
  }

  /** As an unchangeable map, in the order of the text. */
  public Map<String, @Nullable Object> asMap() {
    return values;
  }

  /** Refuses names other than these. */
  public JsonObject allow(String... names) {
    var known = Set.of(names);
    for (var name : values.keySet()) {
      if (!known.contains(name)) {
        throw new BadRequestException(
            name
                + ": unknown (expected: "
                + (names.length == 0 ? "nothing" : "one of " + String.join(", ", names))
                + ")");
      }
    }
    return this;
  }

  public String string(String name) {
    return optionalString(name).orElseThrow(() -> missing(name, "a string"));
  }

  public String string(String name, String otherwise) {
    return optionalString(name).orElse(otherwise);
  }

  public Optional<String> optionalString(String name) {
    return switch (values.get(name)) {
      case null -> Optional.empty();
      case String text -> Optional.of(text);
      case Object other -> throw wrong(name, other, "a string");
    };
  }

  /** An integer within bounds, both inclusive. */
  public long integer(String name, long otherwise, long min, long max) {
    return switch (values.get(name)) {
      case null -> otherwise;
      case Long number when number >= min && number <= max -> number;
      case Object other -> throw wrong(name, other, "an integer in " + min + ".." + max);
    };
  }

  /** A number within bounds, both inclusive. */
  public double number(String name, double otherwise, double min, double max) {
    return switch (values.get(name)) {
      case null -> otherwise;
      case Number number when number.doubleValue() >= min && number.doubleValue() <= max ->
          number.doubleValue();
      case Object other -> throw wrong(name, other, "a number in " + min + ".." + max);
    };
  }

  public boolean bool(String name, boolean otherwise) {
    return switch (values.get(name)) {
      case null -> otherwise;
      case Boolean bool -> bool;
      case Object other -> throw wrong(name, other, "true or false");
    };
  }

  public Optional<JsonObject> object(String name) {
    return switch (values.get(name)) {
      case null -> Optional.empty();
      case JsonObject object -> Optional.of(object);
      case Object other -> throw wrong(name, other, "an object");
    };
  }

  /** The list; empty where absent. */
  public List<?> list(String name) {
    return switch (values.get(name)) {
      case null -> List.of();
      case List<?> list -> list;
      case Object other -> throw wrong(name, other, "a list");
    };
  }

  /** A list of strings; empty where absent. */
  public List<String> strings(String name) {
    return list(name).stream()
        .map(value -> {
          if (value instanceof String text) {
            return text;
          }
          throw wrong(name, value, "a list of strings");
        })
        .toList();
  }

  private static BadRequestException missing(String name, String expected) {
    return new BadRequestException(name + ": missing (expected: " + expected + ")");
  }

  private static BadRequestException wrong(String name, @Nullable Object value, String expected) {
    return new BadRequestException(name + ": " + value + " (expected: " + expected + ")");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof JsonObject object && values.equals(object.values);
  }

  @Override
  public int hashCode() {
    return values.hashCode();
  }

  @Override
  public String toString() {
    return values.toString();
  }
}
