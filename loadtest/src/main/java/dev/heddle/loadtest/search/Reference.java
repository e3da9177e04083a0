package dev.heddle.loadtest.search;

import dev.heddle.loadtest.search.Found.Hit;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is right, by a single index of all documents. Immutable. */
final class Reference {
  /** Deep enough that hits with the score of the tenth are all there, or nearly so. */
  private static final int DEPTH = 500;

  /** Scores are sums of floats, which depends on their order. */
  private static final float TOLERANCE = 1e-4f;

  private final List<SearchQuery> queries;
  private final List<Truth> truths;

  private record Truth(
      long total, List<Hit> best, Map<String, Float> scores, Map<String, Long> counts) {}

  Reference(LuceneIndex index, List<SearchQuery> queries) throws IOException {
    this.queries = List.copyOf(queries);
    var all = new ArrayList<Truth>();
    for (var query : queries) {
      boolean counts = query.kind() == SearchKind.TERMS;
      var best = counts ? List.<Hit>of() : index.best(query, DEPTH).hits();
      var scores = new HashMap<String, Float>();
      best.forEach(hit -> scores.put(hit.id(), hit.score()));
      all.add(
          new Truth(
              index.count(query),
              best,
              Map.copyOf(scores),
              counts ? Map.copyOf(index.allCounts(query)) : Map.of()));
    }
    this.truths = List.copyOf(all);
  }

  /**
   * What is wrong with an answer; empty: nothing.
   *
   * @param ranks whether it must rank as the single index does
   */
  Optional<String> check(int number, Found found, boolean ranks) {
    var query = queries.get(number);
    var truth = truths.get(number);
    var wrong = wrong(query, truth, found);
    if (wrong.isEmpty() && ranks) {
      wrong = misranked(truth, found.hits());
    }
    return wrong.map(what -> query.line() + ": " + what);
  }

  private static Optional<String> wrong(SearchQuery query, Truth truth, Found found) {
    if (!found.problem().isEmpty()) {
      return Optional.of(found.problem());
    }
    boolean right =
        found.exact()
            ? found.total() == truth.total()
            : found.total() >= SearchQuery.COUNTED && found.total() <= truth.total();
    if (!right) {
      return Optional.of(
          "total: %s%d (expected: %d)"
              .formatted(found.exact() ? "" : "at least ", found.total(), truth.total()));
    }
    if (query.kind() == SearchKind.TERMS) {
      return counts(truth.counts(), found.buckets());
    }
    long hits = Math.min(SearchQuery.HITS, truth.total());
    return found.hits().size() == hits
        ? Optional.empty()
        : Optional.of("hits: %d (expected: %d)".formatted(found.hits().size(), hits));
  }

  /** The buckets shown, ten at least where there are so many, have the counts of the greatest. */
  private static Optional<String> counts(Map<String, Long> truth, Map<String, Long> shown) {
    var greatest = List.copyOf(LuceneIndex.most(truth, SearchQuery.BUCKETS).values());
    var counts = shown.values().stream().limit(SearchQuery.BUCKETS).toList();
    boolean theirs =
        shown.entrySet().stream().allMatch(e -> e.getValue().equals(truth.get(e.getKey())));
    return greatest.equals(counts) && theirs
        ? Optional.empty()
        : Optional.of("counts: " + shown + " (expected: " + greatest + ")");
  }

  private static Optional<String> misranked(Truth truth, List<Hit> hits) {
    for (int i = 0; i < hits.size(); i++) {
      var hit = hits.get(i);
      var own = truth.scores().get(hit.id());
      float there = truth.best().get(i).score();
      if (own == null || differs(own, hit.score()) || differs(there, hit.score())) {
        return Optional.of(
            "hit %d: %s with %s (expected: %s, which %s has; this document has %s)"
                .formatted(i + 1, hit.id(), hit.score(), there, truth.best().get(i).id(), own));
      }
    }
    return Optional.empty();
  }

  private static boolean differs(float a, float b) {
    return Math.abs(a - b) > TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
  }

  /** The share of the best hits that an answer has, 0..1; 1 where there are none. */
  double shareOfBest(int number, Found found) {
    var best = truths.get(number).best();
    var expected = best.subList(0, Math.min(SearchQuery.HITS, best.size()));
    if (expected.isEmpty()) {
      return 1;
    }
    var ids = found.hits().stream().map(Hit::id).toList();
    return (double) expected.stream().filter(hit -> ids.contains(hit.id())).count()
        / expected.size();
  }
}
