package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.aggregations.AggregationResult.Bucket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class TermsPartialTest {
  private final long seed = new Random().nextLong();

  private static TermsPartial of(Map<String, Long> counts) {
    var sorted = new TreeMap<>(counts);
    return new TermsPartial(
        sorted.keySet().toArray(new String[0]),
        sorted.values().stream().mapToLong(Long::longValue).toArray(),
        new long[sorted.size()],
        0,
        sorted.values().stream().mapToLong(Long::longValue).sum());
  }

  @Test
  void ordersByCountThenByTerm() {
    var result = of(Map.of("b", 2L, "a", 2L, "c", 9L, "d", 1L)).result(3);
    assertEquals(
        List.of(new Bucket("c", 9), new Bucket("a", 2), new Bucket("b", 2)), result.buckets());
    assertEquals(1, result.other());
    assertEquals(0, result.errorBound());
  }

  @Test
  void saysHowFarACutMayBeOff() {
    var a = of(Map.of("x", 10L, "y", 4L, "z", 3L)).cut(1);
    var b = of(Map.of("y", 9L, "x", 1L)).cut(1);
    var merged = TermsPartial.merge(a, b).result(2);
    assertEquals(List.of(new Bucket("x", 10), new Bucket("y", 9)), merged.buckets());
    // Of y, the first source dropped up to 4; of x, the second up to 1.
    assertEquals(4, merged.errorBound());
    assertEquals(27 - 19, merged.other());
  }

  @Test
  void neverPromisesMoreThanTheTruth() {
    var random = new Random(seed);
    for (int round = 0; round < 300; round++) {
      var truth = new HashMap<String, Long>();
      var parts = new ArrayList<TermsPartial>();
      for (int source = 1 + random.nextInt(6); source > 0; source--) {
        var counts = new HashMap<String, Long>();
        for (int i = random.nextInt(40); i > 0; i--) {
          counts.put("t" + random.nextInt(50), 1L + (long) Math.pow(random.nextDouble() * 5, 4));
        }
        counts.forEach((term, count) -> truth.merge(term, count, Long::sum));
        parts.add(of(counts).cut(1 + random.nextInt(20)));
      }
      while (parts.size() > 1) {
        int at = random.nextInt(parts.size() - 1);
        var merged = TermsPartial.merge(parts.get(at), parts.remove(at + 1));
        parts.set(at, random.nextBoolean() ? merged : merged.cut(1 + random.nextInt(30)));
      }
      var result = parts.getFirst().result(10);
      long shown = 0;
      for (var bucket : result.buckets()) {
        long exact = truth.getOrDefault(bucket.key(), 0L);
        assertTrue(bucket.count() <= exact, () -> "seed " + seed);
        assertTrue(exact <= bucket.count() + result.errorBound(), () -> "seed " + seed);
        shown += bucket.count();
      }
      long all = truth.values().stream().mapToLong(Long::longValue).sum();
      assertEquals(all - shown, result.other(), () -> "seed " + seed);
    }
  }
}
