package dev.heddle.cli.client;

import dev.heddle.json.AnswerJsonWire;
import dev.heddle.v1.AggregationResult;
import dev.heddle.v1.Bill;
import dev.heddle.v1.ConsideredReplica;
import dev.heddle.v1.Coverage;
import dev.heddle.v1.Explanation;
import dev.heddle.v1.Hit;
import dev.heddle.v1.LeafTiming;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ShardChoice;
import dev.heddle.v1.SkippedShard;
import dev.heddle.v1.Total;
import dev.heddle.v1.Value;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** An answer's message as the JSON that the HTTP edge gives. */
final class AnswerWire {
  private static final JsonMapper JSON = JsonMapper.shared();

  private AnswerWire() {}

  static ObjectNode toJson(QueryResponse response) {
    ObjectNode json = JSON.createObjectNode();
    ArrayNode hits = json.putArray("hits");
    response.getHitsList().forEach(hit -> hits.add(hit(hit)));
    json.putObject("total")
        .put("value", response.getTotal().getValue())
        .put(
            "relation",
            response.getTotal().getRelation() == Total.Relation.RELATION_AT_LEAST ? "gte" : "eq");
    if (response.getCut()) {
      json.put("cut", true);
    }
    ObjectNode aggregations = json.putObject("aggs");
    response.getAggsMap().forEach((name, result) -> aggregations.set(name, aggregation(result)));
    if (!response.getResultJson().isEmpty()) {
      json.set("result", JSON.readTree(response.getResultJson()));
    }
    json.set("coverage", coverage(response.getCoverage()));
    json.set("bill", bill(response.getBill()));
    json.put("tookMicros", response.getTookMicros());
    json.put("traceId", response.getTraceId());
    if (!response.getStatisticsEpoch().isEmpty()) {
      json.put("statisticsEpoch", response.getStatisticsEpoch());
      if (response.getPartialStatistics()) {
        json.put("partialStatistics", true);
      }
    }
    json.put("stalenessMicros", response.getStalenessMicros());
    if (!response.getPositionToken().isEmpty()) {
      json.put("positionToken", response.getPositionToken());
    }
    if (response.hasExplanation()) {
      json.set("explanation", explanation(response.getExplanation()));
    }
    return json;
  }

  private static ObjectNode hit(Hit hit) {
    ObjectNode json =
        JSON.createObjectNode()
            .put("id", hit.getId())
            .put("score", hit.getScore())
            .put("shard", hit.getShard());
    if (!hit.getFieldsJson().isEmpty()) {
      json.set("fields", JSON.readTree(hit.getFieldsJson().toByteArray()));
    }
    if (hit.getHighlightsCount() > 0) {
      ObjectNode highlights = json.putObject("highlights");
      hit.getHighlightsMap()
          .forEach((field, snippets) ->
              snippets.getFragmentsList().forEach(highlights.withArrayProperty(field)::add));
    }
    if (hit.getSortValuesCount() > 0) {
      ArrayNode values = json.putArray("sortValues");
      hit.getSortValuesList().forEach(value -> values.add(value(value)));
    }
    return json;
  }

  private static JsonNode value(Value value) {
    return switch (value.getKindCase()) {
      case STRING_VALUE -> JSON.getNodeFactory().stringNode(value.getStringValue());
      case LONG_VALUE -> JSON.getNodeFactory().numberNode(value.getLongValue());
      case DOUBLE_VALUE -> JSON.getNodeFactory().numberNode(value.getDoubleValue());
      case BOOL_VALUE -> JSON.getNodeFactory().booleanNode(value.getBoolValue());
      case KIND_NOT_SET -> JSON.getNodeFactory().nullNode();
    };
  }

  private static JsonNode aggregation(AggregationResult result) {
    return JSON.readTree(AnswerJsonWire.write(result));
  }

  private static ObjectNode coverage(Coverage coverage) {
    ObjectNode json =
        JSON.createObjectNode()
            .put("seen", coverage.getSeen())
            .put("active", coverage.getActive())
            .put("target", coverage.getTarget());
    json.putObject("shards")
        .put("answered", coverage.getShardsAnswered())
        .put("skipped", coverage.getShardsSkipped())
        .put("total", coverage.getShardsTotal());
    ArrayNode missing = json.putArray("missing");
    coverage
        .getMissingList()
        .forEach(m -> {
          ObjectNode one =
              missing.addObject().put("shard", m.getShard()).put("reason", m.getReason());
          if (!m.getMessage().isEmpty()) {
            one.put("message", m.getMessage());
          }
        });
    return json;
  }

