package dev.heddle.aggregations;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Shard.Segment;
import org.jspecify.annotations.Nullable;

/** Counts documents by number of their bucket, and hands them on to what is inside. */
final class KeyedTally implements Tally {
  private static final long[] NO_KEYS = {};

  private final String path;
  private final BucketKeys keys;
  private final Tally[] inner;
  private final int fixed;
  private final int limit;
  private final boolean needsScores;
  private final BucketTable table = new BucketTable();
  private int[] numbers = new int[8];
  private long @Nullable [][] byParent;

  /**
   * Starts with nothing counted.
   *
   * @param path names the aggregation in errors
   * @param inner made for any number of buckets; where there are some, this is the outermost
   * @param fixed the keys below it are always there, also without documents
   * @param limit buckets, beyond which the request is refused
   */
  KeyedTally(String path, BucketKeys keys, Tally[] inner, int fixed, int limit) {
    this.path = path;
    this.keys = keys;
    this.inner = inner;
    this.fixed = fixed;
    this.limit = limit;
    this.needsScores = Tally.anyNeedsScores(inner);
  }

  @Override
  public boolean needsScores() {
    return needsScores;
  }

  @Override
  public void enter(Segment segment) {
    keys.enter(segment);
    for (var tally : inner) {
      tally.enter(segment);
    }
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    int found = keys.read(document);
    if (found == 0) {
      return;
    }
    if (found > numbers.length) {
      numbers = new int[2 * found];
    }
    for (int bucket = 0; bucket < count; bucket++) {
      for (int i = 0; i < found; i++) {
        int number = table.number(buckets[bucket], keys.keys[i]);
        table.count(number);
        numbers[i] = number;
      }
    }
    if (table.size() > limit) {
      throw new BadRequestException(
          path
              + ": more than "
              + limit
              + " buckets (expected: at most so many; larger steps, or fewer documents)");
    }
    for (var tally : inner) {
      tally.collect(document, score, numbers, found);
    }
  }

  @Override
  public BucketsPartial partial(int bucket) {
    var grouped = byParent;
    if (grouped == null) {
      grouped = byParent = table.keysByParent(table.parentsEnd());
    }
    long[] present = bucket < grouped.length ? grouped[bucket] : NO_KEYS;
    var all = fixed > 0 ? Keys.Numbers.upTo(fixed) : new Keys.Numbers(present);
    var counts = new long[all.size()];
    var rows = new AggregationPartial[inner.length == 0 ? 0 : counts.length][];
    for (int i = 0; i < counts.length; i++) {
      int number = table.find(bucket, all.values()[i]);
      counts[i] = number < 0 ? 0 : table.countOf(number);
      if (rows.length > 0) {
        rows[i] = row(number);
      }
    }
    return BucketsPartial.exact(all, counts, rows);
  }

  private AggregationPartial[] row(int number) {
    // A bucket that nobody entered has the number behind all others.
    int of = number < 0 ? table.size() : number;
    var row = new AggregationPartial[inner.length];
    for (int i = 0; i < row.length; i++) {
      row[i] = inner[i].partial(of);
    }
    return row;
  }
}
