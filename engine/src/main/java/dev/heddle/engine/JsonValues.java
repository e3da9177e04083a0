package dev.heddle.engine;

import dev.heddle.function.JsonObject;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/** Plain Java values, as functions see them, from and to JSON text. Safe for any thread. */
public final class JsonValues {
  /** Objects and lists within each other. */
  public static final int MAX_DEPTH = 100;

  /** What {@link #read} takes and {@link #write(Object)} makes at most. */
  public static final DataSize MAX_SIZE = DataSize.ofMiB(64);

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_SIZE.toIntBytes())
                  .maxNameLength(4_096)
                  .maxNumberLength(1_000)
                  .build())
          .build();

  private JsonValues() {}

  /**
   * One JSON value.
   *
   * @return null, Boolean, Long, Double, String, an unchangeable List, or a JsonObject
   * @throws HeddleException MALFORMED_JSON, or TOO_LARGE
   */
  public static @Nullable Object read(byte[] json) {
    Refusals.atMost("json", json.length, MAX_SIZE.bytes(), " bytes");
    try (var parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      if (parser.nextToken() == null) {
        throw malformed("nothing", "a JSON value");
      }
      var value = readValue(parser);
      if (parser.nextToken() != null) {
        throw malformed("more text after the first value", "one JSON value");
      }
      return value;
    } catch (JacksonException e) {
      throw malformed(e);
    }
  }

  /**
   * Checks JSON text without keeping what it says.
   *
   * @throws HeddleException as {@link #read}
   */
  public static void check(byte[] json) {
    Refusals.atMost("json", json.length, MAX_SIZE.bytes(), " bytes");
    try (var parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      if (parser.nextToken() == null) {
        throw malformed("nothing", "a JSON value");
      }
      parser.skipChildren();
      if (parser.nextToken() != null) {
        throw malformed("more text after the first value", "one JSON value");
      }
    } catch (JacksonException e) {
      throw malformed(e);
    }
  }

  /** A JSON object; another value is refused with TYPE_MISMATCH. */
  public static JsonObject readObject(byte[] json) {
    if (read(json) instanceof JsonObject object) {
      return object;
    }
    throw Refusals.refuse(ErrorCode.TYPE_MISMATCH, "json", "another value", "a JSON object");
  }

  private static HeddleException malformed(JacksonException e) {
    var at = e.getLocation();
    var where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
    return new HeddleException(
        ErrorCode.MALFORMED_JSON,
        "json: " + e.getOriginalMessage() + where + " (expected: JSON text)",
        e);
  }

  private static HeddleException malformed(String what, String expected) {
    return Refusals.refuse(ErrorCode.MALFORMED_JSON, "json", what, expected);
  }

  private static @Nullable Object readValue(JsonParser parser) {
    return switch (parser.currentToken()) {
      case VALUE_NULL -> null;
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_STRING -> parser.getString();
      case VALUE_NUMBER_INT ->
          switch (parser.getNumberType()) {
            case INT, LONG -> parser.getLongValue();
            default -> finite(parser);
          };
      case VALUE_NUMBER_FLOAT -> finite(parser);
      case START_ARRAY -> {
        var list = new ArrayList<@Nullable Object>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(readValue(parser));
        }
        yield Collections.unmodifiableList(list);
      }
      case START_OBJECT -> readMembers(parser);
      default -> throw malformed(parser.currentToken().toString(), "a JSON value");
    };
  }

  private static JsonObject readMembers(JsonParser parser) {
    var members = new LinkedHashMap<String, @Nullable Object>();
    while (parser.nextToken() != JsonToken.END_OBJECT) {
      var name = parser.currentName();
      if (members.containsKey(name)) {
        throw malformed("two members " + name + " in one object", "one");
      }
      parser.nextToken();
      members.put(name, readValue(parser));
    }
    return JsonObject.of(members);
  }

  private static Double finite(JsonParser parser) {
    double number = parser.getDoubleValue();
    if (Double.isInfinite(number)) {
      throw malformed(parser.getString(), "a number of 64 bits");
    }
    return number;
  }

  /**
   * JSON text in UTF-8 of a plain value, as functions return it.
   *
   * @throws IllegalArgumentException if it is no JSON value, or nested beyond {@link #MAX_DEPTH}
   * @throws HeddleException LIMIT_REACHED beyond {@link #MAX_SIZE}
   */
  public static byte[] write(@Nullable Object value) {
    return write(value, MAX_SIZE);
  }

  /** As {@link #write(Object)}, within a size of the caller's. */
  public static byte[] write(@Nullable Object value, DataSize max) {
    var bytes = new ByteSink(max.toIntBytes());
    try (var generator = JSON.createGenerator(ObjectWriteContext.empty(), bytes.stream())) {
      writeValue(value, generator, 0);
    } catch (JacksonException e) {
      if (!bytes.overflown()) {
        throw new IllegalArgumentException(e.getOriginalMessage(), e);
      }
    }
    if (bytes.overflown()) {
      throw Refusals.refuse(ErrorCode.LIMIT_REACHED, "json", "more than " + max, "at most " + max);
    }
    return bytes.toByteArray();
  }

  private static void writeValue(@Nullable Object value, JsonGenerator out, int depth) {
    if (depth > MAX_DEPTH) {
      throw new IllegalArgumentException(
          "json: nested deeper (expected: at most " + MAX_DEPTH + " levels)");
    }
    switch (value) {
      case null -> out.writeNull();
      case String text -> out.writeString(text);
      case Boolean bool -> out.writeBoolean(bool);
      case Character character -> out.writeString(character.toString());
      case Number number -> writeNumber(number, out);
      case JsonObject object -> writeMembers(object.asMap(), out, depth);
      case Map<?, ?> map -> writeMembers(map, out, depth);
      case Collection<?> list -> {
        out.writeStartArray();
        for (var element : list) {
          writeValue(element, out, depth + 1);
        }
        out.writeEndArray();
      }
      default -> {
        if (!value.equals(JsonObject.NULL)) {
          throw new IllegalArgumentException(
              "value: " + value.getClass().getName() + " (expected: a JSON value)");
        }
        out.writeNull();
      }
    }
  }

  private static void writeMembers(Map<?, ?> members, JsonGenerator out, int depth) {
    out.writeStartObject();
    for (var member : members.entrySet()) {
      if (!(member.getKey() instanceof String name)) {
        throw new IllegalArgumentException(
            "name: " + member.getKey() + " (expected: a string as a member's name)");
      }
      out.writeName(name);
      writeValue(member.getValue(), out, depth + 1);
    }
    out.writeEndObject();
  }

  private static void writeNumber(Number number, JsonGenerator out) {
    switch (number) {
      case Long value -> out.writeNumber(value);
      case Integer value -> out.writeNumber(value);
      case Short value -> out.writeNumber(value);
      case Byte value -> out.writeNumber(value);
      case BigInteger value -> out.writeNumber(value);
      case BigDecimal value -> out.writeNumber(value);
      case Float value when Float.isFinite(value) -> out.writeNumber(value);
      default -> {
        double value = number.doubleValue();
        if (!Double.isFinite(value)) {
          throw new IllegalArgumentException("number: " + value + " (expected: a finite one)");
        }
        out.writeNumber(value);
      }
    }
  }
}
