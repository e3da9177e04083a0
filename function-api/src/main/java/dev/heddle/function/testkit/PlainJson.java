package dev.heddle.function.testkit;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.JsonObject;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON text from and to plain values, as strict as the platform is. One use, one thread. */
final class PlainJson {
  private static final int MAX_DEPTH = 64;

  private final String text;
  private int at;

  private PlainJson(String text) {
    this.text = text;
  }

  /** Throws BadRequestException if it is no JSON. */
  static @Nullable Object read(String text) {
    var json = new PlainJson(text);
    var value = json.value(0);
    json.space();
    if (json.at < text.length()) {
      throw json.wrong("one JSON value");
    }
    return value;
  }

  private BadRequestException wrong(String expected) {
    var found = at < text.length() ? "'" + text.charAt(at) + "'" : "the end";
    return new BadRequestException("json: %s at %d (expected: %s)".formatted(found, at, expected));
  }

  private void space() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private boolean next(char wanted) {
    space();
    if (at < text.length() && text.charAt(at) == wanted) {
      at++;
      return true;
    }
    return false;
  }

  private void need(char wanted) {
    if (!next(wanted)) {
      throw wrong("'" + wanted + "'");
    }
  }

  private @Nullable Object value(int depth) {
    space();
    if (depth > MAX_DEPTH || at >= text.length()) {
      throw wrong("a JSON value, at most " + MAX_DEPTH + " deep");
    }
    return switch (text.charAt(at)) {
      case '{' -> object(depth);
      case '[' -> list(depth);
      case '"' -> string();
      case 't' -> word("true", true);
      case 'f' -> word("false", false);
      case 'n' -> word("null", null);
      default -> number();
    };
  }

  private @Nullable Object word(String word, @Nullable Object value) {
    if (!text.startsWith(word, at)) {
      throw wrong(word);
    }
    at += word.length();
    return value;
  }

  private JsonObject object(int depth) {
    var members = new LinkedHashMap<String, @Nullable Object>();
    need('{');
    if (next('}')) {
      return JsonObject.EMPTY;
    }
    do {
      space();
      var name = string();
      need(':');
      if (members.containsKey(name)) {
        throw wrong("each name once: " + name);
      }
      members.put(name, value(depth + 1));
    } while (next(','));
    need('}');
    return JsonObject.of(members);
  }

  private List<@Nullable Object> list(int depth) {
    var values = new ArrayList<@Nullable Object>();
    need('[');
    if (next(']')) {
      return List.of();
    }
    do {
      values.add(value(depth + 1));
    } while (next(','));
    need(']');
    return Collections.unmodifiableList(values);
  }

  private String string() {
    if (at >= text.length() || text.charAt(at) != '"') {
      throw wrong("a string");
    }
    at++;
    var value = new StringBuilder();
    while (at < text.length() && text.charAt(at) != '"') {
      char c = text.charAt(at++);
      if (c < ' ') {
        throw wrong("a string without control characters");
      }
      value.append(c == '\\' ? escaped() : c);
    }
    need('"');
    return value.toString();
  }

  private char escaped() {
    char c = at < text.length() ? text.charAt(at++) : 'x';
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        if (at + 4 > text.length() || !text.substring(at, at + 4).matches("[0-9a-fA-F]{4}")) {
          throw wrong("four hex digits");
        }
        at += 4;
        yield (char) Integer.parseInt(text, at - 4, at, 16);
      }
      default -> throw wrong("an escape");
    };
  }

  private Number number() {
    int start = at;
    while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    var digits = text.substring(start, at);
    if (!digits.matches("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?")) {
      at = start;
      throw wrong("a JSON value");
    }
    try {
      return Long.valueOf(digits);
    } catch (NumberFormatException e) {
      return Double.valueOf(digits);
    }
  }

  /** Throws IllegalArgumentException if it is no JSON value. */
  static String write(@Nullable Object value) {
    var text = new StringBuilder();
    write(value, text);
    return text.toString();
  }

  private static void write(@Nullable Object value, StringBuilder to) {
    switch (value) {
      case null -> to.append("null");
      case String text -> quote(text, to);
      case Character character -> quote(character.toString(), to);
      case Boolean bool -> to.append(bool);
      case Double number when !Double.isFinite(number) ->
          throw new IllegalArgumentException("number: " + number + " (expected: a finite one)");
      case Number number -> to.append(number);
      case JsonObject object -> members(object.asMap(), to);
      case Map<?, ?> map -> members(map, to);
      case Collection<?> list -> {
        var separator = "[";
        for (var element : list) {
          to.append(separator);
          write(element, to);
          separator = ",";
        }
        to.append(list.isEmpty() ? "[]" : "]");
      }
      default -> {
        if (!value.equals(JsonObject.NULL)) {
          throw new IllegalArgumentException(
              "value: " + value.getClass().getName() + " (expected: a JSON value)");
        }
        to.append("null");
      }
    }
  }

  private static void members(Map<?, ?> members, StringBuilder to) {
    var separator = "{";
    for (var member : members.entrySet()) {
      to.append(separator);
      quote(String.valueOf(member.getKey()), to);
      to.append(':');
      write(member.getValue(), to);
      separator = ",";
    }
    to.append(members.isEmpty() ? "{}" : "}");
  }

  private static void quote(String text, StringBuilder to) {
    to.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> to.append('\\').append(c);
        case '\b' -> to.append("\\b");
        case '\f' -> to.append("\\f");
        case '\n' -> to.append("\\n");
        case '\r' -> to.append("\\r");
        case '\t' -> to.append("\\t");
        default -> {
          if (c < ' ') {
            to.append(String.format("\\u%04x", (int) c));
          } else {
            to.append(c);
          }
        }
      }
    }
    to.append('"');
  }
}
