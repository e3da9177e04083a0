package dev.heddle.json;

import dev.heddle.v1.AggregationResult;
import dev.heddle.v1.Bill;
import dev.heddle.v1.ConsideredReplica;
import dev.heddle.v1.Coverage;
import dev.heddle.v1.Explanation;
import dev.heddle.v1.Hit;
import dev.heddle.v1.LeafTiming;
import dev.heddle.v1.MissingShard;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ShardChoice;
import dev.heddle.v1.ShardTiming;
import dev.heddle.v1.SkippedShard;
import dev.heddle.v1.Snippets;
import dev.heddle.v1.Total;
import dev.heddle.v1.Value;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JsonGenerator;

/**
 * Writes an answer as JSON. Stored fields and function results are JSON already and are spliced in
 * as they are. One instance writes one answer. Not thread-safe.
 */
public final class AnswerJsonWire {
  private final RawJsonWire raw;
  private final JsonGenerator json;

  private AnswerJsonWire(RawJsonWire raw) {
    this.raw = raw;
    this.json = raw.json();
  }

  /**
   * The answer's JSON.
   *
   * @param streamed whether to tell if it is the final one
   */
  public static byte[] write(QueryResponse response, boolean streamed) {
    int sizeHint = 1_024 + response.getHitsCount() * 512;
    return RawJsonWire.write(sizeHint, raw -> new AnswerJsonWire(raw).answer(response, streamed));
  }

  /** The JSON of one figure. */
  public static byte[] write(AggregationResult result) {
    return RawJsonWire.write(1_024, raw -> new AnswerJsonWire(raw).aggregation(result));
  }

  /** A bill's JSON. */
  public static byte[] write(Bill bill) {
    return RawJsonWire.write(512, raw -> new AnswerJsonWire(raw).bill(bill));
  }

  private void answer(QueryResponse response, boolean streamed) {
    json.writeStartObject();
    hits(response.getHitsList());
    if (response.hasTotal()) {
      total(response.getTotal());
    }
    if (response.getCut()) {
      json.writeBooleanProperty("cut", true);
    }
    aggregations(response.getAggsMap());
    if (!response.getResultJson().isEmpty()) {
      json.writeName("result");
      json.writeRawValue(response.getResultJson());
    }
    coverage(response.getCoverage());
    json.writeName("bill");
    bill(response.getBill());
    json.writeNumberProperty("tookMicros", response.getTookMicros());
    json.writeStringProperty("traceId", response.getTraceId());
    if (!response.getStatisticsEpoch().isEmpty()) {
      json.writeStringProperty("statisticsEpoch", response.getStatisticsEpoch());
      if (response.getPartialStatistics()) {
        json.writeBooleanProperty("partialStatistics", true);
      }
    }
    json.writeNumberProperty("stalenessMicros", response.getStalenessMicros());
    if (!response.getPositionToken().isEmpty()) {
      json.writeStringProperty("positionToken", response.getPositionToken());
    }
    if (response.hasExplanation()) {
      explanation(response.getExplanation());
    }
    if (streamed) {
      json.writeBooleanProperty("final", response.getFinal());
    }
    json.writeEndObject();
  }

  private void hits(List<Hit> hits) {
    json.writeArrayPropertyStart("hits");
    for (Hit hit : hits) {
      hit(hit);
    }
    json.writeEndArray();
  }

  private void hit(Hit hit) {
    json.writeStartObject();
    json.writeStringProperty("id", hit.getId());
    // Ordered by fields alone, hits have no score.
    if (!Float.isNaN(hit.getScore())) {
      json.writeNumberProperty("score", hit.getScore());
    }
    json.writeNumberProperty("shard", hit.getShard());
    json.writeName("fields");
    raw.splice(hit.getFieldsJson());
    if (hit.getHighlightsCount() > 0) {
      json.writeObjectPropertyStart("highlights");
      for (Map.Entry<String, Snippets> field : hit.getHighlightsMap().entrySet()) {
        json.writeArrayPropertyStart(field.getKey());
        for (String fragment : field.getValue().getFragmentsList()) {
          json.writeString(fragment);
        }
        json.writeEndArray();
      }
      json.writeEndObject();
    }
    if (hit.getSortValuesCount() > 0) {
      json.writeArrayPropertyStart("sort");
      for (Value value : hit.getSortValuesList()) {
        value(value);
      }
      json.writeEndArray();
    }
    json.writeEndObject();
  }

  private void value(Value value) {
    switch (value.getKindCase()) {
      case STRING_VALUE -> json.writeString(value.getStringValue());
      case LONG_VALUE -> json.writeNumber(value.getLongValue());
      case DOUBLE_VALUE -> json.writeNumber(value.getDoubleValue());
      case BOOL_VALUE -> json.writeBoolean(value.getBoolValue());
      case KIND_NOT_SET -> json.writeNull();
    }
  }

  private void total(Total total) {
    json.writeObjectPropertyStart("total");
    json.writeNumberProperty("value", total.getValue());
    json.writeStringProperty(
        "relation", total.getRelation() == Total.Relation.RELATION_AT_LEAST ? "gte" : "eq");
    json.writeEndObject();
  }

