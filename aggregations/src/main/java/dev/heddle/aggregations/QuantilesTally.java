package dev.heddle.aggregations;

import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import org.apache.datasketches.kll.KllDoublesSketch;
import org.jspecify.annotations.Nullable;

/** Sketches the distribution of a number field. */
final class QuantilesTally implements Tally {
  private final String field;
  private final ValueKind kind;
  private final PerBucket<KllDoublesSketch> sketches;
  private @Nullable LongValues longValues;
  private @Nullable DoubleValues doubleValues;

  QuantilesTally(String field, ValueKind kind, int k) {
    this.field = field;
    this.kind = kind;
    this.sketches = new PerBucket<>(() -> KllDoublesSketch.newHeapInstance(k));
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
      sketches.of(buckets[i]).update(value);
    }
  }

  @Override
  public QuantilesPartial partial(int bucket) {
    var found = sketches.known(bucket);
    return found == null ? QuantilesPartial.empty() : new QuantilesPartial(kind, found);
  }
}
