package dev.heddle.aggregations;

import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import java.util.Arrays;
import org.apache.datasketches.kll.KllDoublesSketch;
import org.jspecify.annotations.Nullable;

/** Sketches the distribution of a number field. */
final class QuantilesTally implements Tally {
  private final String field;
  private final ValueKind kind;
  private final int k;
  private @Nullable KllDoublesSketch[] sketches = new KllDoublesSketch[1];
  private @Nullable LongValues longValues;
  private @Nullable DoubleValues doubleValues;

  QuantilesTally(String field, ValueKind kind, int k) {
    this.field = field;
    this.kind = kind;
    this.k = k;
  }

  @Override
  public void enter(Segment segment) {
    if (kind == ValueKind.DOUBLE) {
      doubleValues = segment.doubles(field);
    } else {
      longValues = segment.longs(field);
    }
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    if (longValues != null && longValues.advance(document)) {
      for (int left = longValues.count(); left > 0; left--) {
        add((double) longValues.next(), buckets, count);
      }
    } else if (doubleValues != null && doubleValues.advance(document)) {
      for (int left = doubleValues.count(); left > 0; left--) {
        add(doubleValues.next(), buckets, count);
      }
    }
  }

  private void add(double value, int[] buckets, int count) {
    for (int i = 0; i < count; i++) {
      sketch(buckets[i]).update(value);
    }
  }

  private KllDoublesSketch sketch(int bucket) {
    if (bucket >= sketches.length) {
      sketches = Arrays.copyOf(sketches, Math.max(bucket + 1, 2 * sketches.length));
    }
    var known = sketches[bucket];
    if (known == null) {
      known = sketches[bucket] = KllDoublesSketch.newHeapInstance(k);
    }
    return known;
  }

  @Override
  public QuantilesPartial partial(int bucket) {
    var found = bucket < sketches.length ? sketches[bucket] : null;
    return found == null ? QuantilesPartial.empty() : new QuantilesPartial(kind, found);
  }
}
