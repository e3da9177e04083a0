package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Aggregation.Ranges;
import dev.heddle.function.Shard.FieldKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class RangeBoundsTest {
  private final long seed = new Random().nextLong();

  @Test
  void countsOverlappingRangesByIntervals() {
    var random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      var buckets = new ArrayList<Ranges.Bucket>();
      for (int i = 1 + random.nextInt(6); i > 0; i--) {
        long from = random.nextInt(20);
        buckets.add(
            new Ranges.Bucket(
                "", random.nextInt(4) == 0 ? null : from, from + 1 + random.nextInt(10)));
      }
      var bounds = RangeBounds.of("x", new Ranges("n", buckets), FieldKind.LONG);
      var intervals = new long[bounds.intervals()];
      var expected = new long[buckets.size()];
      for (int i = 0; i < 50; i++) {
        long value = random.nextLong(-5, 35);
        intervals[bounds.interval(value)]++;
        for (int b = 0; b < expected.length; b++) {
          expected[b] += bounds.contains(b, value) ? 1 : 0;
        }
      }
      var counts = new long[buckets.size()];
      bounds.addIntervals(intervals, counts);
      assertArrayEquals(expected, counts, () -> "seed " + seed);
    }
  }

  @Test
  void mapsDoublesToLongsOfTheSameOrder() {
    double[] ascending = {
      Double.NEGATIVE_INFINITY, -1e300, -1, -Double.MIN_VALUE, 0, Double.MIN_VALUE, 1, 1e300
    };
    for (int i = 1; i < ascending.length; i++) {
      assertTrue(RangeBounds.sortable(ascending[i - 1]) < RangeBounds.sortable(ascending[i]));
    }
    assertEquals(RangeBounds.sortable(0.0), RangeBounds.sortable(-0.0));
  }

  @Test
  void roundsFractionsUpForWholeNumbers() {
    var bounds =
        RangeBounds.of(
            "x", new Ranges("n", List.of(new Ranges.Bucket("", 1.5, 3.5))), FieldKind.LONG);
    assertTrue(!bounds.contains(0, 1) && bounds.contains(0, 2));
    assertTrue(bounds.contains(0, 3) && !bounds.contains(0, 4));
  }

  @Test
  void readsDatesOfAnyPrecision() {
    assertEquals(0, IsoDates.millis("x", "1970"));
    assertEquals(0, IsoDates.millis("x", "1970-01"));
    assertEquals(0, IsoDates.millis("x", "1970-01-01"));
    assertEquals(61_000, IsoDates.millis("x", "1970-01-01T00:01:01"));
    assertEquals(-3_600_000, IsoDates.millis("x", "1970-01-01T00:00:00+01:00"));
    assertTrue(IsoDates.millis("x", "-0044-03-15") < IsoDates.millis("x", "0001"));
  }
}
