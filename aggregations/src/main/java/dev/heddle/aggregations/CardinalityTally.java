package dev.heddle.aggregations;

import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.Shard.KeywordValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.datasketches.hash.MurmurHash3;
import org.apache.datasketches.hll.HllSketch;
import org.jspecify.annotations.Nullable;

/**
 * Sketches the different values of a field. A keyword's text is read and hashed once a segment,
 * however often it occurs; numbers that come again at once are not hashed again.
 */
final class CardinalityTally implements Tally {
  private static final long SEED = 9001;
  private static final int PAGE_BITS = 10;
  private static final int PAGE = 1 << PAGE_BITS;
  private static final int RECENT_BITS = 10;
  private static final long MIX = 0x9E37_79B9_7F4A_7C15L;

  private final String field;
  private final FieldKind kind;
  private final int lgK;
  private final PerBucket<HllSketch> sketches;
  private @Nullable KeywordValues keywords;
  private @Nullable LongValues longValues;
  private @Nullable DoubleValues doubleValues;

  /** Hashes of the segment's terms; 0: not made yet. */
  private long[] @Nullable [] hashes = {};

  /** What each bucket, by a hash of both, was told last. */
  private final long[] recentValues = new long[1 << RECENT_BITS];

  private final int[] recentBuckets = new int[1 << RECENT_BITS];

  CardinalityTally(String field, FieldKind kind, int lgK) {
    this.field = field;
    this.kind = kind;
    this.lgK = lgK;
    this.sketches = new PerBucket<>(() -> CardinalityPartial.fresh(lgK));
    Arrays.fill(recentBuckets, -1);
  }

  @Override
  public void enter(Segment segment) {
    if (kind == FieldKind.KEYWORD) {
      var values = segment.keywords(field);
      keywords = values;
      hashes = new long[(values.cardinality() + PAGE - 1) >>> PAGE_BITS][];
    } else if (kind == FieldKind.DOUBLE) {
      doubleValues = segment.doubles(field);
    } else {
      longValues = segment.longs(field);
    }
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    if (keywords != null && keywords.advance(document)) {
      for (int left = keywords.count(); left > 0; left--) {
        add(hash(keywords, keywords.next()), buckets, count);
      }
    } else if (longValues != null && longValues.advance(document)) {
      for (int left = longValues.count(); left > 0; left--) {
        add(longValues.next(), buckets, count);
      }
    } else if (doubleValues != null && doubleValues.advance(document)) {
      for (int left = doubleValues.count(); left > 0; left--) {
        // Both zeros are one value.
        add(Double.doubleToLongBits(doubleValues.next() + 0.0), buckets, count);
      }
    }
  }

  private long hash(KeywordValues values, int ordinal) {
    var page = hashes[ordinal >>> PAGE_BITS];
    if (page == null) {
      page = hashes[ordinal >>> PAGE_BITS] = new long[PAGE];
    }
    long hash = page[ordinal & (PAGE - 1)];
    if (hash == 0) {
      var bytes = values.term(ordinal).getBytes(StandardCharsets.UTF_8);
      // An empty array has no hash; any number does for the empty text.
      hash = bytes.length == 0 ? SEED : MurmurHash3.hash(bytes, SEED)[0];
      page[ordinal & (PAGE - 1)] = hash;
    }
    return hash;
  }

  private void add(long value, int[] buckets, int count) {
    for (int i = 0; i < count; i++) {
      int bucket = buckets[i];
      int place = (int) (((value + bucket) * MIX) >>> (Long.SIZE - RECENT_BITS));
      if (recentValues[place] != value || recentBuckets[place] != bucket) {
        recentValues[place] = value;
        recentBuckets[place] = bucket;
        sketches.of(bucket).update(value);
      }
    }
  }

  @Override
  public CardinalityPartial partial(int bucket) {
    return new CardinalityPartial(lgK, sketches.known(bucket));
  }
}
