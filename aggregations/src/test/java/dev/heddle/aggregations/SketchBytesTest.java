package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Aggregation;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import org.apache.datasketches.kll.KllDoublesSketch;
import org.junit.jupiter.api.Test;

final class SketchBytesTest {
  private static final double RANK_ERROR = 0.05;
  private static final int LG_K = 10;

  private final long seed = new Random().nextLong();

  private static CardinalityPartial cardinality(int values) {
    var sketch = CardinalityPartial.fresh(LG_K);
    for (int i = 0; i < values; i++) {
      sketch.update((long) i);
    }
    return new CardinalityPartial(LG_K, sketch);
  }

  private static QuantilesPartial quantiles(int values) {
    var sketch = KllDoublesSketch.newHeapInstance(QuantilesPartial.k(RANK_ERROR));
    for (int i = 0; i < values; i++) {
      sketch.update(i * 0.5);
    }
    return new QuantilesPartial(ValueKind.DOUBLE, sketch);
  }

  private static AggregationResult.Quantiles result(QuantilesPartial partial) {
    return partial.result(new Aggregation.Quantiles("x", List.of(50.0, 90.0), RANK_ERROR));
  }

  @Test
  void readsWhatItWrote() throws IOException {
    for (int values : new int[] {0, 1, 5, 40, 300, 5_000, 100_000}) {
      var counted = cardinality(values);
      assertEquals(counted.result(), CardinalityPartial.of(LG_K, counted.toBytes()).result());
      var found = counted.result();
      assertTrue(found.lower() <= values && values <= found.upper(), values + ": " + found);
      if (values > 0) {
        var spread = quantiles(values);
        int k = QuantilesPartial.k(RANK_ERROR);
        var read = QuantilesPartial.of(k, ValueKind.DOUBLE, spread.toBytes());
        assertEquals(result(spread), result(read));
        assertTrue(spread.toBytes().length <= QuantilesPartial.maxBytes(RANK_ERROR));
        assertTrue(counted.toBytes().length <= CardinalityPartial.maxBytes(0.033));
      }
    }
  }

  @Test
  void cardinalityDoesNotDependOnOrderOrDuplicates() {
    var parts = List.of(cardinality(10), cardinality(700), cardinality(20_000));
    var forward = merged(merged(parts.get(0), parts.get(1)), parts.get(2));
    var backward = merged(parts.get(2), merged(parts.get(1), parts.get(0)));
    assertEquals(forward.result(), backward.result());
    assertEquals(parts.get(2).result(), forward.result());
    assertEquals(forward.result(), merged(forward, backward).result());
  }

  private static CardinalityPartial merged(CardinalityPartial a, CardinalityPartial b) {
    return CardinalityPartial.merge(a, b);
  }

  @Test
  void anyChangeIsRefusedOrLeavesASketchThatWorks() {
    var random = new Random(seed);
    int k = QuantilesPartial.k(RANK_ERROR);
    int refused = 0;
    for (int round = 0; round < 3_000; round++) {
      int values = List.of(1, 6, 60, 3_000).get(random.nextInt(4));
      var image = broken(random, cardinality(values).toBytes());
      refused += refused(() -> merged(CardinalityPartial.of(LG_K, image), cardinality(9)).result());
      var other = broken(random, quantiles(values).toBytes());
      refused +=
          refused(() -> {
            var read = QuantilesPartial.of(k, ValueKind.DOUBLE, other);
            return result(QuantilesPartial.merge(read, quantiles(9)));
          });
    }
    assertTrue(refused > 1_000, "only " + refused + " refused, seed " + seed);
  }

  private static byte[] broken(Random random, byte[] image) {
    int header = Math.min(image.length, 24);
    for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
      int end = random.nextBoolean() ? header : image.length;
      image[random.nextInt(end)] = (byte) random.nextInt(256);
    }
    return image;
  }

  private interface Reading {
    Object read() throws IOException;
  }

  /** Nothing but an IOException may come of reading, and whatever is read must go on working. */
  private int refused(Reading reading) {
    try {
      reading.read();
      return 0;
    } catch (IOException e) {
      return 1;
    } catch (RuntimeException e) {
      throw new AssertionError("seed " + seed, e);
    }
  }

  @Test
  void refusesSketchesOfAnotherSize() {
    assertThrows(
        IOException.class, () -> CardinalityPartial.of(LG_K + 1, cardinality(50).toBytes()));
    assertThrows(
        IOException.class,
        () ->
            QuantilesPartial.of(
                QuantilesPartial.k(0.01), ValueKind.DOUBLE, quantiles(50).toBytes()));
  }
}
