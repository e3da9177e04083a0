package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Aggregation;
import dev.heddle.function.Aggregation.Step;
import dev.heddle.function.Aggregation.Unit;
import dev.heddle.function.Coverage;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard.TopDocument;
import dev.heddle.function.Sort;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.v1.Aggregation.CalendarUnit;
import dev.heddle.v1.All;
import dev.heddle.v1.Bool;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Exists;
import dev.heddle.v1.GeoDistance;
import dev.heddle.v1.Match;
import dev.heddle.v1.Phrase;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.Range;
import dev.heddle.v1.Term;
import dev.heddle.v1.Value;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

final class QueryWireTest {
  private static final Query EVERYTHING =
      new Query.Bool(
          List.of(
              new Query.Match("heddle loom", List.of("title", "body"), true),
              new Query.Phrase("title", "warp and weft", 2)),
          List.of(
              new Query.Prefix("title", "hed"),
              new Query.Term("type", "loom"),
              new Query.Term("n", 5L),
              new Query.Term("x", 1.5),
              new Query.Term("on", true)),
          List.of(
              new Query.Range("n", 1L, null, null, 9L),
              new Query.Range("d", null, "1969-07-20", 2.5, null)),
          List.of(
              new Query.Exists("rank"),
              new Query.GeoDistance("at", 52.5, 13.4, 10_000),
              new Query.All()));

  private static ScatterRequest read(QueryRequest.Builder request) {
    return QueryWire.request(request.build());
  }

  private static QueryRequest.Builder query(Clause.Builder clause) {
    return QueryRequest.newBuilder().setQuery(clause);
  }

  @Test
  void fillsInDefaults() {
    assertEquals(
        new ScatterRequest(
            new Query.All(),
            10,
            List.of(),
            List.of(),
            Map.of(),
            Optional.empty(),
            1000,
            JsonObject.EMPTY),
        read(QueryRequest.newBuilder()));
    assertEquals(0, read(QueryRequest.newBuilder().setK(0)).k());
    assertEquals(0, read(QueryRequest.newBuilder().setCountUpTo(0)).countUpTo());
    assertEquals(
        Optional.of(List.of()), read(QueryRequest.newBuilder().setNoHighlight(true)).highlight());
  }

  @Test
  void foldsTheFilterIn() {
    var request =
        query(Clause.newBuilder().setMatch(Match.newBuilder().setText("loom")))
            .setFilter(Clause.newBuilder().setExists(Exists.newBuilder().setField("rank")));
    assertEquals(
        Query.filtered(new Query.Match("loom", List.of(), false), new Query.Exists("rank")),
        read(request).query());
  }

  @Test
  void readsWhatItWrote() {
    var aggs = new LinkedHashMap<String, Aggregation>();
    aggs.put(
        "ages",
        new Aggregation.Ranges(
            "n",
            List.of(
                new Aggregation.Ranges.Bucket("young", null, 30L),
                new Aggregation.Ranges.Bucket("", 30.5, "1999"))));
    aggs.put("types", new Aggregation.Terms("type", 7));
    aggs.put("years", years());
    for (var highlight :
        List.of(
            Optional.<List<String>>empty(),
            Optional.of(List.<String>of()),
            Optional.of(List.of("t")))) {
      var request =
          new ScatterRequest(
              EVERYTHING,
              25,
              List.of("title"),
              List.of(new Sort("n", true), new Sort(Sort.SCORE, false)),
              aggs,
              highlight,
              77,
              JsonObject.of(Map.of("size", 3L)));
      assertEquals(request, QueryWire.request(QueryWire.request(request)));
    }
    assertEquals(
        EVERYTHING, QueryWire.query(QueryWire.clause(EVERYTHING), "query", QueryLimits.DEFAULTS));
    var coverage =
        new Coverage(1, 2, 3, 4, 5, 6, List.of(new Coverage.Missing(7, "deadline", "late")));
    assertEquals(coverage, QueryWire.coverage(QueryWire.coverage(coverage)));
    var bill = new Bill(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, true, List.of("n/1"), 11, 12);
    assertEquals(bill, QueryWire.bill(QueryWire.bill(bill)));
    for (Object value : List.of("text", 5L, 2.5, true)) {
      assertEquals(value, QueryWire.value(QueryWire.value(value)));
    }
    assertEquals(
        Value.KindCase.KIND_NOT_SET, QueryWire.sortValue(TopDocument.MISSING).getKindCase());
    assertThrows(IllegalArgumentException.class, () -> QueryWire.value(List.of()));
  }

