package dev.heddle.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Aggregation;
import dev.heddle.v1.Aggregation.CalendarUnit;
import dev.heddle.v1.AggregationResult;
import dev.heddle.v1.AggregationResult.BucketResult;
import dev.heddle.v1.AggregationResult.CardinalityResult;
import dev.heddle.v1.AggregationResult.Quantile;
import dev.heddle.v1.AggregationResult.QuantilesResult;
import dev.heddle.v1.AggregationResult.StatsResult;
import dev.heddle.v1.AggregationResult.Tile;
import dev.heddle.v1.AggregationResult.TopHitsResult;
import dev.heddle.v1.Hit;
import dev.heddle.v1.Value;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AggregationJsonWireTest {
  private static Map<String, Aggregation> read(String aggs) {
    return QueryJsonWire.read(
            "d",
            Json.parse("{\"aggs\":" + aggs.replace('\'', '"') + "}"),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1))
        .getAggsMap();
  }

  private static Aggregation named(Map<String, Aggregation> aggs, String name) {
    return Objects.requireNonNull(aggs.get(name), name);
  }

  @Test
  void readsEveryFieldOfEveryKind() {
    var aggs =
        read(
            """
            {'months':{'dateHistogram':{'field':'at','calendar':'month','zone':'Europe/Berlin'},
               'aggs':{'who':{'cardinality':{'field':'author','error':0.01}},
                       'best':{'topHits':{'size':2,'sort':['-pages'],'fields':['title']}}}},
             'shifts':{'dateHistogram':{'field':'at','fixed':'8h','offset':'2h'}},
             'pages':{'histogram':{'field':'pages','interval':100,'offset':-0.5}},
             'map':{'geoGrid':{'field':'place','zoom':5,'size':20}},
             'spread':{'quantiles':{'field':'price','percents':[50,99.9],'error':0.005}},
             'sum':{'stats':{'field':'price'}}}
            """);
    var months = named(aggs, "months");
    assertEquals(CalendarUnit.CALENDAR_UNIT_MONTH, months.getDateHistogram().getCalendar());
    assertEquals("Europe/Berlin", months.getDateHistogram().getZone());
    assertEquals(0.01, months.getAggsOrThrow("who").getCardinality().getError());
    var best = months.getAggsOrThrow("best").getTopHits();
    assertEquals(2, best.getSize());
    assertEquals("pages", best.getSort(0).getField());
    assertEquals("title", best.getFields(0));
    var shifts = named(aggs, "shifts").getDateHistogram();
    assertEquals(Duration.ofHours(8).toMillis(), shifts.getFixedMillis());
    assertEquals(Duration.ofHours(2).toMillis(), shifts.getOffsetMillis());
    var pages = named(aggs, "pages").getHistogram();
    assertEquals("100.0 -0.5", pages.getInterval() + " " + pages.getOffset());
    var map = named(aggs, "map").getGeoGrid();
    assertEquals("place 5 20", map.getField() + " " + map.getZoom() + " " + map.getSize());
    var spread = named(aggs, "spread").getQuantiles();
    assertEquals("[50.0, 99.9] 0.005", spread.getPercentsList() + " " + spread.getError());
    assertEquals("price", named(aggs, "sum").getStats().getField());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{'a':{'aggs':{}}} ~ INVALID_REQUEST ~ aggs.a: {\"aggs\":{}} (expected: exactly one of"
            + " terms, ranges, range, histogram, dateHistogram, geoGrid, cardinality, quantiles, stats,"
            + " topHits)",
        "{'a':{'stats':{'field':'n'},'aggs':{}}} ~ INVALID_REQUEST ~ aggs.a.aggs: in stats"
            + " (expected: aggs within an outermost one of terms, ranges, range, histogram,"
            + " dateHistogram, geoGrid)",
        "{'a':{'terms':{'field':'t'},'aggs':{'b':{'terms':{'field':'t'},'aggs':{}}}}} ~"
            + " INVALID_REQUEST ~ aggs.a.aggs.b.aggs: a third level (expected: aggs within an"
            + " outermost one of terms, ranges, range, histogram, dateHistogram, geoGrid)",
        "{'a':{'histogram':{'field':'n'}}} ~ INVALID_REQUEST ~ aggs.a.histogram.interval: missing"
            + " (expected: a value)",
        "{'a':{'histogram':{'field':'n','interval':0}}} ~ OUT_OF_RANGE ~"
            + " aggs.a.histogram.interval: 0.0 (expected: a number above 0)",
        "{'a':{'dateHistogram':{'field':'t','calendar':'decade'}}} ~ INVALID_REQUEST ~"
            + " aggs.a.dateHistogram.calendar: decade (expected: minute, hour, day, week, month,"
            + " quarter or year)",
        "{'a':{'dateHistogram':{'field':'t'}}} ~ INVALID_REQUEST ~ aggs.a.dateHistogram:"
            + " {\"field\":\"t\"} (expected: one of calendar, fixed)",
        "{'a':{'dateHistogram':{'field':'t','fixed':'1h','zone':'UTC'}}} ~ INVALID_REQUEST ~"
            + " aggs.a.dateHistogram: {\"field\":\"t\",\"fixed\":\"1h\",\"zone\":\"UTC\"}"
            + " (expected: zone with calendar, offset with fixed)",
        "{'a':{'geoGrid':{'field':'p','zoom':25}}} ~ OUT_OF_RANGE ~ aggs.a.geoGrid.zoom: 25"
            + " (expected: 0..24)",
        "{'a':{'geoGrid':{'field':'p','precision':2}}} ~ UNKNOWN_PARAMETER ~"
            + " aggs.a.geoGrid.precision: unknown (expected: one of field, zoom, size)",
        "{'a':{'cardinality':{'field':'p','error':0.5}}} ~ OUT_OF_RANGE ~"
            + " aggs.a.cardinality.error: 0.5 (expected: 0.005..0.25)",
        "{'a':{'quantiles':{'field':'p','percents':[101]}}} ~ OUT_OF_RANGE ~"
            + " aggs.a.quantiles.percents[0]: 101 (expected: 0..100)",
        "{'a':{'terms':{'field':'t'},'aggs':{'b':{'topHits':{'size':101}}}}} ~ OUT_OF_RANGE ~"
            + " aggs.a.aggs.b.topHits.size: 101 (expected: 1..100)",
      })
  void refusesNamingPathValueAndWhatWasExpected(String aggs, ErrorCode code, String message) {
    var error = assertThrows(HeddleException.class, () -> read(aggs));
    assertEquals(message, error.getMessage());
    assertEquals(code, error.code());
  }

  private static void writes(String expected, AggregationResult.Builder result) {
    assertEquals(
        expected.replace('\'', '"').replace("\n", ""),
        new String(AnswerJsonWire.write(result.build()), StandardCharsets.UTF_8));
  }

  private static Value number(long value) {
    return Value.newBuilder().setLongValue(value).build();
  }

  @Test
  void writesBucketsWithTheirBoundsAndWhatIsInside() {
    writes(
        """
        {'buckets':[{'key':'a','from':1,'to':2,'count':3,'lower':3,'upper':5,
        'tile':{'north':1.0,'west':2.0,'south':3.0,'east':4.0},
        'aggs':{'s':{'count':0,'min':null,'max':null,'sum':null,'mean':null}}}],
        'other':6,'errorBound':2,'unseenBound':7}
        """,
        AggregationResult.newBuilder()
            .addBuckets(
                BucketResult.newBuilder()
                    .setKey("a")
                    .setFrom(number(1))
                    .setTo(number(2))
                    .setCount(3)
                    .setUpper(5)
                    .setTile(Tile.newBuilder().setNorth(1).setWest(2).setSouth(3).setEast(4))
                    .putAggs(
                        "s",
                        AggregationResult.newBuilder()
                            .setStats(StatsResult.getDefaultInstance())
                            .build()))
            .setOther(6)
            .setErrorBound(2)
            .setUnseenBound(7));
  }

  @Test
  void writesFigures() {
    writes(
        "{'value':5,'lower':4,'upper':6,'confidence':0.997}",
        AggregationResult.newBuilder()
            .setCardinality(
                CardinalityResult.newBuilder()
                    .setValue(5)
                    .setLower(4)
                    .setUpper(6)
                    .setConfidence(0.997)));
    writes(
        """
        {'count':9,'min':1,'max':8,'rankError':0.01,'confidence':0.99,
        'values':[{'percent':50.0,'value':4,'lower':3,'upper':5}]}
        """,
        AggregationResult.newBuilder()
            .setQuantiles(
                QuantilesResult.newBuilder()
                    .setCount(9)
                    .setMin(number(1))
                    .setMax(number(8))
                    .setRankError(0.01)
                    .setConfidence(0.99)
                    .addValues(
                        Quantile.newBuilder()
                            .setPercent(50)
                            .setValue(number(4))
                            .setLower(number(3))
                            .setUpper(number(5)))));
    writes(
        "{'count':2,'min':1,'max':3,'sum':4,'mean':2}",
        AggregationResult.newBuilder()
            .setStats(
                StatsResult.newBuilder()
                    .setCount(2)
                    .setMin(number(1))
                    .setMax(number(3))
                    .setSum(number(4))
                    .setMean(number(2))));
    writes(
        "{'hits':[{'id':'x','score':1.0,'shard':0,'fields':{}}]}",
        AggregationResult.newBuilder()
            .setTopHits(
                TopHitsResult.newBuilder()
                    .addHits(
                        Hit.newBuilder()
                            .setId("x")
                            .setScore(1)
                            .setFieldsJson(ByteString.copyFromUtf8("{}")))));
  }
}
