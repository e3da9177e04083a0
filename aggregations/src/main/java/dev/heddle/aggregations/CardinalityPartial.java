package dev.heddle.aggregations;

import dev.heddle.function.Aggregation;
import dev.heddle.function.HeapSize;
import java.io.IOException;
import org.apache.datasketches.hll.HllSketch;
import org.apache.datasketches.hll.HllUnion;
import org.apache.datasketches.hll.TgtHllType;
import org.jspecify.annotations.Nullable;

/**
 * Different values, as a HyperLogLog sketch. All figures are functions of the sketch's registers
 * alone, whatever the order in which they were filled, so that any order of merges gives the same;
 * merging a sketch with itself changes nothing.
 *
 * @param sketch null: no value yet
 */
record CardinalityPartial(int lgK, @Nullable HllSketch sketch) implements AggregationPartial {
  /** Bounds hold for this many standard deviations: 99.7 % of all samples. */
  private static final int DEVIATIONS = 3;

  static final double CONFIDENCE = 0.997;

  private static final int LEAST_LG_K = 4;
  private static final int MOST_LG_K = 16;

  /** Standard error of a union with one register. */
  private static final double ERROR = 1.04;

  /** Where things stand in the bytes of a sketch. */
  private static final int VERSION_AT = 1;

  private static final int FAMILY_AT = 2;
  private static final int LG_K_AT = 3;
  private static final int LG_ARRAY_AT = 4;
  private static final int FLAGS_AT = 5;
  private static final int LIST_COUNT_AT = 6;
  private static final int MODE_AT = 7;
  private static final int LIST_AT = 8;
  private static final int SET_COUNT_AT = 8;
  private static final int SET_AT = 12;
  private static final int REGISTERS_AT = 40;
  private static final int COMPACT = 8;
  private static final int REBUILD = 32;
  private static final int LIST = 0;
  private static final int SET = 1;
  private static final int REGISTERS = 2;
  private static final int EIGHT_BITS = 8;
  private static final int MAX_LIST = 7;
  private static final int LEAST_SET_LG_K = 8;
  private static final int MAX_REGISTER = 63;

  private static final long OWN = HeapSize.object(Integer.BYTES + HeapSize.REFERENCE);
  private static final long SKETCH = HeapSize.object(HeapSize.REFERENCE);
  private static final long OF_COUPONS =
      HeapSize.object(3 * Integer.BYTES + 3 * HeapSize.REFERENCE);
  private static final long OF_REGISTERS =
      HeapSize.object(4 * Integer.BYTES + 4 * HeapSize.REFERENCE + 3 * Double.BYTES + 2);
  private static final int LEAST_TABLE = 32;

  static CardinalityPartial empty(Aggregation.Cardinality cardinality) {
    return new CardinalityPartial(lgK(cardinality.error()), null);
  }

  /** The smallest sketch whose standard error is no larger. */
  static int lgK(double error) {
    int lgK = LEAST_LG_K;
    while (lgK < MOST_LG_K && ERROR / Math.sqrt(1 << lgK) > error) {
      lgK++;
    }
    return lgK;
  }

  static HllSketch fresh(int lgK) {
    return new HllSketch(lgK, TgtHllType.HLL_8);
  }

  /** The most bytes that one takes. */
  static int maxBytes(double error) {
    return REGISTERS_AT + (1 << lgK(error));
  }

  static CardinalityPartial merge(CardinalityPartial a, CardinalityPartial b) {
    if (a.sketch == null || b.sketch == null) {
      return a.sketch == null ? b : a;
    }
    var union = new HllUnion(a.lgK);
    union.update(a.sketch);
    union.update(b.sketch);
    return new CardinalityPartial(a.lgK, union.getResult(TgtHllType.HLL_8));
  }