  private static Aggregation years() {
    var inner = new LinkedHashMap<String, Aggregation>();
    inner.put("best", new Aggregation.TopHits(2, List.of(new Sort("n", true)), List.of("title")));
    inner.put(
        "days",
        new Aggregation.DateHistogram(
            "d", new Step.Fixed(Duration.ofHours(8), Duration.ofHours(-1)), Map.of()));
    inner.put("grid", new Aggregation.GeoGrid("at", 7, 12));
    inner.put("pages", new Aggregation.Histogram("n", 2.5, -1, Map.of()));
    inner.put("spread", new Aggregation.Quantiles("n", List.of(50.0), 0.02));
    inner.put("sum", new Aggregation.Stats("n"));
    inner.put("who", new Aggregation.Cardinality("type", 0.05));
    return new Aggregation.DateHistogram(
        "d", Step.Calendar.of(Unit.QUARTER, "Europe/Berlin"), inner);
  }

  @Test
  void refusesAggregationsThatMakeNoSense() {
    invalid(
        "aggs.a.aggs: 1 in one without buckets (expected: none; terms, ranges, histograms and"
            + " geoGrid make buckets)",
        agg(a -> {
          a.getStatsBuilder().setField("n");
          a.putAggs("b", terms());
        }));
    invalid(
        "aggs.a.aggs.b.aggs: a third level (expected: at most one level within another)",
        agg(a -> {
          a.getTermsBuilder().setField("type");
          a.putAggs("b", terms().toBuilder().putAggs("c", terms()).build());
        }));
    invalid(
        "aggs.a.dateHistogram: neither calendar nor fixed (expected: one of them)",
        agg(a -> a.getDateHistogramBuilder().setField("d")));
    invalid(
        "aggs.a.zone: Mars/Base (expected: a time zone such as UTC, Europe/Berlin or +01:00)",
        agg(a ->
            a.getDateHistogramBuilder()
                .setField("d")
                .setCalendar(CalendarUnit.CALENDAR_UNIT_DAY)
                .setZone("Mars/Base")));
    outOfRange(
        "aggs.a.dateHistogram.offset: 5ms (expected: less than the step, 5ms)",
        agg(a -> a.getDateHistogramBuilder().setField("d").setFixedMillis(5).setOffsetMillis(5)));
    outOfRange(
        "aggs.a.histogram.interval: 0.0 (expected: a number above 0)",
        agg(a -> a.getHistogramBuilder().setField("n")));
    outOfRange(
        "aggs.a.geoGrid.zoom: 25 (expected: 0..24)",
        agg(a -> a.getGeoGridBuilder().setField("at").setZoom(25)));
    outOfRange(
        "aggs.a.cardinality.error: 0.3 (expected: 0.005..0.25)",
        agg(a -> a.getCardinalityBuilder().setField("n").setError(0.3)));
    outOfRange(
        "aggs.a.quantiles.percents: NaN (expected: 0..100)",
        agg(a -> a.getQuantilesBuilder().setField("n").addPercents(Double.NaN)));
  }

  private static dev.heddle.v1.Aggregation terms() {
    var terms = dev.heddle.v1.Aggregation.newBuilder();
    terms.getTermsBuilder().setField("type");
    return terms.build();
  }

  private static QueryRequest.Builder agg(Consumer<dev.heddle.v1.Aggregation.Builder> fill) {
    var aggregation = dev.heddle.v1.Aggregation.newBuilder();
    fill.accept(aggregation);
    return QueryRequest.newBuilder().putAggs("a", aggregation.build());
  }

  @Test
  void ordersAggregationsAlikeOnAllNodes() {
    var request = QueryRequest.newBuilder();
    for (var name : List.of("b", "c", "a")) {
      request.putAggs(name, QueryWire.aggregation(new Aggregation.Terms("type", 10)));
    }
    assertEquals(List.of("a", "b", "c"), List.copyOf(read(request).aggs().keySet()));
    var defaulted = dev.heddle.v1.Aggregation.newBuilder();
    defaulted.getTermsBuilder().setField("type");
    request.putAggs("a", defaulted.build());
    assertEquals(new Aggregation.Terms("type", 10), read(request).aggs().get("a"));
  }

