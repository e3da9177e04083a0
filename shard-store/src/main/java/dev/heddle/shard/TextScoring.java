package dev.heddle.shard;

import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.search.similarities.PerFieldSimilarityWrapper;
import org.apache.lucene.search.similarities.Similarity;

/**
 * What makes one document better than another: all of ranking's choices are in this class, and what
 * they apply to in {@link TextFeatures}.
 *
 * <p>A query over the weighted fields scores <em>BM25F + pairs + name + rank</em>:
 *
 * <ul>
 *   <li>BM25F: BM25 over the weighted terms; at most the sum of the terms' idf, which is the
 *       query's <em>ceiling</em>;
 *   <li>pairs: neighbours in the query that are neighbours in the document, each worth a share of
 *       their mean idf;
 *   <li>name: the query is the whole of a short value, worth a share of the ceiling;
 *   <li>rank: the document's static rank, 0..1, worth the schema's rank weight of the ceiling.
 * </ul>
 *
 * Everything is a sum of term scores with known bounds, so that documents that cannot make it are
 * skipped, and everything is in proportion to the ceiling, so that shares hold for any query.
 */
final class TextScoring {
  /** BM25: how soon more occurrences stop to matter, in occurrences at weight 1. */
  private static final float K1 = 1.2f;

  /** BM25: how much long text is held against a document, 0..1. */
  private static final float B = 0.5f;

  private static final float PAIR_SHARE = 0.35f;
  private static final float NAME_SHARE = 0.5f;

  /** Frequency of a pair or name that earns half its share, in occurrences at weight 1. */
  private static final float HALF_FEATURE = 1f;

  private TextScoring() {}

  static Similarity similarity() {
    Similarity weighted = new BM25Similarity(K1 * WeightedText.UNIT, B);
    Similarity plain = new BM25Similarity(K1, B);
    Similarity feature = new SaturatedFrequency(HALF_FEATURE * WeightedText.UNIT);
    return new PerFieldSimilarityWrapper() {
      @Override
      public Similarity get(String field) {
        return switch (field) {
          case IndexFields.TEXT -> weighted;
          case IndexFields.PAIRS, IndexFields.WHOLE -> feature;
          default -> plain;
        };
      }
    };
  }

  /** Whether the field's scores need no figures of the collection. */
  static boolean standsAlone(String field) {
    return field.equals(IndexFields.PAIRS) || field.equals(IndexFields.WHOLE);
  }

  /**
   * A query's text over all weighted fields.
   *
   * @param terms that must or should occur, with how often the query has them
   * @param neighbours terms of the query in order, without empty words
   * @param name the query as a name; empty: too long for one
   * @param all whether all terms must occur
   */
  record WeightedMatch(List<QueryTerm> terms, List<String> neighbours, String name, boolean all) {
    WeightedMatch {
      terms = List.copyOf(terms);
      neighbours = List.copyOf(neighbours);
    }
  }

  /** The query for it, and its ceiling. */
  static ScoredQuery weighted(WeightedMatch match, StatisticsNeeds needs) {
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    double ceiling = 0;
    for (QueryTerm term : match.terms()) {
      ceiling += term.count() * needs.idf(IndexFields.TEXT, term.text());
      query.add(
          boosted(IndexFields.TEXT, term.text(), term.count()),
          match.all() ? Occur.MUST : Occur.SHOULD);
    }
    List<Query> features = new ArrayList<>();
    for (int next = 1; next < match.neighbours().size(); next++) {
      String first = match.neighbours().get(next - 1);
      String second = match.neighbours().get(next);
      double mean = (needs.idf(IndexFields.TEXT, first) + needs.idf(IndexFields.TEXT, second)) / 2;
      features.add(boosted(IndexFields.PAIRS, TextFeatures.pair(first, second), PAIR_SHARE * mean));
    }
    if (!match.name().isEmpty()) {
      features.add(boosted(IndexFields.WHOLE, match.name(), NAME_SHARE * ceiling));
    }
    features.forEach(feature -> query.add(feature, Occur.SHOULD));
    return new ScoredQuery(query.build(), ceiling);
  }

  /** A term of one field, and what it scores at most. */
  static ScoredQuery term(String field, QueryTerm term, double weight, StatisticsNeeds needs) {
    double boost = weight * term.count();
    return new ScoredQuery(
        boosted(field, term.text(), boost), boost * needs.idf(field, term.text()));
  }

  private static Query boosted(String field, String term, double boost) {
    Query query = new TermQuery(new Term(field, term));
    return boost == 1 ? query : new BoostQuery(query, (float) boost);
  }

  /** What a static rank adds to a score; {@code rank} is taken into 0..1. */
  static double rankBonus(double rank, double rankWeight, double ceiling) {
    return Math.clamp(rank, 0, 1) * rankWeight * ceiling;
  }

  /** One distinct term of a query, and how often it stands there. */
  record QueryTerm(String text, int count) {}

  /**
   * A query with what its text scores at most, without features and rank.
   *
   * @param ceiling 0: no scored text
   */
  record ScoredQuery(Query query, double ceiling) {}
}
