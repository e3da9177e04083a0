package dev.heddle.aggregations;

import dev.heddle.function.Aggregation;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import java.util.HashSet;
import java.util.List;
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

  /** An aggregation under the name that the request gave it. */
  public record NamedAggregation(String name, Aggregation aggregation) {}

  static SearchQuery of(ScatterRequest request) {
    request.args().allow();
    return new SearchQuery(
        request.query(),
        request.k(),
        request.fields(),
        request.sort(),
        request.aggs().entrySet().stream()
            .map(entry ->
                new NamedAggregation(entry.getKey(), checked(entry.getKey(), entry.getValue())))
            .toList(),
        request.highlight(),
        request.countUpTo());
  }

  private static Aggregation checked(String name, Aggregation aggregation) {
    return switch (aggregation) {
      case Aggregation.Terms terms -> terms;
      case Aggregation.Ranges ranges -> {
        var keys = new HashSet<String>();
        var buckets = ranges.buckets().stream().map(SearchQuery::withKey).toList();
        for (var bucket : buckets) {
          if (!keys.add(bucket.key())) {
            throw new BadRequestException(
                "aggs." + name + ": two ranges with key " + bucket.key() + " (expected: one)");
          }
        }
        yield new Aggregation.Ranges(ranges.field(), buckets);
      }
    };
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
