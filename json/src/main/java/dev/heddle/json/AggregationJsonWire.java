package dev.heddle.json;

import static dev.heddle.json.ClauseJsonWire.ordered;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Aggregation;
import dev.heddle.v1.Aggregation.CalendarUnit;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * Aggregations from JSON: each an object with one key, the kind, and where that makes buckets
 * perhaps {@code aggs}, the figures of each bucket.
 */
final class AggregationJsonWire {
  private static final int MAX_INNER = 8;
  private static final int MAX_BUCKETS = 1_000;
  private static final int MAX_TILES = 10_000;
  private static final int MAX_ZOOM = 24;
  private static final int MAX_HITS = 100;
  private static final int MAX_SORTS = 3;
  private static final int MAX_PERCENTS = 100;
  private static final int MAX_FIELDS = 200;
  private static final Duration LEAST_STEP = Duration.ofMillis(1);

  /** As long as durations are read. */
  private static final Duration MOST_STEP = Duration.ofDays(106_000);

  private static final String AGGS = "aggs";
  private static final Set<String> KINDS =
      ordered(
          "terms",
          "ranges",
          "range",
          "histogram",
          "dateHistogram",
          "geoGrid",
          "cardinality",
          "quantiles",
          "stats",
          "topHits");

  /** Those that make buckets. */
  private static final Set<String> OUTER =
      Set.of("terms", "ranges", "range", "histogram", "dateHistogram", "geoGrid");

  private static final Set<String> TERMS = ordered("field", "size");
  private static final Set<String> RANGES = ordered("field", "ranges");
  private static final Set<String> BUCKET = ordered("key", "from", "to");
  private static final Set<String> HISTOGRAM = ordered("field", "interval", "offset");
  private static final Set<String> DATE_HISTOGRAM =
      ordered("field", "calendar", "zone", "fixed", "offset");
  private static final Set<String> GEO_GRID = ordered("field", "zoom", "size");
  private static final Set<String> CARDINALITY = ordered("field", "error");
  private static final Set<String> QUANTILES = ordered("field", "percents", "error");
  private static final Set<String> STATS = ordered("field");
  private static final Set<String> TOP_HITS = ordered("size", "sort", "fields");

  private AggregationJsonWire() {}

  /** By name. */
  static Map<String, Aggregation> read(String path, int most, JsonNode node) {
    var fields = new JsonFields(path, node);
    if (fields.size() > most) {
      throw JsonFields.outOfRange(path, fields.size() + " aggregations", "at most " + most);
    }
    var aggregations = new LinkedHashMap<String, Aggregation>();
    for (String name : fields.names()) {
      aggregations.put(
          name, aggregation(fields.at(name), path.equals(AGGS), fields.required(name)));
    }
    return aggregations;
  }

  private static Aggregation aggregation(String path, boolean outermost, JsonNode node) {
    Set<String> allowed = new LinkedHashSet<>(KINDS);
    allowed.add(AGGS);
    var fields = new JsonFields(path, node, allowed);
    String kind = kind(fields, path, node);
    JsonNode body = fields.required(kind);
    var aggregation = Aggregation.newBuilder();
    fields
        .value(AGGS)
        .ifPresent(inner -> {
          if (!outermost || !OUTER.contains(kind)) {
            throw new HeddleException(
                ErrorCode.INVALID_REQUEST,
                fields.at(AGGS)
                    + ": "
                    + (outermost ? "in " + kind : "a third level")
                    + " (expected: aggs within an outermost one of "
                    + String.join(", ", KINDS.stream().filter(OUTER::contains).toList())
                    + ")");
          }
          aggregation.putAllAggs(read(fields.at(AGGS), MAX_INNER, inner));
        });
    String at = fields.at(kind);
    switch (kind) {
      case "terms" -> aggregation.setTerms(terms(at, body));
      case "ranges", "range" -> aggregation.setRanges(ranges(at, body));
      case "histogram" -> aggregation.setHistogram(histogram(at, body));
      case "dateHistogram" -> aggregation.setDateHistogram(dateHistogram(at, body));
      case "geoGrid" -> aggregation.setGeoGrid(geoGrid(at, body));
      case "cardinality" -> aggregation.setCardinality(cardinality(at, body));
      case "quantiles" -> aggregation.setQuantiles(quantiles(at, body));
      case "stats" ->
          aggregation.setStats(
              Aggregation.Stats.newBuilder()
                  .setField(new JsonFields(at, body, STATS).text("field")));
      case "topHits" -> aggregation.setTopHits(topHits(at, body));
      default -> throw new IllegalStateException(kind);
    }
    return aggregation.build();
  }

