package dev.heddle.engine.wasm;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Clauses as JSON, in the form that the HTTP API documents: a text, or an object with exactly one
 * key.
 */
final class ClauseJson {
  private static final int MAX_DEPTH = 32;
  private static final int MAX_CLAUSES = 1_024;
  private static final Pattern DISTANCE =
      Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(m|km|mi)");

  private int clauses;

  private ClauseJson() {}

  /**
   * @throws BadRequestException if it is no clause
   */
  static Query read(@Nullable Object json) {
    return json instanceof String text
        ? new Query.Match(text, List.of(), false)
        : new ClauseJson().clause(json, 1);
  }

  private Query clause(@Nullable Object json, int depth) {
    if (!(json instanceof JsonObject object) || object.names().size() != 1) {
      throw new BadRequestException("clause: " + json + " (expected: an object with one key)");
    }
    if (depth > MAX_DEPTH || ++clauses > MAX_CLAUSES) {
      throw new BadRequestException(
          "clauses: too many (expected: at most %d, %d deep)".formatted(MAX_CLAUSES, MAX_DEPTH));
    }
    var kind = object.names().iterator().next();
    var body = object.object(kind).orElse(JsonObject.EMPTY);
    return switch (kind) {
      case "all" -> {
        body.allow();
        yield new Query.All();
      }
      case "match" -> match(body);
      case "phrase" -> phrase(body);
      case "prefix" -> new Query.Prefix(only(body), body.string(only(body)));
      case "term" -> new Query.Term(only(body), value(only(body), body.get(only(body))));
      case "range" -> range(body);
      case "exists" -> new Query.Exists(body.allow("field").string("field"));
      case "geoDistance" -> geoDistance(body);
      case "bool" -> bool(body, depth);
      default ->
          throw new BadRequestException(
              kind
                  + ": unknown (expected: one of match, phrase, prefix, term, range, exists,"
                  + " geoDistance, bool, all)");
    };
  }

  private static String only(JsonObject body) {
    if (body.names().size() != 1) {
      throw new BadRequestException("clause: " + body + " (expected: one field)");
    }
    return body.names().iterator().next();
  }

  private static Query match(JsonObject body) {
    if (!body.has("text")) {
      return new Query.Match(body.string(only(body)), List.of(only(body)), false);
    }
    body.allow("text", "fields", "operator");
    var operator = body.string("operator", "any");
    if (!operator.equals("any") && !operator.equals("all")) {
      throw new BadRequestException("operator: " + operator + " (expected: any or all)");
    }
    return new Query.Match(body.string("text"), body.strings("fields"), operator.equals("all"));
  }

  private static Query phrase(JsonObject body) {
    if (!body.has("text")) {
      return new Query.Phrase(only(body), body.string(only(body)), 0);
    }
    body.allow("text", "field", "slop");
    return new Query.Phrase(
        body.string("field", ""), body.string("text"), (int) body.integer("slop", 0, 0, 100));
  }

  private static Object value(String field, @Nullable Object value) {
    if (value instanceof String || value instanceof Number || value instanceof Boolean) {
      return value;
    }
    throw new BadRequestException(
        field + ": " + value + " (expected: a string, number or boolean)");
  }

  private static Query range(JsonObject body) {
    var field = only(body);
    var bounds = body.object(field).orElse(JsonObject.EMPTY).allow("gte", "gt", "lte", "lt");
    if (bounds.names().isEmpty()) {
      throw new BadRequestException(field + ": no bounds (expected: gte, gt, lte or lt)");
    }
    return new Query.Range(
        field,
        bound(bounds, "gte"),
        bound(bounds, "gt"),
        bound(bounds, "lte"),
        bound(bounds, "lt"));
  }

  private static @Nullable Object bound(JsonObject bounds, String name) {
    return bounds.has(name) ? value(name, bounds.get(name)) : null;
  }