  @Test
  void refusesNumbersOutOfRange() {
    outOfRange("k: 20000 (expected: 0..10000)", QueryRequest.newBuilder().setK(20_000));
    outOfRange("k: 4294967295 (expected: 0..10000)", QueryRequest.newBuilder().setK(-1));
    outOfRange("countUpTo: -1 (expected: >= 0)", QueryRequest.newBuilder().setCountUpTo(-1));
    outOfRange("minCoverage: 1.5 (expected: 0..1)", QueryRequest.newBuilder().setMinCoverage(1.5));
    outOfRange(
        "minCoverage: NaN (expected: 0..1)", QueryRequest.newBuilder().setMinCoverage(Double.NaN));
    outOfRange(
        "deadline: -5us (expected: >= 0us)", QueryRequest.newBuilder().setDeadlineMicros(-5));
    outOfRange(
        "query.phrase.slop: 101 (expected: 0..100)",
        query(Clause.newBuilder().setPhrase(Phrase.newBuilder().setText("a b").setSlop(101))));
    var geo = GeoDistance.newBuilder().setField("at").setMeters(5);
    outOfRange(
        "query.geoDistance.lat: 91.0 (expected: -90..90)",
        query(Clause.newBuilder().setGeoDistance(geo.clone().setLat(91))));
    outOfRange(
        "query.geoDistance.lon: NaN (expected: -180..180)",
        query(Clause.newBuilder().setGeoDistance(geo.clone().setLon(Double.NaN))));
    outOfRange(
        "query.geoDistance.distance: 0.0m (expected: more than 0m, at most 40000000m)",
        query(Clause.newBuilder().setGeoDistance(geo.clone().setMeters(0))));
    var terms = dev.heddle.v1.Aggregation.newBuilder();
    terms.getTermsBuilder().setField("type").setSize(1001);
    outOfRange(
        "aggs.a.terms.size: 1001 (expected: 1..1000)",
        QueryRequest.newBuilder().putAggs("a", terms.build()));
    var ranges = dev.heddle.v1.Aggregation.newBuilder();
    ranges.getRangesBuilder().setField("n");
    outOfRange(
        "aggs.a.ranges.ranges: 0 ranges (expected: 1..1000)",
        QueryRequest.newBuilder().putAggs("a", ranges.build()));
    outOfRange(
        "aggs: name '' (expected: 1..64 characters)",
        QueryRequest.newBuilder().putAggs("", terms.build()));
  }

  private static void outOfRange(String message, QueryRequest.Builder request) {
    fails(ErrorCode.OUT_OF_RANGE, message, () -> read(request));
  }

  private static void invalid(String message, QueryRequest.Builder request) {
    fails(ErrorCode.INVALID_REQUEST, message, () -> read(request));
  }

  @Test
  void refusesWhatLacksAPart() {
    var kinds =
        "missing (expected: one of match, phrase, prefix, term, range, exists, geoDistance, bool,"
            + " all)";
    invalid("query: " + kinds, query(Clause.newBuilder()));
    invalid(
        "query.bool.mustNot[1]: " + kinds,
        query(
            Clause.newBuilder()
                .setBool(
                    Bool.newBuilder()
                        .addMustNot(Clause.newBuilder().setAll(All.getDefaultInstance()))
                        .addMustNot(Clause.newBuilder()))));
    invalid(
        "query.range: missing (expected: at least one of gte, gt, lte, lt)",
        QueryRequest.newBuilder()
            .setQuery(Clause.newBuilder().setRange(Range.newBuilder().setField("n"))));
    invalid(
        "query.bool: missing (expected: at least one of must, should, mustNot, filter)",
        query(Clause.newBuilder().setBool(Bool.getDefaultInstance())));
    invalid(
        "filter.exists.field: missing (expected: a field's name)",
        QueryRequest.newBuilder()
            .setFilter(Clause.newBuilder().setExists(Exists.getDefaultInstance())));
    invalid(
        "query.term.value: missing (expected: a string, number or boolean)",
        query(Clause.newBuilder().setTerm(Term.newBuilder().setField("type"))));
    invalid(
        "query.match.fields[1]: missing (expected: a field's name)",
        query(Clause.newBuilder().setMatch(Match.newBuilder().addFields("a").addFields(""))));
    invalid(
        "sort[0].field: missing (expected: a field's name or _score)",
        QueryRequest.newBuilder().addSort(dev.heddle.v1.Sort.getDefaultInstance()));
    invalid(
        "aggs.a: missing (expected: one of terms, ranges, histogram, dateHistogram, geoGrid,"
            + " cardinality, quantiles, stats, topHits)",
        QueryRequest.newBuilder().putAggs("a", dev.heddle.v1.Aggregation.getDefaultInstance()));
    invalid(
        "fields[0]: missing (expected: a field's name)", QueryRequest.newBuilder().addFields(""));
  }

