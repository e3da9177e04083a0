package dev.heddle.aggregations;

import dev.heddle.aggregations.SearchQuery.NamedAggregation;
import dev.heddle.function.Aggregation;
import dev.heddle.function.Query;
import java.util.List;

/** What is done once a leaf, when its shards have been merged: cutting, and fetching documents. */
final class AggregationCompletion {
  private AggregationCompletion() {}

  static AggregationPartial complete(
      SearchQuery query, NamedAggregation named, AggregationPartial partial) {
    if (!(partial instanceof BucketsPartial buckets)) {
      return partial;
    }
    var kept =
        switch (named.aggregation()) {
          case Aggregation.Terms terms -> buckets.cut(BucketLimits.ofLeaf(named));
          case Aggregation.GeoGrid grid -> buckets.cut(BucketLimits.ofLeaf(named));
          default -> buckets;
        };
    for (var row : kept.inner()) {
      complete(query.query(), named.inner(), row);
    }
    // Its rows have changed, and with them what they weigh.
    return new BucketsPartial(
        kept.keys(), kept.counts(), kept.errors(), kept.unseen(), kept.total(), kept.inner());
  }

  private static void complete(
      Query query, List<NamedAggregation> inner, AggregationPartial[] row) {
    for (int i = 0; i < row.length; i++) {
      var found = row[i];
      switch (inner.get(i).aggregation()) {
        case Aggregation.Terms terms when found instanceof BucketsPartial buckets ->
            row[i] = buckets.cut(BucketLimits.inner(terms.size()));
        case Aggregation.GeoGrid grid when found instanceof BucketsPartial buckets ->
            row[i] = buckets.cut(BucketLimits.inner(grid.size()));
        case Aggregation.TopHits top when found instanceof HitsPartial hits ->
            Hit.fetch(hits.hits(), top.fields(), query, Highlighted.NOTHING);
        default -> {}
      }
    }
  }
}
