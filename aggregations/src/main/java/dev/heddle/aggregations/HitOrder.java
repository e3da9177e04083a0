package dev.heddle.aggregations;

import dev.heddle.function.HeapSize;
import dev.heddle.function.Shard.TopDocument;
import dev.heddle.function.Sort;
import java.util.Comparator;
import java.util.List;

/** Best first: by score or the sort's keys, then by id, then by shard. */
final class HitOrder implements Comparator<Hit> {
  private static final long OWN = HeapSize.object(HeapSize.REFERENCE);

  private final boolean[] descending;

  HitOrder(List<Sort> sort) {
    descending = new boolean[sort.size()];
    for (int i = 0; i < descending.length; i++) {
      descending[i] = sort.get(i).descending();
    }
  }

  /** What it takes of the heap, in bytes. */
  long weight() {
    return OWN + HeapSize.bytes(descending.length);
  }

  @Override
  public int compare(Hit a, Hit b) {
    if (descending.length == 0) {
      int byScore = Float.compare(b.score, a.score);
      if (byScore != 0) {
        return byScore;
      }
    } else {
      for (int i = 0; i < descending.length; i++) {
        int byKey = compare(a.sortValues.get(i), b.sortValues.get(i), descending[i]);
        if (byKey != 0) {
          return byKey;
        }
      }
    }
    int byId = Sort.compareText(a.id, b.id);
    return byId != 0 ? byId : Integer.compare(a.shard, b.shard);
  }

  private static int compare(Object a, Object b, boolean descending) {
    boolean lacks = TopDocument.MISSING.equals(a);
    if (lacks || TopDocument.MISSING.equals(b)) {
      return lacks == TopDocument.MISSING.equals(b) ? 0 : lacks ? 1 : -1;
    }
    int ascending;
    if (a instanceof Long x && b instanceof Long y) {
      ascending = Long.compare(x, y);
    } else if (a instanceof Number x && b instanceof Number y) {
      ascending = Double.compare(x.doubleValue(), y.doubleValue());
    } else {
      ascending = Sort.compareText(a.toString(), b.toString());
    }
    return descending ? -ascending : ascending;
  }

  /** The best k of two ordered lists. */
  Hit[] merge(Hit[] a, Hit[] b, int k) {
    if (b.length == 0) {
      return a;
    }
    if (a.length == 0) {
      return b;
    }
    var best = new Hit[Math.min(k, a.length + b.length)];
    int nextA = 0;
    int nextB = 0;
    for (int i = 0; i < best.length; i++) {
      boolean fromA = nextB == b.length || (nextA < a.length && compare(a[nextA], b[nextB]) <= 0);
      best[i] = fromA ? a[nextA++] : b[nextB++];
    }
    return best;
  }
}
