package dev.heddle.coordinator;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.aggregations.SearchHit;
import dev.heddle.aggregations.SearchResult;
import dev.heddle.coordinator.QueryAnswer.Explanation;
import dev.heddle.coordinator.scatter.MadeCallWire;
import dev.heddle.engine.JsonValues;
import dev.heddle.engine.QueryWire;
import dev.heddle.v1.ConsideredReplica;
import dev.heddle.v1.Hit;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ShardChoice;
import dev.heddle.v1.SkippedShard;
import dev.heddle.v1.Snippets;
import dev.heddle.v1.Total;

/** From answers to messages. */
final class AnswerWire {
  private AnswerWire() {}

  /**
   * The answer.
   *
   * @param explain whether it says how the query went
   */
  static QueryResponse response(QueryAnswer answer, boolean explain, RateCard rates) {
    var message =
        QueryResponse.newBuilder()
            .setCoverage(QueryWire.coverage(answer.coverage()))
            .setBill(QueryWire.bill(rates.price(answer.bill())))
            .setTookMicros(answer.tookNanos() / 1_000)
            .setTraceId(answer.traceId())
            .setStatisticsEpoch(answer.statisticsEpoch())
            .setPartialStatistics(answer.partialStatistics())
            .setPositionToken(answer.position().toString())
            .setStalenessMicros(answer.stalenessMicros())
            .setFinal(answer.last())
            .setCut(answer.cut());
    if (explain) {
      answer.explanation().map(AnswerWire::explanation).ifPresent(message::setExplanation);
    }
    if (answer.result() instanceof SearchResult result) {
      search(message, result);
    } else {
      message.setResultJsonBytes(ByteString.copyFrom(JsonValues.write(answer.result())));
    }
    return message.build();
  }

  private static void search(QueryResponse.Builder message, SearchResult result) {
    result.hits().forEach(hit -> message.addHits(hit(hit)));
    message.setTotal(
        Total.newBuilder()
            .setValue(result.total())
            .setRelation(
                result.exact() ? Total.Relation.RELATION_EQUAL : Total.Relation.RELATION_AT_LEAST));
    result.aggs().forEach((name, agg) -> message.putAggs(name, AggregationAnswerWire.result(agg)));
  }

  static Hit hit(SearchHit hit) {
    var message =
        Hit.newBuilder()
            .setId(hit.id())
            .setScore(hit.score())
            .setShard(hit.shard())
            .setFieldsJson(UnsafeByteOperations.unsafeWrap(hit.json()));
    hit.highlights()
        .forEach((field, fragments) ->
            message.putHighlights(field, Snippets.newBuilder().addAllFragments(fragments).build()));
    for (var value : hit.sortValues()) {
      message.addSortValues(QueryWire.sortValue(value));
    }
    return message.build();
  }

  private static dev.heddle.v1.Explanation explanation(Explanation explanation) {
    var message =
        dev.heddle.v1.Explanation.newBuilder()
            .setAdmission(
                dev.heddle.v1.Admission.newBuilder()
                    .setWaitMicros(explanation.admission().waitMicros())
                    .setInFlight(explanation.admission().inFlight())
                    .setPlaces(explanation.admission().places())
                    .setPriority(explanation.admission().priority().text()))
            .setPlanMicros(explanation.planMicros())
            .setScatterMicros(explanation.scatterMicros())
            .setFinishMicros(explanation.finishMicros())
            .setStatisticsRounds(explanation.statisticsRounds())
            .setHedgeAfterMicros(explanation.hedgeAfterMicros())
            .setHedged(explanation.hedged())
            .setDenied(explanation.denied());
    for (var attempt : explanation.attempts()) {
      message.addLeaves(MadeCallWire.timing(attempt.made(explanation.startNanos(), "")));
      attempt
          .below(explanation.startNanos())
          .forEach(call -> message.addLeaves(MadeCallWire.timing(call)));
      for (var shard : attempt.reports) {
        if (shard.skipped()) {
          message.addSkipped(
              SkippedShard.newBuilder()
                  .setShard(shard.shard())
                  .setNode(shard.node())
                  .setReason(
                      "nothing up to position %d can match".formatted(shard.position().index())));
        }
      }
    }
    for (var left : explanation.skipped()) {
      message.addSkipped(
          SkippedShard.newBuilder()
              .setShard(left.shard())
              .setReason(
                  "nothing up to position %d can match, as %s told"
                      .formatted(left.summary().index(), left.summary().node())));
    }
    for (var choice : explanation.choices()) {
      var shard = ShardChoice.newBuilder().setShard(choice.shard()).setNode(choice.node());
      for (var replica : choice.considered()) {
        shard.addReplicas(
            ConsideredReplica.newBuilder()
                .setNode(replica.node())
                .setCost(replica.cost())
                .setServiceMicros(known(replica.serviceMicros()))
                .setOverheadMicros(known(replica.overheadMicros()))
                .setOutstanding(replica.outstanding())
                .setQueueLength(replica.queueLength())
                .setStanding(replica.standing()));
      }
      message.addChoices(shard);
    }
    return message.build();
  }

  /** Negative: not known. */
  private static double known(double figure) {
    return Double.isNaN(figure) ? -1 : figure;
  }
}
