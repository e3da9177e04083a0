package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.aggregations.AggregationResult.Bucket;
import dev.heddle.aggregations.AggregationResult.Buckets;
import dev.heddle.aggregations.SearchQuery.NamedAggregation;
import dev.heddle.function.Aggregation;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class BucketsPartialTest {
  private static BucketsPartial of(Map<String, Long> counts) {
    var sorted = new TreeMap<>(counts);
    return BucketsPartial.exact(
        new Keys.Text(sorted.keySet().toArray(new String[0])),
        sorted.values().stream().mapToLong(Long::longValue).toArray());
  }

  private static Buckets result(BucketsPartial partial, int size) {
    return (Buckets)
        AggregationAnswer.of(
            new NamedAggregation("x", new Aggregation.Terms("tag", size), List.of()), partial);
  }

  @Test
  void ordersByCountThenByTerm() {
    var result = result(of(Map.of("b", 2L, "a", 2L, "c", 9L, "d", 1L)), 3);
    assertEquals(
        List.of(new Bucket("c", 9), new Bucket("a", 2), new Bucket("b", 2)), result.buckets());
    assertEquals(1, result.other());
    assertEquals(0, result.errorBound());
    assertEquals(1, result.unseenBound());
  }

  @Test
  void saysHowFarACutMayBeOff() {
    var a = of(Map.of("x", 10L, "y", 4L, "z", 3L)).cut(1);
    var b = of(Map.of("y", 9L, "x", 1L)).cut(1);
    var merged = result(BucketsPartial.merge(a, b), 2);
    // Of y, the first source dropped up to 4; of x, the second up to 1.
    assertEquals(
        List.of("x 10..11", "y 9..13"),
        merged.buckets().stream().map(BucketsPartialTest::bounds).toList());
    assertEquals(4, merged.errorBound());
    assertEquals(5, merged.unseenBound());
    assertEquals(27 - 19, merged.other());
  }

  private static String bounds(Bucket bucket) {
    return bucket.key() + " " + bucket.count() + ".." + bucket.upper();
  }
}
