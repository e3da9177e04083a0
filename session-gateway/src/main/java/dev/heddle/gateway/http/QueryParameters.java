package dev.heddle.gateway.http;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** What stands behind the question mark, read strictly: unknown and repeated names are errors. */
final class QueryParameters {
  private final Map<String, String> values = new LinkedHashMap<>();

  /**
   * Reads them.
   *
   * @throws HeddleException UNKNOWN_PARAMETER, or INVALID_REQUEST for a repeated or malformed one
   */
  QueryParameters(Exchange exchange, String... allowed) {
    String query = exchange.request().getHttpURI().getQuery();
    if (query == null) {
      return;
    }
    Set<String> known = new LinkedHashSet<>(List.of(allowed));
    for (String pair : query.split("&")) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      String name = decode(equals < 0 ? pair : pair.substring(0, equals));
      if (!known.contains(name)) {
        throw new HeddleException(
            ErrorCode.UNKNOWN_PARAMETER,
            name + ": unknown (expected: one of " + String.join(", ", known) + ")");
      }
      String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
      if (values.put(name, value) != null) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, name + ": given twice (expected: once)");
      }
    }
  }

  private static String decode(String text) {
    return Router.decode("query", text.replace('+', ' '));
  }

  Optional<String> text(String name) {
    return Optional.ofNullable(values.get(name));
  }

  /**
   * A number.
   *
   * @throws HeddleException TYPE_MISMATCH or OUT_OF_RANGE
   */
  OptionalLong integer(String name, long least, long most) {
    String value = values.get(name);
    if (value == null) {
      return OptionalLong.empty();
    }
    if (!value.matches("-?[0-9]{1,40}")) {
      throw new HeddleException(
          ErrorCode.TYPE_MISMATCH, name + ": " + value + " (expected: an integer)");
    }
    boolean fits = value.length() <= 18;
    long number = fits ? Long.parseLong(value) : 0;
    if (!fits || number < least || number > most) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE, name + ": " + value + " (expected: " + least + ".." + most + ")");
    }
    return OptionalLong.of(number);
  }
}
