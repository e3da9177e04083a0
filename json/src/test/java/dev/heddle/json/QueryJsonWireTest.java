package dev.heddle.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Clause;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.ReadLevel;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QueryJsonWireTest {
  private static QueryRequest read(String json) {
    return QueryJsonWire.read(
        "d", Json.parse(json.replace('\'', '"')), Duration.ofSeconds(10), Duration.ofMinutes(5));
  }

  private static Clause clause(String json) {
    return read("{'query':" + json + "}").getQuery();
  }

  @Test
  void readsEveryField() {
    QueryRequest query =
        read(
            """
            {'query':'loom','filter':{'term':{'type':'machine'}},'function':'topics:beta',
             'args':{'size':3},'k':5,'fields':['title','url'],
             'sort':['-rank','title',{'year':'desc'},'_score'],
             'aggs':{'t':{'terms':{'field':'type','size':7}},
                     'r':{'ranges':{'field':'year','ranges':[{'key':'old','to':1900},{'from':1900}]}},
                     's':{'range':{'field':'year','ranges':[{'from':1.5,'to':2}]}}},
             'read':'session','deadline':'250ms','minCoverage':0.5,'explain':true,
             'highlight':['title'],'countUpTo':0}
            """);
    assertEquals("d", query.getDataset());
    assertEquals("loom", query.getQuery().getMatch().getText());
    assertEquals("machine", query.getFilter().getTerm().getValue().getStringValue());
    assertEquals("topics:beta", query.getFunction());
    assertEquals("{\"size\":3}", query.getArgsJson());
    assertEquals(5, query.getK());
    assertEquals(2, query.getFieldsCount());
    assertEquals("rank", query.getSort(0).getField());
    assertTrue(query.getSort(0).getDescending());
    assertFalse(query.getSort(1).getDescending());
    assertTrue(query.getSort(2).getDescending());
    assertTrue(query.getSort(3).getDescending());
    assertEquals(7, query.getAggsOrThrow("t").getTerms().getSize());
    assertEquals("old", query.getAggsOrThrow("r").getRanges().getBuckets(0).getKey());
    assertEquals("1900-*", query.getAggsOrThrow("r").getRanges().getBuckets(1).getKey());
    assertEquals(
        1.5, query.getAggsOrThrow("s").getRanges().getBuckets(0).getFrom().getDoubleValue());
    assertEquals(ReadLevel.READ_LEVEL_SESSION, query.getRead());
    assertEquals(250_000, query.getDeadlineMicros());
    assertEquals(0.5, query.getMinCoverage());
    assertTrue(query.getExplain());
    assertEquals("title", query.getHighlight(0));
    assertTrue(query.hasCountUpTo());
  }

  @Test
  void leavesAbsentWhatIsNotNamed() {
    QueryRequest query = read("{'k':null}");
    assertFalse(query.hasQuery());
    assertFalse(query.hasK());
    assertFalse(query.hasCountUpTo());
    assertFalse(query.getNoHighlight());
    assertEquals(10_000_000, query.getDeadlineMicros());
    assertTrue(read("{'highlight':false}").getNoHighlight());
    assertFalse(read("{'highlight':true}").getNoHighlight());
  }

  @Test
  void readsEveryClause() {
    assertEquals("title", clause("{'match':{'title':'loom'}}").getMatch().getFields(0));
    Clause match = clause("{'match':{'text':'a b','fields':['x','y'],'operator':'all'}}");
    assertTrue(match.getMatch().getAllTerms());
    assertEquals(2, match.getMatch().getFieldsCount());
    assertEquals("title", clause("{'phrase':{'title':'power loom'}}").getPhrase().getField());
    assertEquals(2, clause("{'phrase':{'text':'a b','slop':2}}").getPhrase().getSlop());
    assertEquals("lo", clause("{'prefix':{'title':'lo'}}").getPrefix().getText());
    assertEquals(7, clause("{'term':{'n':7}}").getTerm().getValue().getLongValue());
    assertEquals(7.5, clause("{'term':{'n':7.5}}").getTerm().getValue().getDoubleValue());
    assertTrue(clause("{'term':{'b':true}}").getTerm().getValue().getBoolValue());
    assertEquals(
        "1900-01-01",
        clause("{'range':{'born':{'gte':'1900-01-01','lt':'2000'}}}")
            .getRange()
            .getGte()
            .getStringValue());
    assertEquals("geo", clause("{'exists':{'field':'geo'}}").getExists().getField());
    Clause geo = clause("{'geoDistance':{'field':'at','lat':50.1,'lon':8.7,'distance':'10km'}}");
    assertEquals(10_000, geo.getGeoDistance().getMeters());
    Clause meters = clause("{'geoDistance':{'field':'at','lat':0,'lon':0,'distance':12}}");
    assertEquals(12, meters.getGeoDistance().getMeters());
    Clause bool =
        clause(
            "{'bool':{'must':{'all':{}},'should':[{'all':{}},{'all':{}}],'mustNot':[],'filter':[{'exists':{'field':'x'}}]}}");
    assertEquals(1, bool.getBool().getMustCount());
    assertEquals(2, bool.getBool().getShouldCount());
    assertEquals(0, bool.getBool().getMustNotCount());
    assertEquals(1, bool.getBool().getFilterCount());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{'query':{'bool':{'must':[{'mtch':{}}]}}} ~ UNKNOWN_PARAMETER ~ query.bool.must[0].mtch:"
            + " unknown (expected: one of match, phrase, prefix, term, range, exists, geoDistance,"
            + " bool, all)",
        "{'querry':1} ~ UNKNOWN_PARAMETER ~ querry: unknown (expected: one of query, filter,"
            + " function, args, k, fields, sort, aggs, read, deadline, minCoverage, explain,"
            + " highlight, countUpTo)",
        "{'query':7} ~ TYPE_MISMATCH ~ query: 7 (expected: a text or a clause)",
        "{'filter':'x'} ~ TYPE_MISMATCH ~ filter: \"x\" (expected: an object)",
        "{'query':{}} ~ INVALID_REQUEST ~ query: {} (expected: exactly one of match, phrase,"
            + " prefix, term, range, exists, geoDistance, bool, all)",
        "{'query':{'match':{'title':3}}} ~ TYPE_MISMATCH ~ query.match.title: 3 (expected: a"
            + " string)",
        "{'query':{'match':{'text':'x','operator':'or'}}} ~ INVALID_REQUEST ~ query.match.operator:"
            + " or (expected: any or all)",
        "{'query':{'match':{'text':'x','boost':2}}} ~ UNKNOWN_PARAMETER ~ query.match.boost:"
            + " unknown (expected: one of text, fields, operator)",
        "{'query':{'match':{'fields':['a']}}} ~ INVALID_REQUEST ~ query.match.text: missing"
            + " (expected: {text, fields, operator}, or one field name with its text)",
        "{'query':{'term':{'a':[1]}}} ~ TYPE_MISMATCH ~ query.term.a: [1] (expected: a string,"
            + " number or boolean)",
        "{'query':{'range':{'a':{}}}} ~ INVALID_REQUEST ~ query.range.a: {} (expected: one of gte,"
            + " gt and one of lte, lt, or only one of them)",
        "{'query':{'range':{'a':{'from':1}}}} ~ UNKNOWN_PARAMETER ~ query.range.a.from: unknown"
            + " (expected: one of gte, gt, lte, lt)",
        "{'query':{'phrase':{'text':'a','slop':101}}} ~ OUT_OF_RANGE ~ query.phrase.slop: 101"
            + " (expected: 0..100)",
        "{'query':{'geoDistance':{'field':'p','lat':91,'lon':0,'distance':1}}} ~ OUT_OF_RANGE ~"
            + " query.geoDistance.lat: 91 (expected: -90..90)",
        "{'query':{'geoDistance':{'field':'p','lat':1,'lon':0,'distance':'1mile'}}} ~ TYPE_MISMATCH"
            + " ~ query.geoDistance.distance: \"1mile\" (expected: meters, or a distance, as in"
            + " \"10km\")",
        "{'query':{'bool':{}}} ~ INVALID_REQUEST ~ query.bool: empty (expected: clauses under must,"
            + " should, mustNot, filter)",
        "{'query':{'all':{'x':1}}} ~ TYPE_MISMATCH ~ query.all: {\"x\":1} (expected: {})",
        "{'k':-1} ~ OUT_OF_RANGE ~ k: -1 (expected: 0..10000)",
        "{'k':1.5} ~ TYPE_MISMATCH ~ k: 1.5 (expected: an integer)",
        "{'k':99999999999999999999} ~ OUT_OF_RANGE ~ k: 99999999999999999999 (expected: 0..10000)",
        "{'minCoverage':2} ~ OUT_OF_RANGE ~ minCoverage: 2 (expected: 0..1)",
        "{'deadline':'soon'} ~ TYPE_MISMATCH ~ deadline: \"soon\" (expected: a duration of 1ms..5m,"
            + " as in \"200ms\")",
        "{'deadline':'1h'} ~ OUT_OF_RANGE ~ deadline: \"1h\" (expected: a duration of 1ms..5m, as"
            + " in \"200ms\")",
        "{'read':'dirty'} ~ INVALID_REQUEST ~ read: dirty (expected: any, session or linearizable)",
        "{'sort':'x'} ~ TYPE_MISMATCH ~ sort: \"x\" (expected: an array)",
        "{'sort':[1]} ~ TYPE_MISMATCH ~ sort[0]: 1 (expected: \"field\", \"-field\" or {\"field\":"
            + " \"asc\"|\"desc\"})",
        "{'sort':[{'a':'up'}]} ~ INVALID_REQUEST ~ sort[0].a: up (expected: asc or desc)",
        "{'fields':[1]} ~ TYPE_MISMATCH ~ fields[0]: 1 (expected: a string)",
        "{'args':[]} ~ TYPE_MISMATCH ~ args: [] (expected: an object)",
        "{'function':'a b'} ~ INVALID_REQUEST ~ function: a b (expected: name or name:alias)",
        "{'explain':'yes'} ~ TYPE_MISMATCH ~ explain: \"yes\" (expected: true or false)",
        "{'aggs':{'a':{'avg':{}}}} ~ UNKNOWN_PARAMETER ~ aggs.a.avg: unknown (expected: one of"
            + " terms, ranges, range, histogram, dateHistogram, geoGrid, cardinality, quantiles,"
            + " stats, topHits, aggs)",
        "{'aggs':{'a':{'terms':{}}}} ~ INVALID_REQUEST ~ aggs.a.terms.field: missing (expected: a"
            + " value)",
        "{'aggs':{'a':{'terms':{'field':'x','size':0}}}} ~ OUT_OF_RANGE ~ aggs.a.terms.size: 0"
            + " (expected: 1..1000)",
        "{'aggs':{'a':{'ranges':{'field':'x'}}}} ~ INVALID_REQUEST ~ aggs.a.ranges.ranges: missing"
            + " (expected: a value)",
      })
  void refusesNamingPathValueAndWhatWasExpected(String json, ErrorCode code, String message) {
    HeddleException error = assertThrows(HeddleException.class, () -> read(json));
    assertEquals(message, error.getMessage());
    assertEquals(code, error.code());
  }

  @Test
  void refusesTooManyOrTooDeepClauses() {
    String deep = "{'bool':{'must':".repeat(33) + "{'all':{}}" + "}}".repeat(33);
    assertEquals(
        ErrorCode.OUT_OF_RANGE, assertThrows(HeddleException.class, () -> clause(deep)).code());
    String half = "{'bool':{'should':[" + "{'all':{}},".repeat(599) + "{'all':{}}]}}";
    String many = "{'bool':{'must':[" + half + "," + half + "]}}";
    assertEquals(
        ErrorCode.OUT_OF_RANGE, assertThrows(HeddleException.class, () -> clause(many)).code());
  }
}