  private void aggregations(Map<String, AggregationResult> aggregations) {
    json.writeObjectPropertyStart("aggs");
    for (Map.Entry<String, AggregationResult> each : aggregations.entrySet()) {
      json.writeName(each.getKey());
      aggregation(each.getValue());
    }
    json.writeEndObject();
  }

  private void aggregation(AggregationResult result) {
    json.writeStartObject();
    switch (result.getFigureCase()) {
      case CARDINALITY -> cardinality(result.getCardinality());
      case QUANTILES -> quantiles(result.getQuantiles());
      case STATS -> stats(result.getStats());
      case TOP_HITS -> hits(result.getTopHits().getHitsList());
      case FIGURE_NOT_SET -> buckets(result);
    }
    json.writeEndObject();
  }

  private void buckets(AggregationResult result) {
    json.writeArrayPropertyStart("buckets");
    for (AggregationResult.BucketResult bucket : result.getBucketsList()) {
      bucket(bucket);
    }
    json.writeEndArray();
    json.writeNumberProperty("other", result.getOther());
    json.writeNumberProperty("errorBound", result.getErrorBound());
    json.writeNumberProperty("unseenBound", result.getUnseenBound());
  }

  private void bucket(AggregationResult.BucketResult bucket) {
    json.writeStartObject();
    json.writeStringProperty("key", bucket.getKey());
    if (bucket.hasFrom()) {
      property("from", bucket.getFrom());
    }
    if (bucket.hasTo()) {
      property("to", bucket.getTo());
    }
    json.writeNumberProperty("count", bucket.getCount());
    if (bucket.hasUpper()) {
      json.writeNumberProperty("lower", bucket.getCount());
      json.writeNumberProperty("upper", bucket.getUpper());
    }
    if (bucket.hasTile()) {
      json.writeObjectPropertyStart("tile");
      json.writeNumberProperty("north", bucket.getTile().getNorth());
      json.writeNumberProperty("west", bucket.getTile().getWest());
      json.writeNumberProperty("south", bucket.getTile().getSouth());
      json.writeNumberProperty("east", bucket.getTile().getEast());
      json.writeEndObject();
    }
    if (bucket.getAggsCount() > 0) {
      aggregations(bucket.getAggsMap());
    }
    json.writeEndObject();
  }

  private void cardinality(AggregationResult.CardinalityResult cardinality) {
    json.writeNumberProperty("value", cardinality.getValue());
    json.writeNumberProperty("lower", cardinality.getLower());
    json.writeNumberProperty("upper", cardinality.getUpper());
    json.writeNumberProperty("confidence", cardinality.getConfidence());
  }

