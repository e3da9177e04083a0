package dev.heddle.aggregations;

import dev.heddle.function.Shard.Segment;
import java.util.Arrays;

/** Tells which buckets a document is in, as numbers. */
abstract class BucketKeys {
  /** What {@link #read} found. */
  long[] keys = new long[8];

  /** Called before a segment's documents. */
  abstract void enter(Segment segment);

  /**
   * Reads the keys of a document into {@link #keys}, each once.
   *
   * @return how many there are
   */
  abstract int read(int document);

  /** Makes room for so many. */
  final void room(int count) {
    if (count > keys.length) {
      keys = new long[Math.max(count, 2 * keys.length)];
    }
  }

  /** Leaves each of the first keys once. */
  final int distinct(int count) {
    if (count < 2) {
      return count;
    }
    Arrays.sort(keys, 0, count);
    int size = 1;
    for (int i = 1; i < count; i++) {
      if (keys[i] != keys[size - 1]) {
        keys[size++] = keys[i];
      }
    }
    return size;
  }
}