  private static String kind(JsonFields fields, String path, JsonNode node) {
    String kind = null;
    for (String name : fields.names()) {
      if (!name.equals(AGGS)) {
        if (kind != null) {
          throw oneKind(path, node);
        }
        kind = name;
      }
    }
    if (kind == null) {
      throw oneKind(path, node);
    }
    return kind;
  }

  private static HeddleException oneKind(String path, JsonNode node) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        path
            + ": "
            + JsonFields.shown(node)
            + " (expected: exactly one of "
            + String.join(", ", KINDS)
            + ")");
  }

  private static Aggregation.Terms terms(String path, JsonNode body) {
    var fields = new JsonFields(path, body, TERMS);
    Aggregation.Terms.Builder terms = Aggregation.Terms.newBuilder().setField(fields.text("field"));
    fields.integer("size", 1, MAX_BUCKETS).ifPresent(size -> terms.setSize((int) size));
    return terms.build();
  }

  private static Aggregation.Ranges ranges(String path, JsonNode body) {
    var fields = new JsonFields(path, body, RANGES);
    fields.required("ranges");
    return Aggregation.Ranges.newBuilder()
        .setField(fields.text("field"))
        .addAllBuckets(fields.list("ranges", MAX_BUCKETS, AggregationJsonWire::bucket))
        .build();
  }

  private static Aggregation.Ranges.Bucket bucket(String path, JsonNode node) {
    var fields = new JsonFields(path, node, BUCKET);
    var bucket = Aggregation.Ranges.Bucket.newBuilder();
    fields
        .value("from")
        .ifPresent(from -> bucket.setFrom(ClauseJsonWire.value(fields.at("from"), from)));
    fields.value("to").ifPresent(to -> bucket.setTo(ClauseJsonWire.value(fields.at("to"), to)));
    String key = fields.textOrNull("key");
    if (key != null) {
      bucket.setKey(key);
    } else {
      // A bucket without a key is named by its bounds.
      bucket.setKey(
          fields.value("from").map(JsonNode::asString).orElse("*")
              + "-"
              + fields.value("to").map(JsonNode::asString).orElse("*"));
    }
    return bucket.build();
  }

  private static Aggregation.Histogram histogram(String path, JsonNode body) {
    var fields = new JsonFields(path, body, HISTOGRAM);
    var histogram = Aggregation.Histogram.newBuilder().setField(fields.text("field"));
    double interval = finite(fields.at("interval"), fields.required("interval"));
    if (!(interval > 0)) {
      throw JsonFields.outOfRange(fields.at("interval"), interval, "a number above 0");
    }
    fields
        .value("offset")
        .ifPresent(offset -> histogram.setOffset(finite(fields.at("offset"), offset)));
    return histogram.setInterval(interval).build();
  }

  private static double finite(String path, JsonNode node) {
    if (!node.isNumber()) {
      throw JsonFields.mismatch(path, node, "a number");
    }
    double number = node.doubleValue();
    if (!Double.isFinite(number)) {
      throw JsonFields.outOfRange(path, JsonFields.shown(node), "a double");
    }
    return number;
  }

  private static Aggregation.DateHistogram dateHistogram(String path, JsonNode body) {
    var fields = new JsonFields(path, body, DATE_HISTOGRAM);
    var histogram = Aggregation.DateHistogram.newBuilder().setField(fields.text("field"));
    String calendar = fields.textOrNull("calendar");
    var fixed = fields.duration("fixed", LEAST_STEP, MOST_STEP);
    if ((calendar == null) == fixed.isEmpty()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          path + ": " + JsonFields.shown(body) + " (expected: one of calendar, fixed)");
    }
    String zone = fields.textOrNull("zone");
    var offset = fields.duration("offset", Duration.ZERO, MOST_STEP);
    if (calendar == null ? zone != null : offset.isPresent()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          path
              + ": "
              + JsonFields.shown(body)
              + " (expected: zone with calendar, offset with fixed)");
    }
    if (calendar != null) {
      histogram.setCalendar(unit(fields.at("calendar"), calendar));
    }
    if (zone != null) {
      histogram.setZone(zone);
    }
    fixed.ifPresent(step -> histogram.setFixedMillis(wholeMillis(fields.at("fixed"), step)));
    offset.ifPresent(by -> histogram.setOffsetMillis(wholeMillis(fields.at("offset"), by)));
    return histogram.build();
  }

  private static long wholeMillis(String path, Duration duration) {
    if (!duration.equals(Duration.ofMillis(duration.toMillis()))) {
      throw JsonFields.outOfRange(path, duration, "whole milliseconds");
    }
    return duration.toMillis();
  }

  private static CalendarUnit unit(String path, String name) {
    return switch (name) {
      case "minute" -> CalendarUnit.CALENDAR_UNIT_MINUTE;
      case "hour" -> CalendarUnit.CALENDAR_UNIT_HOUR;
      case "day" -> CalendarUnit.CALENDAR_UNIT_DAY;
      case "week" -> CalendarUnit.CALENDAR_UNIT_WEEK;
      case "month" -> CalendarUnit.CALENDAR_UNIT_MONTH;
      case "quarter" -> CalendarUnit.CALENDAR_UNIT_QUARTER;
      case "year" -> CalendarUnit.CALENDAR_UNIT_YEAR;
      default ->
          throw new HeddleException(
              ErrorCode.INVALID_REQUEST,
              path
                  + ": "
                  + name
                  + " (expected: minute, hour, day, week, month, quarter or year)");
    };
  }

  private static Aggregation.GeoGrid geoGrid(String path, JsonNode body) {
    var fields = new JsonFields(path, body, GEO_GRID);
    fields.required("zoom");
    var grid = Aggregation.GeoGrid.newBuilder().setField(fields.text("field"));
    fields.integer("zoom", 0, MAX_ZOOM).ifPresent(zoom -> grid.setZoom((int) zoom));
    fields.integer("size", 1, MAX_TILES).ifPresent(size -> grid.setSize((int) size));
    return grid.build();
  }

  private static Aggregation.Cardinality cardinality(String path, JsonNode body) {
    var fields = new JsonFields(path, body, CARDINALITY);
    var cardinality = Aggregation.Cardinality.newBuilder().setField(fields.text("field"));
    fields.number("error", 0.005, 0.25).ifPresent(cardinality::setError);
    return cardinality.build();
  }

  private static Aggregation.Quantiles quantiles(String path, JsonNode body) {
    var fields = new JsonFields(path, body, QUANTILES);
    var quantiles = Aggregation.Quantiles.newBuilder().setField(fields.text("field"));
    quantiles.addAllPercents(
        fields.list(
            "percents",
            MAX_PERCENTS,
            (at, percent) -> {
              if (!percent.isNumber()) {
                throw JsonFields.mismatch(at, percent, "a number");
              }
              double value = percent.doubleValue();
              if (!(value >= 0 && value <= 100)) {
                throw JsonFields.outOfRange(at, JsonFields.shown(percent), "0..100");
              }
              return value;
            }));
    fields.number("error", 0.001, 0.1).ifPresent(quantiles::setError);
    return quantiles.build();
  }

  private static Aggregation.TopHits topHits(String path, JsonNode body) {
    var fields = new JsonFields(path, body, TOP_HITS);
    var hits =
        Aggregation.TopHits.newBuilder()
            .addAllSort(fields.list("sort", MAX_SORTS, QueryJsonWire::sort))
            .addAllFields(fields.texts("fields", MAX_FIELDS));
    fields.integer("size", 1, MAX_HITS).ifPresent(size -> hits.setSize((int) size));
    return hits.build();
  }
}