  private static Query geoDistance(JsonObject body) {
    body.allow("field", "lat", "lon", "distance");
    return new Query.GeoDistance(
        body.string("field"),
        body.number("lat", Double.NaN, -90, 90),
        body.number("lon", Double.NaN, -180, 180),
        meters(body.get("distance")));
  }

  private static double meters(@Nullable Object distance) {
    if (distance instanceof Number number) {
      return number.doubleValue();
    }
    var matcher = DISTANCE.matcher(distance instanceof String text ? text : "");
    if (!matcher.matches()) {
      throw new BadRequestException("distance: " + distance + " (expected: meters, or \"10km\")");
    }
    double unit =
        switch (matcher.group(2)) {
          case "km" -> 1_000;
          case "mi" -> 1_609.344;
          default -> 1;
        };
    return Double.parseDouble(matcher.group(1)) * unit;
  }

  private Query bool(JsonObject body, int depth) {
    body.allow("must", "should", "mustNot", "filter");
    if (body.names().isEmpty()) {
      throw new BadRequestException("bool: empty (expected: must, should, mustNot or filter)");
    }
    return new Query.Bool(
        list(body.get("must"), depth),
        list(body.get("should"), depth),
        list(body.get("mustNot"), depth),
        list(body.get("filter"), depth));
  }

  private List<Query> list(@Nullable Object json, int depth) {
    var queries = new ArrayList<Query>();
    if (json instanceof List<?> list) {
      for (var each : list) {
        queries.add(clause(each, depth + 1));
      }
    } else if (json != null) {
      queries.add(clause(json, depth + 1));
    }
    return queries;
  }

  /** The clause as a plain JSON value; {@link #read} reads it back. */
  static Object write(Query query) {
    return switch (query) {
      case Query.All _ -> Map.of("all", Map.of());
      case Query.Match match ->
          Map.of(
              "match",
              ordered(
                  "text",
                  match.text(),
                  "fields",
                  match.fields(),
                  "operator",
                  match.allTerms() ? "all" : "any"));
      case Query.Phrase phrase -> {
        var body = ordered("text", phrase.text(), "slop", (long) phrase.slop());
        if (!phrase.field().isEmpty()) {
          body.put("field", phrase.field());
        }
        yield Map.of("phrase", body);
      }
      case Query.Prefix prefix -> Map.of("prefix", Map.of(prefix.field(), prefix.text()));
      case Query.Term term -> Map.of("term", Map.of(term.field(), term.value()));
      case Query.Range range -> Map.of("range", Map.of(range.field(), bounds(range)));
      case Query.Exists exists -> Map.of("exists", Map.of("field", exists.field()));
      case Query.GeoDistance geo ->
          Map.of(
              "geoDistance",
              ordered(
                  "field",
                  geo.field(),
                  "lat",
                  geo.lat(),
                  "lon",
                  geo.lon(),
                  "distance",
                  geo.meters()));
      case Query.Bool bool ->
          Map.of(
              "bool",
              ordered(
                  "must",
                  write(bool.must()),
                  "should",
                  write(bool.should()),
                  "mustNot",
                  write(bool.mustNot()),
                  "filter",
                  write(bool.filter())));
    };
  }

  private static List<Object> write(List<Query> queries) {
    return queries.stream().map(ClauseJson::write).toList();
  }

  private static Map<String, Object> bounds(Query.Range range) {
    var bounds = new LinkedHashMap<String, Object>();
    put(bounds, "gte", range.gte());
    put(bounds, "gt", range.gt());
    put(bounds, "lte", range.lte());
    put(bounds, "lt", range.lt());
    return bounds;
  }

  private static void put(Map<String, Object> bounds, String name, @Nullable Object value) {
    if (value != null) {
      bounds.put(name, value);
    }
  }

  private static Map<String, Object> ordered(Object... namesAndValues) {
    var map = new LinkedHashMap<String, Object>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return map;
  }
}
