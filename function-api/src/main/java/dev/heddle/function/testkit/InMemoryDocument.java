package dev.heddle.function.testkit;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.Sort;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A document of an {@link InMemoryShard}.
 *
 * @param values by field, in the field's own type (text, keyword: String; long, date: Long; double:
 *     Double; point: double[2]), each list ascending
 */
record InMemoryDocument(String id, JsonObject stored, Map<String, List<Object>> values) {
  static InMemoryDocument of(String id, Map<String, ?> fields, Map<String, FieldKind> kinds) {
    var stored = JsonObject.of(fields);
    var values = new LinkedHashMap<String, List<Object>>();
    stored
        .asMap()
        .forEach((field, value) -> {
          var kind = kinds.get(field);
          if (kind == null) {
            throw new IllegalArgumentException(
                field + ": unknown (expected: one of " + kinds.keySet() + ")");
          }
          var typed = new ArrayList<Object>();
          for (var one : value instanceof Collection<?> list ? list : List.of(value)) {
            typed.add(typed(field, kind, one));
          }
          if (kind != FieldKind.TEXT && kind != FieldKind.GEO_POINT && kind != FieldKind.STORED) {
            typed.sort(InMemoryDocument::compare);
          }
          if (kind == FieldKind.KEYWORD) {
            // As a set: a value counts once.
            typed = new ArrayList<>(new LinkedHashSet<>(typed));
          }
          values.put(field, typed);
        });
    return new InMemoryDocument(id, stored, values);
  }

  private static Object typed(String field, FieldKind kind, Object value) {
    return switch (kind) {
      case TEXT, KEYWORD -> value.toString();
      case LONG -> ((Number) value).longValue();
      case DOUBLE -> ((Number) value).doubleValue();
      case DATE -> date(field, value);
      case GEO_POINT -> {
        var point = (JsonObject) value;
        yield new double[] {point.number("lat", 0, -90, 90), point.number("lon", 0, -180, 180)};
      }
      case STORED -> value;
    };
  }

  static Long date(String field, Object value) {
    try {
      return switch (value) {
        case Number number -> number.longValue();
        case String text when text.indexOf('T') < 0 ->
            LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli();
        default -> Instant.parse(value.toString()).toEpochMilli();
      };
    } catch (DateTimeException e) {
      throw new BadRequestException(field + ": " + value + " (expected: an ISO-8601 date)");
    }
  }

  static int compare(Object a, Object b) {
    if (a instanceof Long x && b instanceof Long y) {
      return Long.compare(x, y);
    }
    if (a instanceof Number x && b instanceof Number y) {
      return Double.compare(x.doubleValue(), y.doubleValue());
    }
    return Sort.compareText(a.toString(), b.toString());
  }

  List<Object> values(String field) {
    return values.getOrDefault(field, List.of());
  }

  byte[] json(List<String> fields) {
    var json = new StringBuilder("{");
    stored
        .asMap()
        .forEach((field, value) -> {
          if (fields.isEmpty() || fields.contains(field)) {
            json.append(json.length() > 1 ? "," : "");
            write(field, json);
            write(value, json.append(':'));
          }
        });
    return json.append('}').toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void write(@Nullable Object value, StringBuilder json) {
    switch (value) {
      case String text -> {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
          char c = text.charAt(i);
          if (c == '"' || c == '\\' || c < ' ') {
            json.append("\\u%04x".formatted((int) c));
          } else {
            json.append(c);
          }
        }
        json.append('"');
      }
      case JsonObject object -> {
        var separator = "{";
        for (var member : object.asMap().entrySet()) {
          write(member.getKey(), json.append(separator));
          write(member.getValue(), json.append(':'));
          separator = ",";
        }
        json.append(object.names().isEmpty() ? "{}" : "}");
      }
      case List<?> list -> {
        var separator = "[";
        for (var element : list) {
          write(element, json.append(separator));
          separator = ",";
        }
        json.append(list.isEmpty() ? "[]" : "]");
      }
      case null -> json.append("null");
      default -> json.append(value);
    }
  }
}
