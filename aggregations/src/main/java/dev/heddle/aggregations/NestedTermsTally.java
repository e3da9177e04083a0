package dev.heddle.aggregations;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Shard.Segment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Counts the values of a keyword field within each bucket of another aggregation: by ordinal within
 * a segment; segments are then added up by term. A bucket hands on at most about {@code keep} terms
 * of each segment.
 */
final class NestedTermsTally implements Tally {
  private static final BucketsPartial NONE = BucketsPartial.empty(Keys.Text.NONE);

  private final String path;
  private final int keep;
  private final int limit;
  private final TermKeys keys;
  private BucketTable table = new BucketTable();
  private @Nullable BucketsPartial[] sums = new BucketsPartial[0];

  NestedTermsTally(String path, String field, int keep, int limit) {
    this.path = path;
    this.keep = keep;
    this.limit = limit;
    this.keys = new TermKeys(field);
  }

  @Override
  public void enter(Segment segment) {
    addSegment();
    keys.enter(segment);
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    int found = keys.read(document);
    for (int bucket = 0; bucket < count; bucket++) {
      for (int i = 0; i < found; i++) {
        table.count(table.number(buckets[bucket], keys.keys[i]));
      }
    }
    if (table.size() > limit) {
      throw new BadRequestException(
          path
              + ": more than "
              + limit
              + " values in all buckets (expected: at most so many; fewer buckets around it, or"
              + " fewer documents)");
    }
  }

  private void addSegment() {
    if (table.size() == 0) {
      return;
    }
    var grouped = table.keysByParent(table.parentsEnd());
    if (grouped.length > sums.length) {
      sums = Arrays.copyOf(sums, grouped.length);
    }
    for (int bucket = 0; bucket < grouped.length; bucket++) {
      if (grouped[bucket].length > 0) {
        var counted = segment(bucket, grouped[bucket]);
        var before = sums[bucket];
        sums[bucket] = before == null ? counted : BucketsPartial.merge(before, counted);
      }
    }
    table = new BucketTable();
  }

  /** Terms are only read for what is kept. */
  private BucketsPartial segment(int bucket, long[] ordinals) {
    var counts = new long[ordinals.length];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = table.countOf(table.find(bucket, ordinals[i]));
    }
    var kept = BucketsPartial.exact(new Keys.Numbers(ordinals), counts).cut(keep);
    var terms = new String[kept.size()];
    for (int i = 0; i < terms.length; i++) {
      terms[i] = keys.values().term((int) ((Keys.Numbers) kept.keys()).values()[i]);
    }
    return BucketsPartial.cut(new Keys.Text(terms), kept.counts(), kept.unseen(), kept.total());
  }

  @Override
  public BucketsPartial partial(int bucket) {
    addSegment();
    var sum = bucket < sums.length ? sums[bucket] : null;
    return sum == null ? NONE : sum;
  }
}
