package dev.heddle.aggregations;

import dev.heddle.function.Shard.KeywordValues;
import dev.heddle.function.Shard.Segment;
import org.jspecify.annotations.Nullable;

/**
 * Counts the values of a keyword field over all matches of one shard: by ordinal within a segment,
 * in pages that exist only where something was counted; segments are then added up by term.
 *
 * <p>A segment hands on at most about {@code keep} terms. Only beyond that are counts not exact,
 * and the partial says by how much.
 */
final class TermsCounter implements Tally {
  private static final int PAGE_BITS = 12;
  private static final int PAGE = 1 << PAGE_BITS;

  /** Counts below this have a histogram entry of their own when a threshold is sought. */
  private static final int HISTOGRAM = 4096;

  private final String field;
  private final int keep;
  private BucketsPartial sum = BucketsPartial.empty(Keys.Text.NONE);
  private @Nullable Counts segment;

  TermsCounter(String field, int keep) {
    this.field = field;
    this.keep = keep;
  }

  @Override
  public void enter(Segment next) {
    addSegment();
    segment = new Counts(next.keywords(field));
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    var counts = segment;
    if (counts != null) {
      counts.collect(document);
    }
  }

  @Override
  public BucketsPartial partial(int bucket) {
    addSegment();
    return sum;
  }

  private void addSegment() {
    if (segment != null) {
      sum = BucketsPartial.merge(sum, segment.partial(keep));
      segment = null;
    }
  }

  private static final class Counts {
    private final KeywordValues values;
    private final int[] @Nullable [] pages;

    Counts(KeywordValues values) {
      this.values = values;
      this.pages = new int[(values.cardinality() + PAGE - 1) >>> PAGE_BITS][];
    }

    void collect(int document) {
      if (!values.advance(document)) {
        return;
      }
      for (int left = values.count(); left > 0; left--) {
        int ordinal = values.next();
        var page = pages[ordinal >>> PAGE_BITS];
        if (page == null) {
          page = pages[ordinal >>> PAGE_BITS] = new int[PAGE];
        }
        page[ordinal & (PAGE - 1)]++;
      }
    }

    BucketsPartial partial(int keep) {
      long total = 0;
      int distinct = 0;
      for (var page : pages) {
        if (page != null) {
          for (int count : page) {
            total += count;
            distinct += count == 0 ? 0 : 1;
          }
        }
      }
      if (total == 0) {
        return BucketsPartial.empty(Keys.Text.NONE);
      }
      int threshold = 0;
      int atThreshold = 0;
      int kept = distinct;
      if (distinct > keep) {
        var histogram = histogram();
        // From the highest count downwards, until the next lower count would not fit as a whole.
        threshold = HISTOGRAM - 1;
        kept = histogram[threshold];
        while (kept + histogram[threshold - 1] <= keep) {
          kept += histogram[--threshold];
        }
        threshold--;
        atThreshold = Math.max(0, keep - kept);
        kept += atThreshold;
      }
      return terms(threshold, atThreshold, kept, total);
    }

    private int[] histogram() {
      var histogram = new int[HISTOGRAM];
      for (var page : pages) {
        if (page != null) {
          for (int count : page) {
            if (count != 0) {
              histogram[Math.min(count, HISTOGRAM - 1)]++;
            }
          }
        }
      }
      return histogram;
    }

    /** All terms above the threshold, and the first few at it. */
    private BucketsPartial terms(int threshold, int atThreshold, int kept, long total) {
      var terms = new String[kept];
      var counts = new long[kept];
      int size = 0;
      for (int number = 0; number < pages.length; number++) {
        var page = pages[number];
        if (page == null) {
          continue;
        }
        for (int i = 0; i < PAGE; i++) {
          int count = page[i];
          if (count > threshold || (count == threshold && count != 0 && atThreshold-- > 0)) {
            terms[size] = values.term((number << PAGE_BITS) + i);
            counts[size++] = count;
          }
        }
      }
      return BucketsPartial.cut(new Keys.Text(terms), counts, threshold, total);
    }
  }
}
