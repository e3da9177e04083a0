package dev.heddle.aggregations;

import dev.heddle.function.Shard;
import dev.heddle.function.Shard.Segment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An outermost tally that counts first, and looks inside only the buckets that are worth keeping:
 * it remembers which documents matched, and goes through them a second time, by column. So memory
 * goes by the buckets kept, however many there are.
 */
final class DeferredTally implements Tally {
  /** Documents between two looks at whether the query is to stop. */
  private static final int BETWEEN_CHECKS = 1 << 16;

  private final Shard shard;
  private final String field;
  private final Tally counted;
  private final int keep;
  private final Supplier<BucketKeys> keys;
  private final Tally[] inner;
  private final boolean needsScores;
  private final List<Matches> segments = new ArrayList<>();
  private Matches current = new Matches(null, 0);

  /**
   * Starts with nothing counted.
   *
   * @param counted counts the buckets, with nothing inside
   * @param keep buckets to look into
   */
  DeferredTally(
      Shard shard,
      String field,
      Tally counted,
      int keep,
      Supplier<BucketKeys> keys,
      Tally[] inner) {
    this.shard = shard;
    this.field = field;
    this.counted = counted;
    this.keep = keep;
    this.keys = keys;
    this.inner = inner;
    this.needsScores = Tally.anyNeedsScores(inner);
  }

  @Override
  public boolean needsScores() {
    return needsScores;
  }

  @Override
  public void enter(Segment segment) {
    counted.enter(segment);
    current = new Matches(segment, segment.size());
    segments.add(current);
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    counted.collect(document, score, buckets, count);
    current.add(document, score, needsScores);
  }

  @Override
  public BucketsPartial partial(int bucket) {
    var first = ((BucketsPartial) counted.partial(bucket)).cut(keep);
    var counts = new long[first.size()];
    var kept = new KeptKeys(keys.get(), first.keys());
    var places = new KeptKeys.Places();
    int untilCheck = BETWEEN_CHECKS;
    for (var matches : segments) {
      var segment = matches.segment;
      if (matches.size == 0 || segment == null) {
        continue;
      }
      kept.enter(segment);
      for (var tally : inner) {
        tally.enter(segment);
      }
      int index = 0;
      for (int document = matches.next(0); document >= 0; document = matches.next(document + 1)) {
        if (--untilCheck == 0) {
          untilCheck = BETWEEN_CHECKS;
          // Any call throws when the query is to stop.
          shard.kind(field);
        }
        float score = needsScores ? matches.scores[index++] : Float.NaN;
        int found = kept.read(document, places);
        if (found == 0) {
          continue;
        }
        for (int i = 0; i < found; i++) {
          counts[places.places[i]]++;
        }
        for (var tally : inner) {
          tally.collect(document, score, places.places, found);
        }
      }
    }
    var rows = new AggregationPartial[counts.length][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = new AggregationPartial[inner.length];
      for (int j = 0; j < inner.length; j++) {
        rows[i][j] = inner[j].partial(i);
      }
    }
    // The second count is exact, even where the first one had dropped some.
    return new BucketsPartial(
        first.keys(), counts, new long[counts.length], first.unseen(), first.total(), rows);
  }

  /** The matches of a segment, as bits, with their scores where these are needed. */
  private static final class Matches {
    private final @Nullable Segment segment;
    private final long[] bits;
    private float[] scores = new float[0];
    private int size;

    Matches(@Nullable Segment segment, int documents) {
      this.segment = segment;
      this.bits = new long[(documents + Long.SIZE - 1) / Long.SIZE];
    }

    void add(int document, float score, boolean keepScore) {
      bits[document / Long.SIZE] |= 1L << document;
      if (keepScore) {
        if (size == scores.length) {
          scores = Arrays.copyOf(scores, Math.max(64, 2 * size));
        }
        scores[size] = score;
      }
      size++;
    }

    /** The first match from here on; -1: none. */
    int next(int from) {
      int word = from / Long.SIZE;
      if (word >= bits.length) {
        return -1;
      }
      long rest = bits[word] >>> from;
      if (rest != 0) {
        return from + Long.numberOfTrailingZeros(rest);
      }
      while (++word < bits.length) {
        if (bits[word] != 0) {
          return word * Long.SIZE + Long.numberOfTrailingZeros(bits[word]);
        }
      }
      return -1;
    }
  }
}
