package dev.heddle.aggregations;

import java.util.Arrays;

/**
 * Counts by bucket, in the order of the keys, and what was found within each.
 *
 * <p>Where buckets were dropped, the truth of a bucket lies between its count and its count plus
 * its error: a bucket's error sums, over all sources that dropped buckets and do not report this
 * one, the highest count that the source may have dropped. {@code unseen} is the same for a bucket
 * that nobody reports.
 *
 * @param total what was counted, also in dropped buckets
 * @param inner the inner figures of each bucket; no rows where there are none
 */
record BucketsPartial(
    Keys keys, long[] counts, long[] errors, long unseen, long total, AggregationPartial[][] inner)
    implements AggregationPartial {
  private static final AggregationPartial[][] NO_ROWS = {};

  /** Buckets that are counted exactly, and have nothing inside. */
  static BucketsPartial exact(Keys keys, long[] counts) {
    return exact(keys, counts, NO_ROWS);
  }

  static BucketsPartial exact(Keys keys, long[] counts, AggregationPartial[][] inner) {
    long total = 0;
    for (long count : counts) {
      total += count;
    }
    return new BucketsPartial(keys, counts, new long[counts.length], 0, total, inner);
  }

  /** Buckets without inner figures, of which others were dropped. */
  static BucketsPartial cut(Keys keys, long[] counts, long dropped, long total) {
    return new BucketsPartial(keys, counts, new long[counts.length], dropped, total, NO_ROWS);
  }

  static BucketsPartial empty(Keys keys) {
    return exact(keys, new long[keys.size()]);
  }

  int size() {
    return counts.length;
  }

  static BucketsPartial merge(BucketsPartial a, BucketsPartial b) {
    if (a.total == 0 || b.total == 0) {
      return a.total == 0 ? b : a;
    }
    return a.keys.same(b.keys) ? a.added(b) : united(a, b);
  }

  /** With the same keys. */
  private BucketsPartial added(BucketsPartial b) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] += b.counts[i];
      errors[i] += b.errors[i];
    }
    for (int i = 0; i < inner.length; i++) {
      mergeRow(inner[i], b.inner[i]);
    }
    return new BucketsPartial(keys, counts, errors, unseen + b.unseen, total + b.total, inner);
  }

  private static void mergeRow(AggregationPartial[] into, AggregationPartial[] from) {
    for (int i = 0; i < into.length; i++) {
      into[i] = AggregationPartial.merge(into[i], from[i]);
    }
  }

  private static BucketsPartial united(BucketsPartial a, BucketsPartial b) {
    int capacity = a.size() + b.size();
    var picks = new int[capacity];
    var counts = new long[capacity];
    var errors = new long[capacity];
    boolean rows = a.inner.length + b.inner.length > 0;
    var inner = rows ? new AggregationPartial[capacity][] : NO_ROWS;
    int size = 0;
    int i = 0;
    int j = 0;
    while (i < a.size() || j < b.size()) {
      int order = i == a.size() ? 1 : j == b.size() ? -1 : a.keys.compare(i, b.keys, j);
      picks[size] = order <= 0 ? i : ~j;
      counts[size] = (order <= 0 ? a.counts[i] : 0) + (order >= 0 ? b.counts[j] : 0);
      errors[size] = (order <= 0 ? a.errors[i] : a.unseen) + (order >= 0 ? b.errors[j] : b.unseen);
      if (rows) {
        inner[size] = order <= 0 ? a.inner[i] : b.inner[j];
        if (order == 0) {
          mergeRow(inner[size], b.inner[j]);
        }
      }
      size++;
      i += order <= 0 ? 1 : 0;
      j += order >= 0 ? 1 : 0;
    }
    return new BucketsPartial(
        a.keys.pick(b.keys, picks, size),
        Arrays.copyOf(counts, size),
        Arrays.copyOf(errors, size),
        a.unseen + b.unseen,
        a.total + b.total,
        rows ? Arrays.copyOf(inner, size) : NO_ROWS);
  }

  /** Keeps the buckets with the highest counts; among equals the first. */
  BucketsPartial cut(int keep) {
    if (counts.length <= keep) {
      return this;
    }
    var sorted = counts.clone();
    Arrays.sort(sorted);
    long threshold = sorted[sorted.length - keep];
    int atThreshold = keep;
    for (int i = sorted.length - 1; i >= 0 && sorted[i] > threshold; i--) {
      atThreshold--;
    }
    var picks = new int[keep];
    var keptCounts = new long[keep];
    var keptErrors = new long[keep];
    var keptInner = inner.length == 0 ? NO_ROWS : new AggregationPartial[keep][];
    long dropped = unseen;
    int size = 0;
    for (int i = 0; i < counts.length; i++) {
      if (counts[i] > threshold || (counts[i] == threshold && atThreshold-- > 0)) {
        picks[size] = i;
        keptCounts[size] = counts[i];
        keptErrors[size] = errors[i];
        if (keptInner.length > 0) {
          keptInner[size] = inner[i];
        }
        size++;
      } else {
        dropped = Math.max(dropped, counts[i] + errors[i]);
      }
    }
    return new BucketsPartial(
        keys.pick(keys, picks, keep), keptCounts, keptErrors, dropped, total, keptInner);
  }
}
