package dev.heddle.sample.search.rerank;

import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;

/**
 * The request, checked.
 *
 * @param field a long, date or double field
 * @param depth how many of the best matches are ranked anew, 1..1,000
 * @param weight what the number may add, as a share of the score, 0..100
 * @param pivot the number that adds half of it
 */
record RankQuery(Query query, int k, String field, int depth, double weight, double pivot) {
  static RankQuery of(ScatterRequest request) {
    var args = request.args().allow("field", "depth", "weight", "pivot");
    return new RankQuery(
        request.query(),
        request.k(),
        args.string("field", "rank"),
        (int) args.integer("depth", 100, 1, 1_000),
        args.number("weight", 1, 0, 100),
        args.number("pivot", 0.5, 1e-9, 1e18));
  }

  /** The new score: grows with the number, less and less. */
  double score(double base, double number) {
    return base * (1 + weight * (number / (number + pivot)));
  }
}
