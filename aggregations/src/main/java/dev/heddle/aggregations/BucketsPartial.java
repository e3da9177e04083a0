package dev.heddle.aggregations;

import dev.heddle.function.HeapSize;
import java.util.Arrays;

/**
 * Counts by bucket, in the order of the keys, and what was found within each.
 *
 * <p>Where buckets were dropped, the truth of a bucket lies between its count and its count plus
 * its error: a bucket's error sums, over all sources that dropped buckets and do not report this
 * one, the highest count that the source may have dropped. {@code unseen} is the same for a bucket
 * that nobody reports.
 *
 * <p>What the inner figures weigh is found out when somebody asks, and then kept through merges, by
 * what each changes.
 */
final class BucketsPartial implements AggregationPartial {
  /** Those of all that have nothing within. */
  static final AggregationPartial[][] NO_ROWS = {};

  private static final long UNKNOWN = -1;
  private static final long OWN = HeapSize.object(4 * HeapSize.REFERENCE + 3 * Long.BYTES);

  private final Keys keys;
  private final long[] counts;
  private final long[] errors;
  private final long unseen;
  private final long total;
  private final AggregationPartial[][] inner;

  /** What the rows take, and the figures in them. */
  private long rows;

  /**
   * @param total what was counted, also in dropped buckets
   * @param inner the inner figures of each bucket; no rows where there are none
   */
  BucketsPartial(
      Keys keys,
      long[] counts,
      long[] errors,
      long unseen,
      long total,
      AggregationPartial[][] inner) {
    this(keys, counts, errors, unseen, total, inner, UNKNOWN);
  }

  private BucketsPartial(
      Keys keys,
      long[] counts,
      long[] errors,
      long unseen,
      long total,
      AggregationPartial[][] inner,
      long rows) {
    this.keys = keys;
    this.counts = counts;
    this.errors = errors;
    this.unseen = unseen;
    this.total = total;
    this.inner = inner;
    this.rows = rows;
  }

  Keys keys() {
    return keys;
  }

  long[] counts() {
    return counts;
  }

  long[] errors() {
    return errors;
  }

  long unseen() {
    return unseen;
  }

  long total() {
    return total;
  }

  AggregationPartial[][] inner() {
    return inner;
  }

  @Override
  public long weight() {
    return OWN
        + keys.weight()
        + HeapSize.longs(counts.length)
        + HeapSize.longs(errors.length)
        + (inner.length == 0 ? 0 : HeapSize.references(inner.length) + rows());
  }

  private long rows() {
    long known = rows;
    if (known == UNKNOWN) {
      known = 0;
      for (var row : inner) {
        known += weight(row);
      }
      rows = known;
    }
    return known;
  }

  private static long weight(AggregationPartial[] row) {
    long sum = HeapSize.references(row.length);
    for (var figure : row) {
      sum += figure.weight();
    }
    return sum;
  }

  /** What rows of both weigh together; unknown where neither does. */
  private static long rows(BucketsPartial a, BucketsPartial b) {
    return a.rows == UNKNOWN && b.rows == UNKNOWN ? UNKNOWN : a.rows() + b.rows();
  }

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
    long weight = rows(this, b);
    for (int i = 0; i < inner.length; i++) {
      weight = mergeRow(inner[i], b.inner[i], weight);
    }
    return new BucketsPartial(
        keys, counts, errors, unseen + b.unseen, total + b.total, inner, weight);
  }

  /** What all rows weigh, after this: of two that were counted, one is left. */
  private static long mergeRow(AggregationPartial[] into, AggregationPartial[] from, long weight) {
    long before = weight == UNKNOWN ? 0 : weight(into) + weight(from);
    for (int i = 0; i < into.length; i++) {
      into[i] = AggregationPartial.merge(into[i], from[i]);
    }
    return weight == UNKNOWN ? UNKNOWN : weight - before + weight(into);
  }

  private static BucketsPartial united(BucketsPartial a, BucketsPartial b) {
    int capacity = a.size() + b.size();
    var picks = new int[capacity];
    var counts = new long[capacity];
    var errors = new long[capacity];
    var twice = new int[Math.min(a.size(), b.size())];
    int twins = 0;
    long weight = rows(a, b);
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
          weight = mergeRow(inner[size], b.inner[j], weight);
        }
      }
      if (order == 0) {
        twice[twins++] = j;
      }
      size++;
      i += order <= 0 ? 1 : 0;
      j += order >= 0 ? 1 : 0;
    }
    return new BucketsPartial(
        a.keys.unite(b.keys, picks, size, twice, twins),
        Arrays.copyOf(counts, size),
        Arrays.copyOf(errors, size),
        a.unseen + b.unseen,
        a.total + b.total,
        rows ? Arrays.copyOf(inner, size) : NO_ROWS,
        weight);
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
