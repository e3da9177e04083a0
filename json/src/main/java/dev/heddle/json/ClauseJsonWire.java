package dev.heddle.json;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.All;
import dev.heddle.v1.Bool;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Exists;
import dev.heddle.v1.GeoDistance;
import dev.heddle.v1.Match;
import dev.heddle.v1.Phrase;
import dev.heddle.v1.Prefix;
import dev.heddle.v1.Range;
import dev.heddle.v1.Term;
import dev.heddle.v1.Value;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * Clauses from JSON: each an object with exactly one key, the kind of clause. One instance reads
 * one query and counts its clauses. Not thread-safe.
 */
final class ClauseJsonWire {
  private static final int MAX_DEPTH = 32;
  private static final int MAX_CLAUSES = 1_024;
  private static final int MAX_FIELDS = 200;
  private static final Set<String> KINDS =
      ordered("match", "phrase", "prefix", "term", "range", "exists", "geoDistance", "bool", "all");
  private static final Set<String> MATCH = ordered("text", "fields", "operator");
  private static final Set<String> PHRASE = ordered("text", "field", "slop");
  private static final Set<String> RANGE = ordered("gte", "gt", "lte", "lt");
  private static final Set<String> GEO = ordered("field", "lat", "lon", "distance");
  private static final Set<String> BOOL = ordered("must", "should", "mustNot", "filter");
  private static final Pattern DISTANCE =
      Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(m|km|mi)");
  private static final String DISTANCE_FORM = "meters, or a distance, as in \"10km\"";

  private int clauses;

  static Set<String> ordered(String... names) {
    return new LinkedHashSet<>(List.of(names));
  }

  /** A text means: match any of it in the weighted fields. */
  Clause query(String path, JsonNode node) {
    if (node.isString()) {
      return Clause.newBuilder().setMatch(Match.newBuilder().setText(node.stringValue())).build();
    }
    if (!node.isObject()) {
      throw JsonFields.mismatch(path, node, "a text or a clause");
    }
    return clause(path, node, 1);
  }

  Clause clause(String path, JsonNode node) {
    return clause(path, node, 1);
  }

  private Clause clause(String path, JsonNode node, int depth) {
    if (depth > MAX_DEPTH) {
      throw JsonFields.outOfRange(path, "depth " + depth, "at most " + MAX_DEPTH + " levels");
    }
    if (++clauses > MAX_CLAUSES) {
      throw JsonFields.outOfRange(path, "clause " + clauses, "at most " + MAX_CLAUSES + " clauses");
    }
    var fields = new JsonFields(path, node, KINDS);
    String kind = fields.onlyName("exactly one of " + String.join(", ", KINDS));
    String at = fields.at(kind);
    JsonNode body = fields.required(kind);
    Clause.Builder clause = Clause.newBuilder();
    switch (kind) {
      case "match" -> clause.setMatch(match(at, body));
      case "phrase" -> clause.setPhrase(phrase(at, body));
      case "prefix" -> clause.setPrefix(prefix(at, body));
      case "term" -> clause.setTerm(term(at, body));
      case "range" -> clause.setRange(range(at, body));
      case "exists" -> clause.setExists(exists(at, body));
      case "geoDistance" -> clause.setGeoDistance(geoDistance(at, body));
      case "bool" -> clause.setBool(bool(at, body, depth));
      case "all" -> clause.setAll(all(at, body));
      default -> throw new AssertionError(kind);
    }
    return clause.build();
  }

