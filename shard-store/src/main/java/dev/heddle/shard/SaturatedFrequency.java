package dev.heddle.shard;

import org.apache.lucene.search.CollectionStatistics;
import org.apache.lucene.search.TermStatistics;
import org.apache.lucene.search.similarities.Similarity;

/**
 * Scores a feature by its frequency alone: {@code boost * f / (f + half)}. It asks nothing of the
 * collection: how rare a feature is, the boost says.
 */
final class SaturatedFrequency extends Similarity {
  private final float half;

  /**
   * @param half frequency that is worth half the boost
   */
  SaturatedFrequency(float half) {
    this.half = half;
  }

  @Override
  public SimScorer scorer(float boost, CollectionStatistics collection, TermStatistics... terms) {
    return new SimScorer() {
      @Override
      public float score(float frequency, long norm) {
        // Rises with the frequency also after rounding, as skipping requires.
        return boost - boost / (1 + frequency / half);
      }
    };
  }
}
