package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class AnswerTextTest {
  private static final JsonNode ANSWER =
      JsonMapper.shared()
          .readTree(
              """
              {"hits":[
                {"id":"u/1","score":12.5,"shard":3,"fields":{"title":"Jazz","abstract":"Long."},
                 "highlights":{"title":["<em>Jazz</em>"],"abstract":["All &amp; any <em>jazz</em>"]}},
                {"id":"u/2","score":1.25,"shard":0,"fields":{}}],
               "total":{"value":1000,"relation":"gte"},
               "aggs":{"type":{"buckets":[{"key":"Person","count":1200}],"other":7,"errorBound":0}},
               "coverage":{"seen":20,"active":20,"target":30,
                 "shards":{"answered":2,"skipped":0,"total":3},
                 "missing":[{"shard":2,"reason":"unreachable"}]},
               "bill":{"activeNanos":1500000,"cpuNanos":900000,"queueNanos":0,
                 "documentsScanned":40,"shardOperations":2,"bytesSent":2048,"complete":true},
               "tookMicros":1800,"traceId":"0af7651916cd43dd8448eb211c80319c",
               "explanation":{"planMicros":100,"scatterMicros":1500,"finishMicros":200,
                 "statisticsRounds":1,"leaves":[
                  {"node":"leaf-1","sentMicros":120,"receivedMicros":1400,"queueMicros":10,
                   "activeMicros":900,"responseBytes":1024,
                   "shards":[{"shard":0,"startMicros":50,"activeMicros":400,"documents":10,
                     "matched":4}]},
                  {"node":"leaf-2","sentMicros":130,"receivedMicros":1500,"error":"unreachable"},
                  {"node":"leaf-3","kind":"hedge","end":"outrun","sentMicros":900,
                   "receivedMicros":1400}],
                 "hedgeAfterMicros":750,"hedged":1,"denied":2,
                 "skipped":[{"shard":4,"reason":"nothing up to position 7 can match, as leaf-1 told"},
                   {"shard":5,"node":"leaf-2","reason":"nothing up to position 8 can match"}],
                 "choices":[{"shard":0,"node":"leaf-1","replicas":[
                   {"node":"leaf-1","cost":120.4},
                   {"node":"leaf-3","cost":80,"standing":"ejected"}]}]}}
              """);

  @Test
  void ranksHitsByTitleWithScoreAndSnippet() {
    String text = AnswerText.of(ANSWER, false);
    assertTrue(text.startsWith("  1   12.5000  Jazz  <u/1>\n"), text);
    assertTrue(text.contains("All & any jazz"), text);
    assertTrue(text.contains("  2    1.2500  u/2\n"), text);
  }

  @Test
  void saysWhatWasNotSeen() {
    String text = AnswerText.of(ANSWER, false);
    assertTrue(text.contains("at least 1,000 matches in 1.8 ms"), text);
    assertTrue(text.contains("coverage  66.7 % (20 of 30 documents, 2 of 3 shards)"), text);
    assertTrue(text.contains("shard 2 is missing: unreachable"), text);
  }

  @Test
  void saysWhereHitsEndEarly() {
    var cut = ((ObjectNode) ANSWER.deepCopy()).put("cut", true);
    assertTrue(AnswerText.of(cut, false).contains("\nhits      end early: no time to ask"));
    assertFalse(AnswerText.of(ANSWER, false).contains("end early"));
  }

  @Test
  void saysWhereScoresRestOnSomeShardsOnly() {
    var partial = ((ObjectNode) ANSWER.deepCopy()).put("partialStatistics", true);
    assertTrue(AnswerText.of(partial, false).contains("\nscores    rest on statistics of some"));
    assertFalse(AnswerText.of(ANSWER, false).contains("rest on"));
  }

  @Test
  void endsWithBillAndTrace() {
    String text = AnswerText.of(ANSWER, false);
    assertTrue(text.contains("bill      active 1.5 ms, cpu 900 µs, queued 0 µs, scanned 40"), text);
    assertTrue(text.endsWith("trace     0af7651916cd43dd8448eb211c80319c"), text);
    assertFalse(text.contains("|"), text);
  }

  @Test
  void listsBucketsWithCounts() {
    assertTrue(AnswerText.of(ANSWER, false).contains("type:  Person 1,200  other 7\n"));
  }

  @Test
  void saysWhatWasHedgedAndWhyAReplicaWasChosen() {
    String text = AnswerText.of(ANSWER, true);
    assertTrue(text.contains("500 µs  hedge, outrun\n"), text);
    assertTrue(text.contains("late after 750 µs: 1 shard asked elsewhere, too\n"), text);
    assertTrue(
        text.contains("shard 4 not asked: nothing up to position 7 can match, as leaf-1 told\n"),
        text);
    assertTrue(
        text.contains("shard 5 skipped by leaf-2: nothing up to position 8 can match\n"), text);
    assertTrue(text.contains("no budget to ask elsewhere for 2 shards\n"), text);
    assertTrue(text.contains("shard 0 asked of leaf-1; C3 cost: leaf-1 120, leaf-3 ejected"), text);
  }

  @Test
  void drawsAWaterfallOfLeavesAndShards() {
    String text = AnswerText.of(ANSWER, true);
    assertTrue(text.contains("leaf-1               |"), text);
    assertTrue(text.contains("  shard 0            |"), text);
    assertTrue(text.contains("4 of 10 documents"), text);
    assertTrue(text.contains("leaf-2"), text);
    assertTrue(text.contains("1 extra round for statistics"), text);
    text.lines()
        .filter(line -> line.contains("|"))
        .forEach(line -> assertEquals(41, line.lastIndexOf('|') - line.indexOf('|'), line));
  }

  @Test
  void printsAFunctionsResultAsJson() {
    JsonNode answer =
        JsonMapper.shared().readTree("{\"hits\":[],\"result\":{\"topics\":[{\"topic\":\"War\"}]}}");
    assertTrue(AnswerText.of(answer, false).contains("\"topic\" : \"War\""));
  }

  @Test
  void survivesAnEmptyAnswer() {
    assertTrue(AnswerText.of(JsonMapper.shared().readTree("{}"), true).contains("coverage"));
  }

  @Test
  void showsFiguresWithTheirBounds() {
    JsonNode answer =
        JsonMapper.shared()
            .readTree(
                """
                {"aggs":{
                  "who":{"value":1042,"lower":998,"upper":1091,"confidence":0.997},
                  "spread":{"count":3,"values":[{"percent":50.0,"value":4,"lower":4,"upper":4}]},
                  "sum":{"count":2,"min":1,"max":3,"sum":4,"mean":2.5},
                  "types":{"buckets":[{"key":"Person","count":5,"lower":5,"upper":7,
                    "aggs":{"best":{"hits":[{"id":"u/1"}]}}}],"other":7}}}
                """);
    String text = AnswerText.of(answer, false);
    assertTrue(text.contains("who:  1,042 (998..1,091)\n"), text);
    assertTrue(text.contains("spread:  50.0% 4\n"), text);
    assertTrue(text.contains("sum:  count 2  min 1  max 3  sum 4  mean 2.5\n"), text);
    assertTrue(text.contains("types:\n  Person 5..7\n    best:  u/1  other 7\n"), text);
  }
}
