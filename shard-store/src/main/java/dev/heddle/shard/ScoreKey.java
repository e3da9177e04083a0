package dev.heddle.shard;

import java.io.IOException;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.search.Scorable;

/** Orders by score. */
final class ScoreKey implements SortKey {
  private final boolean descending;
  private final float[] scores;
  private Scorable scorer = Unscored.INSTANCE;
  private float loaded;

  ScoreKey(boolean descending, int slots) {
    this.descending = descending;
    this.scores = new float[slots];
  }

  @Override
  public void enter(LeafReader segment) {}

  @Override
  public void setScorer(Scorable scorer) {
    this.scorer = scorer;
  }

  @Override
  public void load(int document) throws IOException {
    loaded = scorer.score();
  }

  @Override
  public int compareLoaded(int slot) {
    return compare(loaded, scores[slot]);
  }

  @Override
  public void keep(int slot) {
    scores[slot] = loaded;
  }

  @Override
  public int compare(int first, int second) {
    return compare(scores[first], scores[second]);
  }

  private int compare(float a, float b) {
    return descending ? Float.compare(b, a) : Float.compare(a, b);
  }

  @Override
  public Object value(int slot) {
    return (double) scores[slot];
  }
}
