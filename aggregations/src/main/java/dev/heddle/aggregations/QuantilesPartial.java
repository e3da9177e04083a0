package dev.heddle.aggregations;

import dev.heddle.aggregations.AggregationResult.Quantile;
import dev.heddle.function.Aggregation;
import dev.heddle.function.HeapSize;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import org.apache.datasketches.kll.KllDoublesSketch;
import org.apache.datasketches.kll.KllSketch;
import org.apache.datasketches.kll.KllSketch.SketchType;
import org.jspecify.annotations.Nullable;

/**
 * Quantiles as a KLL sketch, exact until there are more values than it holds. Beyond that it keeps
 * a random choice of them, so that two runs may differ within the error that the answer states.
 *
 * @param kind of the values; none where there are none
 */
record QuantilesPartial(ValueKind kind, @Nullable KllDoublesSketch sketch)
    implements AggregationPartial {
  /** Of the sketch's bounds. */
  static final double CONFIDENCE = 0.99;

  private static final long MANY = 1_000_000_000;

  /** Where things stand in the bytes of a sketch. */
  private static final int VERSION_AT = 1;

  private static final int FAMILY_AT = 2;
  private static final int K_AT = 4;

  private static final int M_AT = 6;
  private static final int COUNT_AT = 8;
  private static final int LEAST_K_AT = 16;
  private static final int LEVELS_AT = 18;
  private static final int FULL_AT = 20;
  private static final int EMPTY_BYTES = 8;
  private static final int FULL = 5;
  private static final int FULL_VERSION = 1;
  private static final int SINGLE = 2;
  private static final int SINGLE_VERSION = 2;
  private static final int FAMILY = 15;
  private static final int M = 8;
  private static final int MOST_LEVELS = 60;

  private static final long OWN = HeapSize.object(2 * HeapSize.REFERENCE);
  private static final long SKETCH =
      HeapSize.object(3 * Integer.BYTES + 5 * HeapSize.REFERENCE + 3 * Double.BYTES + 2);

  /** Beyond, levels hold no fewer values. */
  private static final int MOST_DEPTH = 30;

  static QuantilesPartial empty() {
    return new QuantilesPartial(ValueKind.NONE, null);
  }

  static int k(double error) {
    return KllSketch.getKFromEpsilon(error, false);
  }

  /** The most bytes that one takes. */
  static int maxBytes(double error) {
    return KllSketch.getMaxSerializedSizeBytes(
        k(error), MANY, SketchType.KLL_DOUBLES_SKETCH, false);
  }

  static QuantilesPartial merge(QuantilesPartial a, QuantilesPartial b) {
    if (a.sketch == null || b.sketch == null) {
      return a.sketch == null ? b : a;
    }
    a.sketch.merge(b.sketch);
    return a;
  }

  AggregationResult.Quantiles result(Aggregation.Quantiles quantiles) {
    var found = sketch;
    var values = new ArrayList<Quantile>(quantiles.percents().size());
    if (found == null || found.isEmpty()) {
      return new AggregationResult.Quantiles(0, null, null, 0, CONFIDENCE, values);
    }
    boolean exact = !found.isEstimationMode();
    double error = exact ? 0 : found.getNormalizedRankError(false);
    for (double percent : quantiles.percents()) {
      double rank = percent / 100;
      var value = kind.value(found.getQuantile(rank));
      values.add(
          exact
              ? new Quantile(percent, value, value, value)
              : new Quantile(
                  percent,
                  value,
                  kind.value(found.getQuantileLowerBound(rank)),
                  kind.value(found.getQuantileUpperBound(rank))));
    }
    return new AggregationResult.Quantiles(
        found.getN(),
        kind.value(found.getMinItem()),
        kind.value(found.getMaxItem()),
        error,
        CONFIDENCE,
        values);
  }

  @Override
  public long weight() {
    if (sketch == null) {
      return OWN;
    }
    int levels = levels(sketch);
    return OWN
        + SKETCH
        + HeapSize.ints(levels + 1)
        + HeapSize.longs(capacity(sketch.getK(), levels));
  }

  /** Its bytes have a number for each. */
  private static int levels(KllDoublesSketch sketch) {
    int numbers = Double.BYTES * (sketch.getNumRetained() + 2);
    return sketch.getN() < 2
        ? 1
        : (sketch.getSerializedSizeBytes() - FULL_AT - numbers) / Integer.BYTES;
  }

  /** There is room for k values in the topmost level, and for a third less in each below. */
  private static int capacity(int k, int levels) {
    int sum = 0;
    double room = k;
    for (int level = 0; level < levels; level++) {
      sum += (int) Math.max(M, Math.round(level > MOST_DEPTH ? 0 : room));
      room *= 2.0 / 3;
    }
    return sum;
  }

  byte[] toBytes() {
    return sketch == null ? new byte[0] : sketch.toByteArray();
  }

  /** Reads only what a sketch with this k could have written. */
  static QuantilesPartial of(int k, ValueKind kind, byte[] image) throws IOException {
    if (image.length == 0) {
      return empty();
    }
    check(image.length >= EMPTY_BYTES + Double.BYTES, "length", image.length);
    var bytes = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    check(image[FAMILY_AT] == FAMILY, "family", image[FAMILY_AT]);
    check(Short.toUnsignedInt(bytes.getShort(K_AT)) == k, "k", bytes.getShort(K_AT));
    check(image[M_AT] == M, "m", image[M_AT]);
    int kept = 1;
    if (image[0] == FULL) {
      check(image[VERSION_AT] == FULL_VERSION, "version", image[VERSION_AT]);
      kept = checkFull(bytes, k);
    } else {
      check(image[0] == SINGLE, "preamble", image[0]);
      check(image[VERSION_AT] == SINGLE_VERSION, "version", image[VERSION_AT]);
      check(image.length == EMPTY_BYTES + Double.BYTES, "length", image.length);
      checkNumbers(bytes, EMPTY_BYTES);
    }
    try {
      var sketch = KllDoublesSketch.heapify(MemorySegment.ofArray(image));
      check(sketch.getNumRetained() == kept, "values", sketch.getNumRetained());
      return new QuantilesPartial(kind, sketch);
    } catch (RuntimeException e) {
      throw new IOException("sketch: " + e, e);
    }
  }

  /** Levels in order, which hold as many values as they stand for, and no more than arrived. */
  private static int checkFull(ByteBuffer bytes, int k) throws IOException {
    check(bytes.capacity() >= FULL_AT, "length", bytes.capacity());
    int leastK = Short.toUnsignedInt(bytes.getShort(LEAST_K_AT));
    check(leastK == k, "least k", leastK);
    int levels = bytes.get(LEVELS_AT);
    check(levels >= 1 && levels <= MOST_LEVELS, "levels", levels);
    int numbersAt = FULL_AT + Integer.BYTES * levels;
    int kept = (bytes.capacity() - numbersAt) / Double.BYTES - 2;
    check(
        kept >= 1 && bytes.capacity() == numbersAt + Double.BYTES * (kept + 2),
        "length",
        bytes.capacity());
    int first = bytes.getInt(FULL_AT);
    check(first >= 0 && first <= Integer.MAX_VALUE - kept, "level", first);
    int start = first;
    long weight = 1;
    long count = 0;
    for (int level = 0; level < levels; level++, weight <<= 1) {
      int end =
          level + 1 < levels ? bytes.getInt(FULL_AT + Integer.BYTES * (level + 1)) : first + kept;
      check(end >= start && end <= first + kept, "level", end);
      count += weight * (end - start);
      start = end;
    }
    check(count > 0 && count == bytes.getLong(COUNT_AT), "count", (int) count);
    checkNumbers(bytes, numbersAt);
    return kept;
  }

  private static void checkNumbers(ByteBuffer bytes, int start) throws IOException {
    for (int at = start; at < bytes.capacity(); at += Double.BYTES) {
      check(Double.isFinite(bytes.getDouble(at)), "number at", at);
    }
  }

  private static void check(boolean good, String what, int value) throws IOException {
    if (!good) {
      throw new IOException("sketch: " + what + " " + value + " (expected: as this query's)");
    }
  }
}