  private static Match match(String path, JsonNode body) {
    if (!body.has("text")) {
      String field = shortForm(path, body, MATCH);
      return Match.newBuilder()
          .setText(JsonFields.text(path + "." + field, body.get(field)))
          .addFields(field)
          .build();
    }
    var fields = new JsonFields(path, body, MATCH);
    Match.Builder match = Match.newBuilder();
    match.setText(JsonFields.text(fields.at("text"), fields.required("text")));
    match.addAllFields(fields.texts("fields", MAX_FIELDS));
    String operator = fields.textOrNull("operator");
    if (operator != null && !operator.equals("any") && !operator.equals("all")) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          fields.at("operator") + ": " + operator + " (expected: any or all)");
    }
    return match.setAllTerms("all".equals(operator)).build();
  }

  private static Phrase phrase(String path, JsonNode body) {
    if (!body.has("text")) {
      String field = shortForm(path, body, PHRASE);
      return Phrase.newBuilder()
          .setText(JsonFields.text(path + "." + field, body.get(field)))
          .setField(field)
          .build();
    }
    var fields = new JsonFields(path, body, PHRASE);
    Phrase.Builder phrase = Phrase.newBuilder();
    phrase.setText(JsonFields.text(fields.at("text"), fields.required("text")));
    String field = fields.textOrNull("field");
    if (field != null) {
      phrase.setField(field);
    }
    fields.integer("slop", 0, 100).ifPresent(slop -> phrase.setSlop((int) slop));
    return phrase.build();
  }

  /** The field of {@code {"title": "text"}}. */
  private static String shortForm(String path, JsonNode body, Set<String> longForm) {
    String expected = "{" + String.join(", ", longForm) + "}, or one field name with its text";
    String field = new JsonFields(path, body).onlyName(expected);
    if (longForm.contains(field)) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, path + ".text: missing (expected: " + expected + ")");
    }
    return field;
  }

  private static Prefix prefix(String path, JsonNode body) {
    String field = new JsonFields(path, body).onlyName("one field name with its prefix");
    return Prefix.newBuilder()
        .setField(field)
        .setText(JsonFields.text(path + "." + field, body.get(field)))
        .build();
  }

  private static Term term(String path, JsonNode body) {
    String field = new JsonFields(path, body).onlyName("one field name with its value");
    return Term.newBuilder()
        .setField(field)
        .setValue(value(path + "." + field, body.get(field)))
        .build();
  }

  static Value value(String path, JsonNode node) {
    Value.Builder value = Value.newBuilder();
    if (node.isString()) {
      return value.setStringValue(node.stringValue()).build();
    }
    if (node.isBoolean()) {
      return value.setBoolValue(node.booleanValue()).build();
    }
    if (node.isIntegralNumber() && node.canConvertToLong()) {
      return value.setLongValue(node.longValue()).build();
    }
    if (node.isNumber()) {
      return value.setDoubleValue(node.doubleValue()).build();
    }
    throw JsonFields.mismatch(path, node, "a string, number or boolean");
  }

  private static Range range(String path, JsonNode body) {
    String field = new JsonFields(path, body).onlyName("one field name with its bounds");
    var bounds = new JsonFields(path + "." + field, body.get(field), RANGE);
    Range.Builder range = Range.newBuilder().setField(field);
    bounds.value("gte").ifPresent(node -> range.setGte(value(bounds.at("gte"), node)));
    bounds.value("gt").ifPresent(node -> range.setGt(value(bounds.at("gt"), node)));
    bounds.value("lte").ifPresent(node -> range.setLte(value(bounds.at("lte"), node)));
    bounds.value("lt").ifPresent(node -> range.setLt(value(bounds.at("lt"), node)));
    boolean twice = (range.hasGte() && range.hasGt()) || (range.hasLte() && range.hasLt());
    boolean none = !range.hasGte() && !range.hasGt() && !range.hasLte() && !range.hasLt();
    if (twice || none) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          path
              + "."
              + field
              + ": "
              + JsonFields.shown(body.get(field))
              + " (expected: one of gte, gt and one of lte, lt, or only one of them)");
    }
    return range.build();
  }

  private static Exists exists(String path, JsonNode body) {
    return Exists.newBuilder()
        .setField(new JsonFields(path, body, ordered("field")).text("field"))
        .build();
  }

  private static GeoDistance geoDistance(String path, JsonNode body) {
    var fields = new JsonFields(path, body, GEO);
    fields.required("lat");
    fields.required("lon");
    return GeoDistance.newBuilder()
        .setField(fields.text("field"))
        .setLat(fields.number("lat", -90, 90).orElseThrow())
        .setLon(fields.number("lon", -180, 180).orElseThrow())
        .setMeters(meters(fields.at("distance"), fields.required("distance")))
        .build();
  }

  private static double meters(String path, JsonNode node) {
    double meters;
    if (node.isNumber()) {
      meters = node.doubleValue();
    } else {
      Matcher matcher = DISTANCE.matcher(node.isString() ? node.stringValue() : "");
      if (!matcher.matches()) {
        throw JsonFields.mismatch(path, node, DISTANCE_FORM);
      }
      double unit =
          switch (matcher.group(2)) {
            case "km" -> 1_000;
            case "mi" -> 1_609.344;
            default -> 1;
          };
      meters = Double.parseDouble(matcher.group(1)) * unit;
    }
    if (!(meters > 0 && meters <= 40_000_000)) {
      throw JsonFields.outOfRange(path, JsonFields.shown(node), "more than 0, at most 40000km");
    }
    return meters;
  }

  private Bool bool(String path, JsonNode body, int depth) {
    var fields = new JsonFields(path, body, BOOL);
    Bool bool =
        Bool.newBuilder()
            .addAllMust(clauses(fields, "must", depth))
            .addAllShould(clauses(fields, "should", depth))
            .addAllMustNot(clauses(fields, "mustNot", depth))
            .addAllFilter(clauses(fields, "filter", depth))
            .build();
    if (bool.equals(Bool.getDefaultInstance())) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          path + ": empty (expected: clauses under " + String.join(", ", BOOL) + ")");
    }
    return bool;
  }

  private List<Clause> clauses(JsonFields fields, String name, int depth) {
    return fields
        .value(name)
        .map(node ->
            node.isArray()
                ? JsonFields.list(
                    fields.at(name),
                    node,
                    MAX_CLAUSES,
                    (path, each) -> clause(path, each, depth + 1))
                : List.of(clause(fields.at(name), node, depth + 1)))
        .orElse(List.of());
  }

  private static All all(String path, JsonNode body) {
    JsonFields fields = new JsonFields(path, body);
    if (fields.size() > 0) {
      throw JsonFields.mismatch(path, body, "{}");
    }
    return All.getDefaultInstance();
  }
}
