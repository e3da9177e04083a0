package dev.heddle.gateway.http;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What stands behind the question mark, read strictly: unknown names are errors, and so are those
 * that are repeated, except where they may be.
 */
public final class QueryParameters {
  private final Map<String, List<String>> values = new LinkedHashMap<>();

  /**
   * Reads them.
   *
   * @throws HeddleException UNKNOWN_PARAMETER, or INVALID_REQUEST for a repeated or malformed one
   */
  public QueryParameters(Exchange exchange, String... allowed) {
    this(exchange, List.of(), List.of(allowed));
  }

  /**
   * Reads them.
   *
   * @param repeatable names that may come again and again
   * @param single names that may not
   * @throws HeddleException UNKNOWN_PARAMETER, or INVALID_REQUEST for a repeated or malformed one
   */
  public QueryParameters(Exchange exchange, List<String> repeatable, List<String> single) {
    String query = exchange.request().getHttpURI().getQuery();
    if (query == null) {
      return;
    }
    Set<String> known = new LinkedHashSet<>(single);
    known.addAll(repeatable);
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
      List<String> given = values.computeIfAbsent(name, first -> new ArrayList<>());
      given.add(value);
      if (given.size() > 1 && !repeatable.contains(name)) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, name + ": given twice (expected: once)");
      }
    }
  }

  private static String decode(String text) {
    return Router.decode("query", text.replace('+', ' '));
  }

  public Optional<String> text(String name) {
    return all(name).stream().findFirst();
  }

  /** All values of one that may be repeated, as they come. */
  List<String> all(String name) {
    return values.getOrDefault(name, List.of());
  }

  /**
   * A number.
   *
   * @throws HeddleException TYPE_MISMATCH or OUT_OF_RANGE
   */
  public OptionalLong integer(String name, long least, long most) {
    Optional<String> given = text(name);
    if (given.isEmpty()) {
      return OptionalLong.empty();
    }
    String value = given.get();
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
