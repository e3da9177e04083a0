package dev.heddle.gateway.http;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds the route of a request, by the first template that fits. Immutable. */
final class Router {
  /** By the first segment of their templates, each in the order of all. */
  private final Map<String, List<Compiled>> byFirst = new HashMap<>();

  /** Those that any first segment may fit. */
  private final List<Compiled> others;

  Router(List<Route> routes) {
    var all = routes.stream().map(Compiled::new).toList();
    this.others = all.stream().filter(route -> route.first().isEmpty()).toList();
    for (var route : all) {
      byFirst.computeIfAbsent(
          route.first(),
          first ->
              all.stream()
                  .filter(one -> one.first().isEmpty() || one.first().equals(first))
                  .toList());
    }
  }

  /** What a path leads to. */
  sealed interface Match {
    /** A route and the decoded parameters of its template. */
    record Found(Route route, Map<String, String> parameters) implements Match {}

    /** The path exists, for other methods. */
    record OtherMethods(Set<String> allowed) implements Match {}

    /** No template fits. */
    record None() implements Match {}
  }

  /**
   * Looks a request up.
   *
   * @param path as it came, percent-encoded
   */
  Match match(String method, String path) {
    String[] segments = segments(path);
    Set<String> allowed = null;
    for (Compiled route : byFirst.getOrDefault(segments[0], others)) {
      Map<String, String> parameters = route.match(segments);
      if (parameters == null) {
        continue;
      }
      if (route.serves(method)) {
        return new Match.Found(route.route, parameters);
      }
      allowed = allowed == null ? new LinkedHashSet<>() : allowed;
      allowed.add(route.route.method());
    }
    if (allowed == null) {
      return new Match.None();
    }
    if (allowed.contains("GET")) {
      allowed.add("HEAD");
    }
    allowed.add("OPTIONS");
    return new Match.OtherMethods(allowed);
  }

  private static String[] segments(String path) {
    return path.startsWith("/") ? path.substring(1).split("/", -1) : new String[] {path};
  }

  /** Decodes a segment of a path. */
  static String decode(String segment) {
    return decode("path", segment);
  }

  /**
   * Decodes percent-encoded UTF-8.
   *
   * @param where it stands
   * @throws HeddleException INVALID_REQUEST if it is malformed
   */
  static String decode(String where, String segment) {
    if (segment.indexOf('%') < 0) {
      return segment;
    }
    var out = new ByteArrayOutputStream(segment.length());
    for (int i = 0; i < segment.length(); i++) {
      char c = segment.charAt(i);
      if (c != '%') {
        out.write(c);
        continue;
      }
      boolean complete = i + 2 < segment.length();
      int high = complete ? Character.digit(segment.charAt(i + 1), 16) : -1;
      int low = complete ? Character.digit(segment.charAt(i + 2), 16) : -1;
      if (high < 0 || low < 0) {
        throw malformed(where, segment, null);
      }
      out.write(high << 4 | low);
      i += 2;
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(out.toByteArray()))
          .toString();
    } catch (CharacterCodingException e) {
      throw malformed(where, segment, e);
    }
  }

  private static HeddleException malformed(
      String where, String segment, @Nullable Throwable cause) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        where + ": " + segment + " (expected: percent-encoded UTF-8)",
        cause);
  }

  /** A route with its template taken apart. */
  private static final class Compiled {
    private final Route route;
    private final List<String> literals = new ArrayList<>();
    private final List<String> names = new ArrayList<>();
    private final @Nullable String rest;

    Compiled(Route route) {
      this.route = route;
      String restName = null;
      for (String segment : segments(route.template())) {
        boolean parameter = segment.startsWith("{") && segment.endsWith("}");
        if (parameter && segment.endsWith("...}")) {
          restName = segment.substring(1, segment.length() - 4);
        } else {
          literals.add(parameter ? "" : segment);
          names.add(parameter ? segment.substring(1, segment.length() - 1) : "");
        }
      }
      this.rest = restName;
    }

    /** The literal that a path has to begin with; empty: it may begin with anything. */
    String first() {
      return literals.isEmpty() ? "" : literals.getFirst();
    }

    boolean serves(String method) {
      return route.method().equals(method)
          || route.method().equals(Route.ANY)
          || (route.method().equals("GET") && method.equals("HEAD"));
    }

    @Nullable Map<String, String> match(String[] segments) {
      int fixed = literals.size();
      if (rest == null ? segments.length != fixed : segments.length < fixed) {
        return null;
      }
      for (int i = 0; i < fixed; i++) {
        boolean parameter = !names.get(i).isEmpty();
        if (parameter ? segments[i].isEmpty() : !literals.get(i).equals(segments[i])) {
          return null;
        }
      }
      var parameters = new LinkedHashMap<String, String>();
      for (int i = 0; i < fixed; i++) {
        if (!names.get(i).isEmpty()) {
          parameters.put(names.get(i), decode(segments[i]));
        }
      }
      if (rest != null) {
        var tail = List.of(segments).subList(fixed, segments.length);
        parameters.put(rest, String.join("/", tail.stream().map(Router::decode).toList()));
      }
      return parameters;
    }
  }
}
