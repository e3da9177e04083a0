package dev.heddle.shard;

import org.apache.lucene.search.Scorable;

/** Stands for the score where none was asked for. */
final class Unscored extends Scorable {
  static final Unscored INSTANCE = new Unscored();

  private Unscored() {}

  @Override
  public float score() {
    return Float.NaN;
  }
}
