package dev.heddle.aggregations;

import dev.heddle.function.Aggregation;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A request to {@link SearchFunction}, checked as far as that goes without a schema.
 *
 * @param aggs in the order of the request, which every node sees alike
 */
public record SearchQuery(
    Query query,
    int k,
    List<String> fields,
    List<Sort> sort,
    List<NamedAggregation> aggs,
    Optional<List<String>> highlight,
    long countUpTo) {

  /**
   * An aggregation under the name that the request gave it.
   *
   * @param inner those within it, in the order of the request
   */
  public record NamedAggregation(
      String name, Aggregation aggregation, List<NamedAggregation> inner) {
    static List<NamedAggregation> list(String path, Map<String, Aggregation> aggregations) {
      return aggregations.entrySet().stream()
          .map(entry -> {
            var at = path + "." + entry.getKey();
            return new NamedAggregation(
                entry.getKey(),
                checked(at, entry.getValue()),
                list(at + ".aggs", entry.getValue().inner()));
          })
          .toList();
    }
  }

  static SearchQuery of(ScatterRequest request) {
    request.args().allow();
    return new SearchQuery(
        request.query(),
        request.k(),
        request.fields(),
        request.sort(),
        aggs(request),
        request.highlight(),
        request.countUpTo());
  }

  private static List<NamedAggregation> aggs(ScatterRequest request) {
    var aggs = NamedAggregation.list("aggs", request.aggs());
    for (var named : aggs) {
      if (named.aggregation() instanceof Aggregation.TopHits) {
        throw new BadRequestException(
            "aggs."
                + named.name()
                + ".topHits: not within another (expected: in the aggs of one that makes buckets;"
                + " the best of all are the hits)");
      }
      BucketLimits.check(named);
    }
    return aggs;
  }

  /** Gives names to ranges that have none, and sees that no two have the same. */
  private static Aggregation checked(String path, Aggregation aggregation) {
    if (!(aggregation instanceof Aggregation.Ranges ranges)) {
      return aggregation;
    }
    var keys = new HashSet<String>();
    var buckets = ranges.buckets().stream().map(SearchQuery::withKey).toList();
    for (var bucket : buckets) {
      if (!keys.add(bucket.key())) {
        throw new BadRequestException(
            path + ": two ranges with key " + bucket.key() + " (expected: one)");
      }
    }
    return new Aggregation.Ranges(ranges.field(), buckets, ranges.inner());
  }

  private static Aggregation.Ranges.Bucket withKey(Aggregation.Ranges.Bucket bucket) {
    if (!bucket.key().isEmpty()) {
      return bucket;
    }
    var from = bucket.from() == null ? "*" : bucket.from().toString();
    var to = bucket.to() == null ? "*" : bucket.to().toString();
    return new Aggregation.Ranges.Bucket(from + ".." + to, bucket.from(), bucket.to());
  }
}
