package dev.heddle.sample.search.recent;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Just enough JSON for a frame, so that the function needs no library: flat objects of strings,
 * numbers, booleans and nulls to read, and lists of strings besides to write.
 */
final class Json {
  private static final Pattern WHOLE = Pattern.compile("-?(?:0|[1-9]\\d{0,17})");
  private static final Pattern NUMBER =
      Pattern.compile("-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?");

  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  /**
   * Reads a flat object.
   *
   * @throws BadRequestException if the text is none
   */
  static JsonObject object(String text) {
    return new Json(text).read();
  }

  private JsonObject read() {
    var values = new LinkedHashMap<String, @Nullable Object>();
    expect('{');
    if (peek() != '}') {
      do {
        var name = string();
        expect(':');
        values.put(name, value());
      } while (take(','));
    }
    expect('}');
    if (peek() != 0) {
      throw wrong("the end");
    }
    return JsonObject.of(values);
  }

  private @Nullable Object value() {
    if (peek() == '"') {
      return string();
    }
    int from = at;
    while (at < text.length()
        && (Character.isLetterOrDigit(peekRaw()) || "+-.".indexOf(peekRaw()) >= 0)) {
      at++;
    }
    var word = text.substring(from, at);
    return switch (word) {
      case "null" -> null;
      case "true" -> true;
      case "false" -> false;
      default -> number(word);
    };
  }

  private Object number(String word) {
    if (WHOLE.matcher(word).matches()) {
      return Long.valueOf(word);
    }
    if (NUMBER.matcher(word).matches()) {
      return Double.valueOf(word);
    }
    throw wrong("a string, number, boolean or null");
  }

  private String string() {
    expect('"');
    var out = new StringBuilder();
    while (true) {
      char c = next();
      if (c == '"') {
        return out.toString();
      }
      out.append(c == '\\' ? escaped() : c);
    }
  }

  private char escaped() {
    char c = next();
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int code = 0;
        for (int i = 0; i < 4; i++) {
          int digit = Character.digit(next(), 16);
          if (digit < 0) {
            throw wrong("four hex digits");
          }
          code = code << 4 | digit;
        }
        yield (char) code;
      }
      default -> throw wrong("an escape");
    };
  }

  private char next() {
    if (at == text.length()) {
      throw wrong("more");
    }
    return text.charAt(at++);
  }

  private void expect(char c) {
    if (!take(c)) {
      throw wrong("" + c);
    }
  }

  private boolean take(char c) {
    if (peek() != c) {
      return false;
    }
    at++;
    return true;
  }

  /** The next character that is no white space; 0 at the end. */
  private char peek() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at < text.length() ? peekRaw() : 0;
  }

  private char peekRaw() {
    return text.charAt(at);
  }

  private BadRequestException wrong(String expected) {
    return new BadRequestException(
        "body: not a flat JSON object at character " + at + " (expected: " + expected + ")");
  }

  /** Writes strings, numbers, booleans, nulls, and lists and maps of them. */
  static String text(@Nullable Object value) {
    return switch (value) {
      case String string -> quoted(string);
      case List<?> list -> {
        var parts = new ArrayList<String>();
        list.forEach(part -> parts.add(text(part)));
        yield "[" + String.join(",", parts) + "]";
      }
      case Map<?, ?> map -> {
        var parts = new ArrayList<String>();
        map.forEach((name, part) -> parts.add(quoted(String.valueOf(name)) + ":" + text(part)));
        yield "{" + String.join(",", parts) + "}";
      }
      case null, default -> String.valueOf(value);
    };
  }

  private static String quoted(String string) {
    var out = new StringBuilder("\"");
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      switch (c) {
        case '"', '\\' -> out.append('\\').append(c);
        case '\n' -> out.append("\\n");
        default -> {
          if (c < ' ') {
            out.append("\\u%04x".formatted((int) c));
          } else {
            out.append(c);
          }
        }
      }
    }
    return out.append('"').toString();
  }
}