  @Test
  void refusesContradictions() {
    var five = Value.newBuilder().setLongValue(5);
    invalid(
        "query.range: both gte and gt (expected: one of them)",
        query(
            Clause.newBuilder()
                .setRange(Range.newBuilder().setField("n").setGte(five).setGt(five))));
    invalid(
        "query.range: both lte and lt (expected: one of them)",
        query(
            Clause.newBuilder()
                .setRange(Range.newBuilder().setField("n").setLte(five).setLt(five))));
    invalid(
        "noHighlight: true (expected: false where fields to highlight are given)",
        QueryRequest.newBuilder().setNoHighlight(true).addHighlight("title"));
    invalid(
        "read: 77 (expected: one of any, session, linearizable)",
        QueryRequest.newBuilder().setReadValue(77));
    var ranges = dev.heddle.v1.Aggregation.newBuilder();
    ranges.getRangesBuilder().setField("n").addBucketsBuilder().setKey("a");
    ranges.getRangesBuilder().addBucketsBuilder().setKey("a");
    invalid(
        "aggs.x.ranges.ranges[1].key: a (expected: a key of its own)",
        QueryRequest.newBuilder().putAggs("x", ranges.build()));
  }

  @Test
  void refusesWhatIsTooLarge() {
    var limits = new QueryLimits(5, 3, 10, 2, 1, 1, DataSize.ofBytes(20));
    var deep = Clause.newBuilder().setAll(All.getDefaultInstance());
    for (int i = 0; i < 3; i++) {
      deep = Clause.newBuilder().setBool(Bool.newBuilder().addMust(deep));
    }
    tooLarge(
        "query.bool.must[0].bool.must[0].bool.must[0]: nested deeper (expected: at most 3 levels)",
        query(deep),
        limits);
    var wide = Bool.newBuilder();
    for (int i = 0; i < 3; i++) {
      wide.addShould(Clause.newBuilder().setAll(All.getDefaultInstance()));
    }
    tooLarge(
        "filter.bool.should[0]: clause number 6 (expected: at most 5 clauses)",
        query(Clause.newBuilder().setBool(wide)).setFilter(Clause.newBuilder().setBool(wide)),
        limits);
    tooLarge(
        "query.match.text: 11 characters (expected: at most 10 characters)",
        query(Clause.newBuilder().setMatch(Match.newBuilder().setText("hello world"))),
        limits);
    tooLarge(
        "fields: 3 fields (expected: at most 2 fields)",
        QueryRequest.newBuilder().addAllFields(List.of("a", "b", "c")),
        limits);
    tooLarge(
        "sort: 2 keys (expected: at most 1 keys)",
        QueryRequest.newBuilder()
            .addSort(dev.heddle.v1.Sort.newBuilder().setField("a"))
            .addSort(dev.heddle.v1.Sort.newBuilder().setField("b")),
        limits);
    tooLarge(
        "args: 21 bytes (expected: at most 20 bytes)",
        QueryRequest.newBuilder().setArgsJson("{\"a\":\"0123456789012\"}"),
        limits);
  }

  private static void tooLarge(String message, QueryRequest.Builder request, QueryLimits limits) {
    fails(ErrorCode.TOO_LARGE, message, () -> QueryWire.request(request.build(), limits));
  }

  @Test
  void refusesArgumentsThatAreNoObject() {
    var malformed =
        fails(
            ErrorCode.MALFORMED_JSON, () -> read(QueryRequest.newBuilder().setArgsJson("{\"a\":")));
    assertTrue(
        String.valueOf(malformed.getMessage()).startsWith("args: json: "), malformed.toString());
    fails(
        ErrorCode.TYPE_MISMATCH,
        "args: json: another value (expected: a JSON object)",
        () -> read(QueryRequest.newBuilder().setArgsJson("[]")));
    fails(
        ErrorCode.TYPE_MISMATCH,
        "query.term.value: NaN (expected: a number)",
        () ->
            read(
                query(
                    Clause.newBuilder()
                        .setTerm(
                            Term.newBuilder()
                                .setField("x")
                                .setValue(Value.newBuilder().setDoubleValue(Double.NaN))))));
  }

  @Test
  void addsBillsUpToTheLastUnit() {
    var a = new Bill(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, true, List.of(), 1, 2);
    var b = new Bill(10, 20, 30, 40, 50, 60, 70, 80, 90, 100, false, List.of("n/2"), 10, 20);
    assertEquals(
        new Bill(11, 22, 33, 44, 55, 66, 77, 88, 99, 110, false, List.of("n/2"), 11, 22),
        a.plus(b));
    assertEquals(a, Bill.NONE.plus(a));
    assertEquals(3 * 129, Bill.memoryMibNanos(3, (128L << 20) + 1));
  }
}