  AggregationResult.Cardinality result() {
    var found = sketch;
    if (found == null || found.isEmpty()) {
      return new AggregationResult.Cardinality(0, 0, 0, CONFIDENCE);
    }
    double estimate = found.getCompositeEstimate();
    double lower;
    double upper;
    if (mode(found.toCompactByteArray()) == REGISTERS) {
      // As after a union, whether there was one or not: so that it makes no difference.
      lower = estimate / (1 + HllSketch.getRelErr(false, true, lgK, DEVIATIONS));
      upper = estimate / (1 - HllSketch.getRelErr(true, true, lgK, DEVIATIONS));
    } else {
      lower = found.getLowerBound(DEVIATIONS);
      upper = found.getUpperBound(DEVIATIONS);
    }
    return new AggregationResult.Cardinality(
        Math.round(estimate), (long) Math.floor(lower), (long) Math.ceil(upper), CONFIDENCE);
  }

  @Override
  public long weight() {
    if (sketch == null) {
      return OWN;
    }
    int image = sketch.getUpdatableSerializationBytes();
    int registers = 1 << lgK;
    return OWN
        + SKETCH
        + (image == REGISTERS_AT + registers
            ? OF_REGISTERS + HeapSize.bytes(registers)
            // A table's size is a power of two; lists and sets differ in what comes before it.
            : OF_COUPONS + HeapSize.ints(((image - LIST_AT) & -LEAST_TABLE) / Integer.BYTES));
  }

  byte[] toBytes() {
    return sketch == null ? new byte[0] : sketch.toCompactByteArray();
  }

  private static int mode(byte[] image) {
    return image[MODE_AT] & 3;
  }

  /** Reads only what a sketch of this size could have written. */
  static CardinalityPartial of(int lgK, byte[] image) throws IOException {
    if (image.length == 0) {
      return new CardinalityPartial(lgK, null);
    }
    check(image.length >= LIST_AT, "length", image.length);
    check(image[VERSION_AT] == 1, "version", image[VERSION_AT]);
    check(image[FAMILY_AT] == 7, "family", image[FAMILY_AT]);
    check(image[LG_K_AT] == lgK, "lgK", image[LG_K_AT]);
    check((image[MODE_AT] & ~3) == EIGHT_BITS, "mode", image[MODE_AT]);
    switch (mode(image)) {
      case LIST -> checkCoupons(image, LIST_AT, image[LIST_COUNT_AT], MAX_LIST);
      case SET -> {
        check(image.length >= SET_AT, "length", image.length);
        check(lgK >= LEAST_SET_LG_K, "mode", image[MODE_AT]);
        // A set that is three quarters full, with an eighth as many places, becomes registers.
        checkCoupons(image, SET_AT, integer(image, SET_COUNT_AT), 3 << (lgK - 5));
        // The table is made as large as it must be, not as large as it says.
        image[LG_ARRAY_AT] = 0;
      }
      case REGISTERS -> {
        check(image.length == REGISTERS_AT + (1 << lgK), "length", image.length);
        for (int i = REGISTERS_AT; i < image.length; i++) {
          check(image[i] >= 0 && image[i] <= MAX_REGISTER, "register", image[i]);
        }
        // What follows from the registers is made from them.
        image[FLAGS_AT] |= REBUILD;
      }
      default -> throw new IOException("sketch: mode 3 (expected: 0..2)");
    }
    try {
      return new CardinalityPartial(lgK, HllSketch.heapify(image));
    } catch (RuntimeException e) {
      throw new IOException("sketch: " + e, e);
    }
  }

  private static void checkCoupons(byte[] image, int start, int count, int most)
      throws IOException {
    check((image[FLAGS_AT] & COMPACT) != 0, "flags", image[FLAGS_AT]);
    check(count >= 0 && count <= most, "values", count);
    check(image.length == start + 4 * count, "length", image.length);
    for (int i = 0; i < count; i++) {
      int coupon = integer(image, start + 4 * i);
      check(coupon >>> 26 != 0, "value", coupon);
    }
  }

  private static int integer(byte[] image, int at) {
    return (image[at] & 0xFF)
        | (image[at + 1] & 0xFF) << 8
        | (image[at + 2] & 0xFF) << 16
        | (image[at + 3] & 0xFF) << 24;
  }

  private static void check(boolean good, String what, int value) throws IOException {
    if (!good) {
      throw new IOException("sketch: " + what + " " + value + " (expected: as this query's)");
    }
  }
}
