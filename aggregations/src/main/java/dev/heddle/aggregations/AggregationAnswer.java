package dev.heddle.aggregations;

import dev.heddle.aggregations.AggregationResult.Bucket;
import dev.heddle.aggregations.AggregationResult.Buckets;
import dev.heddle.aggregations.SearchQuery.NamedAggregation;
import dev.heddle.function.Aggregation;
import dev.heddle.function.BadRequestException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** From what was found to what is answered; leaves the partial as it is. */
final class AggregationAnswer {
  private static final Comparator<Bucket> MOST_FIRST =
      Comparator.comparingLong(Bucket::count).reversed();

  private AggregationAnswer() {}

  static AggregationResult of(NamedAggregation named, AggregationPartial partial) {
    return switch (partial) {
      case BucketsPartial buckets -> buckets(named, buckets);
      case CardinalityPartial cardinality -> cardinality.result();
      case QuantilesPartial found when named.aggregation() instanceof Aggregation.Quantiles asked ->
          found.result(asked);
      case StatsPartial stats -> stats.result();
      case HitsPartial found ->
          new AggregationResult.TopHits(Stream.of(found.hits()).map(Hit::result).toList());
      case QuantilesPartial other -> throw new IllegalArgumentException(named.toString());
    };
  }

  private static Buckets buckets(NamedAggregation named, BucketsPartial partial) {
    return switch (named.aggregation()) {
      case Aggregation.Terms terms -> mostFrequent(named, partial, terms.size());
      case Aggregation.GeoGrid grid -> mostFrequent(named, partial, grid.size());
      case Aggregation aggregation -> {
        int limit =
            aggregation instanceof Aggregation.Ranges
                ? Aggregation.Ranges.MAX_BUCKETS
                : BucketLimits.most(named);
        if (partial.size() > limit) {
          throw new BadRequestException(
              "aggs.%s: %d buckets (expected: at most %d; larger steps, or fewer documents)"
                  .formatted(named.name(), partial.size(), limit));
        }
        yield all(named, partial);
      }
    };
  }

  private static Buckets all(NamedAggregation named, BucketsPartial partial) {
    var buckets = new ArrayList<Bucket>(partial.size());
    for (int i = 0; i < partial.size(); i++) {
      buckets.add(bucket(named, partial, i));
    }
    return new Buckets(buckets, 0, 0, 0);
  }

  private static Buckets mostFrequent(NamedAggregation named, BucketsPartial partial, int size) {
    var best = partial.cut(size);
    var buckets = new ArrayList<Bucket>(best.size());
    long other = best.total();
    long error = 0;
    for (int i = 0; i < best.size(); i++) {
      buckets.add(bucket(named, best, i));
      other -= best.counts()[i];
      error = Math.max(error, best.errors()[i]);
    }
    // Stable: equal counts stay in the order of the keys.
    buckets.sort(MOST_FIRST);
    return new Buckets(buckets, other, error, best.unseen());
  }

  private static Bucket bucket(NamedAggregation named, BucketsPartial partial, int index) {
    long count = partial.counts()[index];
    long upper = count + partial.errors()[index];
    var aggs = inner(named, partial, index);
    if (partial.keys() instanceof Keys.Text text) {
      return new Bucket(text.values()[index], count, upper, null, null, null, aggs);
    }
    long key = ((Keys.Numbers) partial.keys()).values()[index];
    return switch (named.aggregation()) {
      case Aggregation.Ranges ranges -> {
        var range = ranges.buckets().get((int) key);
        yield new Bucket(range.key(), count, upper, range.from(), range.to(), null, aggs);
      }
      case Aggregation.Histogram histogram -> {
        var from = Steps.start(histogram, key);
        var to = Steps.start(histogram, key + 1);
        yield new Bucket(from.toString(), count, upper, from, to, null, aggs);
      }
      case Aggregation.DateHistogram histogram -> {
        var from = ValueKind.date(key);
        var to = ValueKind.date(Steps.end(histogram, key));
        yield new Bucket(from, count, upper, from, to, null, aggs);
      }
      case Aggregation.GeoGrid grid ->
          new Bucket(
              GeoKeys.name(key, grid.zoom()),
              count,
              upper,
              null,
              null,
              GeoKeys.tile(key, grid.zoom()),
              aggs);
      case Aggregation other -> throw new IllegalArgumentException(other.toString());
    };
  }

  private static Map<String, AggregationResult> inner(
      NamedAggregation named, BucketsPartial partial, int index) {
    if (named.inner().isEmpty()) {
      return Map.of();
    }
    var results = new LinkedHashMap<String, AggregationResult>();
    for (int i = 0; i < named.inner().size(); i++) {
      var inner = named.inner().get(i);
      results.put(inner.name(), of(inner, partial.inner()[index][i]));
    }
    return results;
  }
}
