package dev.heddle.shard;

import org.apache.lucene.index.IndexReader;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.CollectionStatistics;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.QueryCache;
import org.apache.lucene.search.QueryCachingPolicy;
import org.apache.lucene.search.TermStatistics;
import org.apache.lucene.search.similarities.Similarity;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * Searches one shard with the figures of the whole dataset in place of its own, so that documents
 * score to the bit as they would in one index of all shards.
 */
final class GlobalSearcher extends IndexSearcher {
  private static final Similarity SIMILARITY = TextScoring.similarity();

  private final StatisticsSnapshot statistics;

  GlobalSearcher(
      IndexReader reader,
      StatisticsSnapshot statistics,
      @Nullable QueryCache filters,
      QueryCachingPolicy policy) {
    super(reader);
    this.statistics = statistics;
    setSimilarity(SIMILARITY);
    setQueryCache(filters);
    setQueryCachingPolicy(policy);
  }

  @Override
  public TermStatistics termStatistics(Term term, int documentFrequency, long totalFrequency) {
    if (TextScoring.standsAlone(term.field())) {
      return new TermStatistics(term.bytes(), 1, 1);
    }
    TermKey key = new TermKey(term.field(), term.text());
    TermFigures figures =
        statistics.term(key).orElseThrow(() -> new IllegalStateException(key + ": no figures"));
    // Documents may have come since the figures were taken: never more than there are, nor none.
    long documents = Math.clamp(figures.documentFrequency(), 1, documents(term.field()));
    return new TermStatistics(
        BytesRef.deepCopyOf(term.bytes()),
        documents,
        Math.max(documents, figures.totalTermFrequency()));
  }

  @Override
  public CollectionStatistics collectionStatistics(String field) {
    if (TextScoring.standsAlone(field)) {
      return new CollectionStatistics(field, 1, 1, 1, 1);
    }
    FieldFigures figures = figures(field);
    long documents = documents(field);
    long pairs = Math.max(documents, figures.sumDocumentFrequency());
    return new CollectionStatistics(
        field, documents, documents, Math.max(pairs, figures.sumTotalTermFrequency()), pairs);
  }

  private long documents(String field) {
    return Math.max(1, figures(field).documents());
  }

  private FieldFigures figures(String field) {
    return statistics
        .field(field)
        .orElseThrow(() -> new IllegalStateException(field + ": no figures"));
  }
}
