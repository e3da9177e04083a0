package dev.heddle.shard;

import dev.heddle.function.Shard.TopDocument;
import java.util.List;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Scorable;

/** Counts matches and keeps none. */
final class NoneRanked implements Ranked, LeafCollector {
  private final StopSignal stop;
  private long seen;

  NoneRanked(StopSignal stop) {
    this.stop = stop;
  }

  @Override
  public LeafCollector enter(LeafReaderContext segment, boolean maySkip) {
    return this;
  }

  @Override
  public void setScorer(Scorable scorer) {}

  @Override
  public void collect(int document) {
    stop.document();
    seen++;
  }

  @Override
  public void leave() {}

  @Override
  public long seen() {
    return seen;
  }

  @Override
  public boolean skipped() {
    return false;
  }

  @Override
  public List<TopDocument> best() {
    return List.of();
  }
}
