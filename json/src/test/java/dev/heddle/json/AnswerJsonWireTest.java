package dev.heddle.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.v1.Admission;
import dev.heddle.v1.AggregationResult;
import dev.heddle.v1.Bill;
import dev.heddle.v1.Coverage;
import dev.heddle.v1.Explanation;
import dev.heddle.v1.Hit;
import dev.heddle.v1.LeafTiming;
import dev.heddle.v1.MissingShard;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ShardTiming;
import dev.heddle.v1.SkippedShard;
import dev.heddle.v1.Snippets;
import dev.heddle.v1.Total;
import dev.heddle.v1.Value;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class AnswerJsonWireTest {
  private static String write(QueryResponse response, boolean streamed) {
    return new String(AnswerJsonWire.write(response, streamed), StandardCharsets.UTF_8);
  }

  @Test
  void writesEverything() {
    QueryResponse response =
        QueryResponse.newBuilder()
            .addHits(
                Hit.newBuilder()
                    .setId("a\"ß")
                    .setScore(1.25f)
                    .setShard(3)
                    .setFieldsJson(ByteString.copyFromUtf8("{\"t\": \"x\"}"))
                    .putHighlights("t", Snippets.newBuilder().addFragments("<em>x</em>").build())
                    .addSortValues(Value.newBuilder().setLongValue(7))
                    .addSortValues(Value.getDefaultInstance()))
            .addHits(Hit.newBuilder().setId("b"))
            .setTotal(Total.newBuilder().setValue(2).setRelation(Total.Relation.RELATION_EQUAL))
            .putAggs(
                "types",
                AggregationResult.newBuilder()
                    .addBuckets(AggregationResult.BucketResult.newBuilder().setKey("k").setCount(4))
                    .setOther(1)
                    .setErrorBound(2)
                    .setUnseenBound(3)
                    .build())
            .setResultJson("{\"topics\":[]}")
            .setCoverage(
                Coverage.newBuilder()
                    .setSeen(1)
                    .setActive(2)
                    .setTarget(3)
                    .setShardsAnswered(4)
                    .setShardsSkipped(5)
                    .setShardsTotal(6)
                    .addMissing(MissingShard.newBuilder().setShard(7).setReason("deadline")))
            .setBill(Bill.newBuilder().setActiveNanos(1).setHedges(8).addOpen("n/1"))
            .setTookMicros(99)
            .setTraceId("t")
            .setStatisticsEpoch("e")
            .setExplanation(
                Explanation.newBuilder()
                    .setAdmission(
                        Admission.newBuilder()
                            .setWaitMicros(5)
                            .setInFlight(2)
                            .setPlaces(8)
                            .setPriority("high"))
                    .setPlanMicros(1)
                    .addSkipped(SkippedShard.newBuilder().setShard(4).setNode("n").setReason("r"))
                    .addSkipped(SkippedShard.newBuilder().setShard(6).setReason("r"))
                    .addLeaves(
                        LeafTiming.newBuilder()
                            .setNode("n")
                            .addShards(
                                ShardTiming.newBuilder().setShard(1).setMatched(2).setScanned(3))))
            .setFinal(true)
            .setStalenessMicros(12)
            .setPositionToken("p0")
            .build();
    assertEquals(
        "{\"hits\":[{\"id\":\"a\\\"ß\",\"score\":1.25,\"shard\":3,\"fields\":{\"t\": \"x\"},"
            + "\"highlights\":{\"t\":[\"<em>x</em>\"]},\"sort\":[7,null]},"
            + "{\"id\":\"b\",\"score\":0.0,\"shard\":0,\"fields\":{}}],"
            + "\"total\":{\"value\":2,\"relation\":\"eq\"},"
            + "\"aggs\":{\"types\":{\"buckets\":[{\"key\":\"k\",\"count\":4}],\"other\":1,"
            + "\"errorBound\":2,\"unseenBound\":3}},\"result\":{\"topics\":[]},"
            + "\"coverage\":{\"seen\":1,\"active\":2,\"target\":3,"
            + "\"shards\":{\"answered\":4,\"skipped\":5,\"total\":6},"
            + "\"missing\":[{\"shard\":7,\"reason\":\"deadline\"}]},"
            + "\"bill\":{\"activeNanos\":1,\"cpuNanos\":0,\"queueNanos\":0,\"documentsScanned\":0,"
            + "\"bytesRead\":0,\"bytesSent\":0,\"shardOperations\":0,\"hedges\":8,"
            + "\"memoryMibNanos\":0,\"costPicos\":0,\"complete\":false,\"open\":[\"n/1\"]},"
            + "\"tookMicros\":99,\"traceId\":\"t\",\"statisticsEpoch\":\"e\","
            + "\"stalenessMicros\":12,\"positionToken\":\"p0\","
            + "\"explanation\":{\"admission\":{\"waitMicros\":5,\"inFlight\":2,\"places\":8,"
            + "\"priority\":\"high\"},\"planMicros\":1,\"scatterMicros\":0,\"finishMicros\":0,"
            + "\"statisticsRounds\":0,\"hedgeAfterMicros\":0,\"hedged\":0,\"denied\":0,"
            + "\"skipped\":[{\"shard\":4,\"node\":\"n\",\"reason\":\"r\"},"
            + "{\"shard\":6,\"reason\":\"r\"}],"
            + "\"choices\":[],\"leaves\":[{\"node\":\"n\",\"attempt\":0,\"kind\":\"\","
            + "\"end\":\"\",\"asked\":[],\"settled\":false,\"sentMicros\":0,"
            + "\"receivedMicros\":0,\"queueMicros\":0,\"activeMicros\":0,\"responseBytes\":0,"
            + "\"shards\":[{\"shard\":1,\"startMicros\":0,\"activeMicros\":0,\"documents\":0,"
            + "\"matched\":2,\"scanned\":3}]}]},\"final\":true}",
        write(response, true));
  }

  @Test
  void hitsThatEndEarlySaySo() {
    assertEquals(
        "{\"hits\":[],\"total\":{\"value\":9,\"relation\":\"eq\"},\"cut\":true,",
        write(
                QueryResponse.newBuilder()
                    .setTotal(
                        Total.newBuilder().setValue(9).setRelation(Total.Relation.RELATION_EQUAL))
                    .setCut(true)
                    .build(),
                false)
            .substring(0, 58));
  }

  @Test
  void scoresThatRestOnSomeShardsOnlySaySo() {
    var all = QueryResponse.newBuilder().setStatisticsEpoch("e").build();
    assertFalse(write(all, false).contains("partialStatistics"));
    var some = all.toBuilder().setPartialStatistics(true).build();
    assertTrue(write(some, false).contains("\"statisticsEpoch\":\"e\",\"partialStatistics\":true"));
  }

  @Test
  void aFunctionsResultStandsWithoutTotal() {
    assertEquals(
        "{\"hits\":[],\"aggs\":{},\"result\":[1]",
        write(QueryResponse.newBuilder().setResultJson("[1]").build(), false).substring(0, 33));
  }
}
