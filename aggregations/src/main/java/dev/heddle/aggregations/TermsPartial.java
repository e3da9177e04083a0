package dev.heddle.aggregations;

import dev.heddle.aggregations.AggregationResult.Bucket;
import dev.heddle.function.Sort;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;

/**
 * Counts by term, in the order of the terms.
 *
 * <p>Where terms were dropped, the truth of a term lies between its count and its count plus its
 * error: a term's error sums, over all sources that dropped terms and do not report this one, the
 * highest count that the source dropped. {@code unseen} is the same for a term that nobody reports.
 *
 * @param total values counted, also those of dropped terms
 */
record TermsPartial(String[] terms, long[] counts, long[] errors, long unseen, long total)
    implements AggregationPartial {
  static final TermsPartial NONE = new TermsPartial(new String[0], new long[0], new long[0], 0, 0);

  static TermsPartial merge(TermsPartial a, TermsPartial b) {
    if (a.total == 0 || b.total == 0) {
      return a.total == 0 ? b : a;
    }
    int capacity = a.terms.length + b.terms.length;
    var terms = new String[capacity];
    var counts = new long[capacity];
    var errors = new long[capacity];
    int size = 0;
    int i = 0;
    int j = 0;
    while (i < a.terms.length || j < b.terms.length) {
      int order =
          i == a.terms.length
              ? 1
              : j == b.terms.length ? -1 : Sort.compareText(a.terms[i], b.terms[j]);
      terms[size] = order <= 0 ? a.terms[i] : b.terms[j];
      counts[size] = (order <= 0 ? a.counts[i] : 0) + (order >= 0 ? b.counts[j] : 0);
      errors[size] = (order <= 0 ? a.errors[i] : a.unseen) + (order >= 0 ? b.errors[j] : b.unseen);
      size++;
      i += order <= 0 ? 1 : 0;
      j += order >= 0 ? 1 : 0;
    }
    return new TermsPartial(terms, counts, errors, a.unseen + b.unseen, a.total + b.total)
        .first(size);
  }

  private TermsPartial first(int size) {
    return size == terms.length
        ? this
        : new TermsPartial(
            Arrays.copyOf(terms, size),
            Arrays.copyOf(counts, size),
            Arrays.copyOf(errors, size),
            unseen,
            total);
  }

  /** Keeps the most frequent terms; among equals the first. */
  TermsPartial cut(int keep) {
    if (terms.length <= keep) {
      return this;
    }
    var sorted = counts.clone();
    Arrays.sort(sorted);
    long threshold = sorted[sorted.length - keep];
    int atThreshold = keep;
    for (int i = sorted.length - 1; i >= 0 && sorted[i] > threshold; i--) {
      atThreshold--;
    }
    var kept = new TermsPartial(new String[keep], new long[keep], new long[keep], unseen, total);
    long dropped = unseen;
    int size = 0;
    for (int i = 0; i < terms.length; i++) {
      if (counts[i] > threshold || (counts[i] == threshold && atThreshold-- > 0)) {
        kept.terms[size] = terms[i];
        kept.counts[size] = counts[i];
        kept.errors[size] = errors[i];
        size++;
      } else {
        dropped = Math.max(dropped, counts[i] + errors[i]);
      }
    }
    return new TermsPartial(kept.terms, kept.counts, kept.errors, dropped, total);
  }

  AggregationResult result(int size) {
    var best = cut(size);
    var buckets = new ArrayList<Bucket>(best.terms.length);
    long other = total;
    long error = 0;
    for (int i = 0; i < best.terms.length; i++) {
      buckets.add(new Bucket(best.terms[i], best.counts[i]));
      other -= best.counts[i];
      error = Math.max(error, best.errors[i]);
    }
    // Stable: equal counts stay in the order of the terms.
    buckets.sort(Comparator.comparingLong(Bucket::count).reversed());
    return new AggregationResult(buckets, other, error);
  }
}