  private void quantiles(AggregationResult.QuantilesResult quantiles) {
    json.writeNumberProperty("count", quantiles.getCount());
    property("min", quantiles.getMin());
    property("max", quantiles.getMax());
    json.writeNumberProperty("rankError", quantiles.getRankError());
    json.writeNumberProperty("confidence", quantiles.getConfidence());
    json.writeArrayPropertyStart("values");
    for (AggregationResult.Quantile quantile : quantiles.getValuesList()) {
      json.writeStartObject();
      json.writeNumberProperty("percent", quantile.getPercent());
      property("value", quantile.getValue());
      property("lower", quantile.getLower());
      property("upper", quantile.getUpper());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private void stats(AggregationResult.StatsResult stats) {
    json.writeNumberProperty("count", stats.getCount());
    property("min", stats.getMin());
    property("max", stats.getMax());
    property("sum", stats.getSum());
    property("mean", stats.getMean());
  }

  private void property(String name, Value value) {
    json.writeName(name);
    value(value);
  }

  private void coverage(Coverage coverage) {
    json.writeObjectPropertyStart("coverage");
    json.writeNumberProperty("seen", coverage.getSeen());
    json.writeNumberProperty("active", coverage.getActive());
    json.writeNumberProperty("target", coverage.getTarget());
    json.writeObjectPropertyStart("shards");
    json.writeNumberProperty("answered", coverage.getShardsAnswered());
    json.writeNumberProperty("skipped", coverage.getShardsSkipped());
    json.writeNumberProperty("total", coverage.getShardsTotal());
    json.writeEndObject();
    json.writeArrayPropertyStart("missing");
    for (MissingShard missing : coverage.getMissingList()) {
      json.writeStartObject();
      json.writeNumberProperty("shard", missing.getShard());
      json.writeStringProperty("reason", missing.getReason());
      if (!missing.getMessage().isEmpty()) {
        json.writeStringProperty("message", missing.getMessage());
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void bill(Bill bill) {
    json.writeStartObject();
    json.writeNumberProperty("activeNanos", bill.getActiveNanos());
    json.writeNumberProperty("cpuNanos", bill.getCpuNanos());
    json.writeNumberProperty("queueNanos", bill.getQueueNanos());
    json.writeNumberProperty("documentsScanned", bill.getDocumentsScanned());
    json.writeNumberProperty("bytesRead", bill.getBytesRead());
    json.writeNumberProperty("bytesSent", bill.getBytesSent());
    json.writeNumberProperty("shardOperations", bill.getShardOperations());
    json.writeNumberProperty("hedges", bill.getHedges());
    json.writeNumberProperty("memoryMibNanos", bill.getMemoryMibNanos());
    json.writeNumberProperty("costPicos", bill.getCostPicos());
    json.writeBooleanProperty("complete", bill.getComplete());
    json.writeArrayPropertyStart("open");
    for (String attempt : bill.getOpenList()) {
      json.writeString(attempt);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void explanation(Explanation explanation) {
    json.writeObjectPropertyStart("explanation");
    if (explanation.hasAdmission()) {
      var admission = explanation.getAdmission();
      json.writeObjectPropertyStart("admission");
      json.writeNumberProperty("waitMicros", admission.getWaitMicros());
      json.writeNumberProperty("inFlight", admission.getInFlight());
      json.writeNumberProperty("places", admission.getPlaces());
      json.writeStringProperty("priority", admission.getPriority());
      json.writeEndObject();
    }
    json.writeNumberProperty("planMicros", explanation.getPlanMicros());
    json.writeNumberProperty("scatterMicros", explanation.getScatterMicros());
    json.writeNumberProperty("finishMicros", explanation.getFinishMicros());
    json.writeNumberProperty("statisticsRounds", explanation.getStatisticsRounds());
    json.writeNumberProperty("hedgeAfterMicros", explanation.getHedgeAfterMicros());
    json.writeNumberProperty("hedged", explanation.getHedged());
    json.writeNumberProperty("denied", explanation.getDenied());
    json.writeArrayPropertyStart("skipped");
    explanation.getSkippedList().forEach(this::skipped);
    json.writeEndArray();
    json.writeArrayPropertyStart("choices");
    explanation.getChoicesList().forEach(this::choice);
    json.writeEndArray();
    json.writeArrayPropertyStart("leaves");
    for (LeafTiming leaf : explanation.getLeavesList()) {
      leaf(leaf);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void skipped(SkippedShard skipped) {
    json.writeStartObject();
    json.writeNumberProperty("shard", skipped.getShard());
    if (!skipped.getNode().isEmpty()) {
      json.writeStringProperty("node", skipped.getNode());
    }
    json.writeStringProperty("reason", skipped.getReason());
    json.writeEndObject();
  }

  private void choice(ShardChoice choice) {
    json.writeStartObject();
    json.writeNumberProperty("shard", choice.getShard());
    json.writeStringProperty("node", choice.getNode());
    json.writeArrayPropertyStart("replicas");
    for (ConsideredReplica replica : choice.getReplicasList()) {
      json.writeStartObject();
      json.writeStringProperty("node", replica.getNode());
      json.writeNumberProperty("cost", replica.getCost());
      if (replica.getServiceMicros() >= 0) {
        json.writeNumberProperty("serviceMicros", replica.getServiceMicros());
      }
      if (replica.getOverheadMicros() >= 0) {
        json.writeNumberProperty("overheadMicros", replica.getOverheadMicros());
      }
      json.writeNumberProperty("outstanding", replica.getOutstanding());
      json.writeNumberProperty("queueLength", replica.getQueueLength());
      if (!replica.getStanding().isEmpty()) {
        json.writeStringProperty("standing", replica.getStanding());
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void leaf(LeafTiming leaf) {
    json.writeStartObject();
    json.writeStringProperty("node", leaf.getNode());
    if (!leaf.getCoordinator().isEmpty()) {
      json.writeStringProperty("coordinator", leaf.getCoordinator());
    }
    json.writeNumberProperty("attempt", leaf.getAttempt());
    json.writeStringProperty("kind", leaf.getKind());
    json.writeStringProperty("end", leaf.getEnd());
    if (leaf.getK() > 0) {
      json.writeNumberProperty("k", leaf.getK());
    }
    if (leaf.hasBar()) {
      json.writeNumberProperty("bar", leaf.getBar());
    }
    json.writeArrayPropertyStart("asked");
    leaf.getAskedList().forEach(json::writeNumber);
    json.writeEndArray();
    json.writeBooleanProperty("settled", leaf.getSettled());
    json.writeNumberProperty("sentMicros", leaf.getSentMicros());
    json.writeNumberProperty("receivedMicros", leaf.getReceivedMicros());
    json.writeNumberProperty("queueMicros", leaf.getQueueMicros());
    json.writeNumberProperty("activeMicros", leaf.getActiveMicros());
    json.writeNumberProperty("responseBytes", leaf.getResponseBytes());
    if (!leaf.getError().isEmpty()) {
      json.writeStringProperty("error", leaf.getError());
    }
    json.writeArrayPropertyStart("shards");
    for (ShardTiming shard : leaf.getShardsList()) {
      json.writeStartObject();
      json.writeNumberProperty("shard", shard.getShard());
      json.writeNumberProperty("startMicros", shard.getStartMicros());
      json.writeNumberProperty("activeMicros", shard.getActiveMicros());
      json.writeNumberProperty("documents", shard.getDocuments());
      json.writeNumberProperty("matched", shard.getMatched());
      json.writeNumberProperty("scanned", shard.getScanned());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
