package dev.heddle.coordinator;

import dev.heddle.aggregations.AggregationResult;
import dev.heddle.aggregations.AggregationResult.Bucket;
import dev.heddle.aggregations.AggregationResult.Buckets;
import dev.heddle.aggregations.AggregationResult.Cardinality;
import dev.heddle.aggregations.AggregationResult.Quantiles;
import dev.heddle.aggregations.AggregationResult.Stats;
import dev.heddle.aggregations.AggregationResult.TopHits;
import dev.heddle.engine.QueryWire;
import dev.heddle.v1.AggregationResult.BucketResult;
import dev.heddle.v1.AggregationResult.CardinalityResult;
import dev.heddle.v1.AggregationResult.Quantile;
import dev.heddle.v1.AggregationResult.QuantilesResult;
import dev.heddle.v1.AggregationResult.StatsResult;
import dev.heddle.v1.AggregationResult.Tile;
import dev.heddle.v1.AggregationResult.TopHitsResult;

/** From figures to messages. */
final class AggregationAnswerWire {
  private AggregationAnswerWire() {}

  static dev.heddle.v1.AggregationResult result(AggregationResult result) {
    var message = dev.heddle.v1.AggregationResult.newBuilder();
    switch (result) {
      case Buckets buckets -> {
        message
            .setOther(buckets.other())
            .setErrorBound(buckets.errorBound())
            .setUnseenBound(buckets.unseenBound());
        buckets.buckets().forEach(bucket -> message.addBuckets(bucket(bucket)));
      }
      case Cardinality cardinality ->
          message.setCardinality(
              CardinalityResult.newBuilder()
                  .setValue(cardinality.value())
                  .setLower(cardinality.lower())
                  .setUpper(cardinality.upper())
                  .setConfidence(cardinality.confidence()));
      case Quantiles quantiles -> message.setQuantiles(quantiles(quantiles));
      case Stats stats -> message.setStats(stats(stats));
      case TopHits hits ->
          message.setTopHits(
              TopHitsResult.newBuilder()
                  .addAllHits(hits.hits().stream().map(AnswerWire::hit).toList()));
    }
    return message.build();
  }

  private static BucketResult bucket(Bucket bucket) {
    var message = BucketResult.newBuilder().setKey(bucket.key()).setCount(bucket.count());
    var from = bucket.from();
    var to = bucket.to();
    var tile = bucket.tile();
    if (from == null && to == null) {
      message.setUpper(bucket.upper());
    }
    if (from != null) {
      message.setFrom(QueryWire.value(from));
    }
    if (to != null) {
      message.setTo(QueryWire.value(to));
    }
    if (tile != null) {
      message.setTile(
          Tile.newBuilder()
              .setNorth(tile.north())
              .setWest(tile.west())
              .setSouth(tile.south())
              .setEast(tile.east()));
    }
    bucket.aggs().forEach((name, inner) -> message.putAggs(name, result(inner)));
    return message.build();
  }

  private static QuantilesResult quantiles(Quantiles quantiles) {
    var message =
        QuantilesResult.newBuilder()
            .setCount(quantiles.count())
            .setRankError(quantiles.rankError())
            .setConfidence(quantiles.confidence());
    var min = quantiles.min();
    var max = quantiles.max();
    if (min != null && max != null) {
      message.setMin(QueryWire.value(min)).setMax(QueryWire.value(max));
    }
    for (var quantile : quantiles.values()) {
      message.addValues(
          Quantile.newBuilder()
              .setPercent(quantile.percent())
              .setValue(QueryWire.value(quantile.value()))
              .setLower(QueryWire.value(quantile.lower()))
              .setUpper(QueryWire.value(quantile.upper())));
    }
    return message.build();
  }

  private static StatsResult stats(Stats stats) {
    var message = StatsResult.newBuilder().setCount(stats.count());
    var min = stats.min();
    var max = stats.max();
    var sum = stats.sum();
    var mean = stats.mean();
    if (min != null && max != null) {
      message.setMin(QueryWire.value(min)).setMax(QueryWire.value(max));
    }
    if (sum != null) {
      message.setSum(QueryWire.value(sum));
    }
    if (mean != null) {
      message.setMean(QueryWire.value(mean));
    }
    return message.build();
  }
}