  static ObjectNode bill(Bill bill) {
    ObjectNode json =
        JSON.createObjectNode()
            .put("activeNanos", bill.getActiveNanos())
            .put("cpuNanos", bill.getCpuNanos())
            .put("queueNanos", bill.getQueueNanos())
            .put("documentsScanned", bill.getDocumentsScanned())
            .put("bytesRead", bill.getBytesRead())
            .put("bytesSent", bill.getBytesSent())
            .put("shardOperations", bill.getShardOperations())
            .put("hedges", bill.getHedges())
            .put("memoryMibNanos", bill.getMemoryMibNanos())
            .put("costPicos", bill.getCostPicos())
            .put("complete", bill.getComplete());
    if (bill.getOpenCount() > 0) {
      bill.getOpenList().forEach(json.putArray("open")::add);
    }
    return json;
  }

  private static ObjectNode explanation(Explanation explanation) {
    ObjectNode json =
        JSON.createObjectNode()
            .put("planMicros", explanation.getPlanMicros())
            .put("scatterMicros", explanation.getScatterMicros())
            .put("finishMicros", explanation.getFinishMicros())
            .put("statisticsRounds", explanation.getStatisticsRounds())
            .put("hedgeAfterMicros", explanation.getHedgeAfterMicros())
            .put("hedged", explanation.getHedged())
            .put("denied", explanation.getDenied());
    ArrayNode skipped = json.putArray("skipped");
    explanation.getSkippedList().forEach(one -> skipped.add(skipped(one)));
    if (explanation.hasAdmission()) {
      json.putObject("admission")
          .put("waitMicros", explanation.getAdmission().getWaitMicros())
          .put("inFlight", explanation.getAdmission().getInFlight())
          .put("places", explanation.getAdmission().getPlaces())
          .put("priority", explanation.getAdmission().getPriority());
    }
    ArrayNode choices = json.putArray("choices");
    explanation.getChoicesList().forEach(choice -> choices.add(choice(choice)));
    ArrayNode leaves = json.putArray("leaves");
    explanation.getLeavesList().forEach(leaf -> leaves.add(leaf(leaf)));
    return json;
  }

  private static ObjectNode skipped(SkippedShard skipped) {
    ObjectNode json = JSON.createObjectNode().put("shard", skipped.getShard());
    if (!skipped.getNode().isEmpty()) {
      json.put("node", skipped.getNode());
    }
    return json.put("reason", skipped.getReason());
  }

  private static ObjectNode choice(ShardChoice choice) {
    ObjectNode json =
        JSON.createObjectNode().put("shard", choice.getShard()).put("node", choice.getNode());
    ArrayNode replicas = json.putArray("replicas");
    for (ConsideredReplica replica : choice.getReplicasList()) {
      ObjectNode one =
          replicas.addObject().put("node", replica.getNode()).put("cost", replica.getCost());
      if (replica.getServiceMicros() >= 0) {
        one.put("serviceMicros", replica.getServiceMicros());
      }
      if (replica.getOverheadMicros() >= 0) {
        one.put("overheadMicros", replica.getOverheadMicros());
      }
      one.put("outstanding", replica.getOutstanding()).put("queueLength", replica.getQueueLength());
      if (!replica.getStanding().isEmpty()) {
        one.put("standing", replica.getStanding());
      }
    }
    return json;
  }

  private static ObjectNode leaf(LeafTiming leaf) {
    ObjectNode json =
        JSON.createObjectNode()
            .put("node", leaf.getNode())
            .put("attempt", leaf.getAttempt())
            .put("kind", leaf.getKind())
            .put("end", leaf.getEnd())
            .put("settled", leaf.getSettled())
            .put("sentMicros", leaf.getSentMicros())
            .put("receivedMicros", leaf.getReceivedMicros())
            .put("queueMicros", leaf.getQueueMicros())
            .put("activeMicros", leaf.getActiveMicros())
            .put("responseBytes", leaf.getResponseBytes());
    if (!leaf.getCoordinator().isEmpty()) {
      json.put("coordinator", leaf.getCoordinator());
    }
    if (leaf.getK() > 0) {
      json.put("k", leaf.getK());
    }
    if (leaf.hasBar()) {
      json.put("bar", leaf.getBar());
    }
    if (!leaf.getError().isEmpty()) {
      json.put("error", leaf.getError());
    }
    leaf.getAskedList().forEach(json.putArray("asked")::add);
    ArrayNode shards = json.putArray("shards");
    leaf.getShardsList()
        .forEach(s ->
            shards
                .addObject()
                .put("shard", s.getShard())
                .put("startMicros", s.getStartMicros())
                .put("activeMicros", s.getActiveMicros())
                .put("documents", s.getDocuments())
                .put("matched", s.getMatched())
                .put("scanned", s.getScanned()));
    return json;
  }
}
