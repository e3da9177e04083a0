package dev.heddle.shard;

import dev.heddle.function.Shard;
import java.io.IOException;
import java.util.List;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Scorable;

/** Feeds functions' collectors with a segment's matches, after the ranking took each. */
final class CollectorPass implements LeafCollector {
  private final LeafCollector ranking;
  private final Shard.SegmentCollector[] collectors;
  private final boolean[] scored;
  private Scorable scorer = Unscored.INSTANCE;

  private CollectorPass(
      LeafCollector ranking, Shard.SegmentCollector[] collectors, boolean[] scored) {
    this.ranking = ranking;
    this.collectors = collectors;
    this.scored = scored;
  }

  /** Without collectors, the ranking itself. */
  static LeafCollector enter(
      LeafCollector ranking,
      List<Shard.Collector> collectors,
      LeafReaderContext segment,
      SchemaFields fields) {
    if (collectors.isEmpty()) {
      return ranking;
    }
    Shard.SegmentCollector[] entered = new Shard.SegmentCollector[collectors.size()];
    boolean[] scored = new boolean[collectors.size()];
    for (int i = 0; i < entered.length; i++) {
      entered[i] = collectors.get(i).enter(new SegmentColumns(segment, fields));
      scored[i] = collectors.get(i).needsScores();
    }
    return new CollectorPass(ranking, entered, scored);
  }

  @Override
  public void setScorer(Scorable scorer) throws IOException {
    this.scorer = scorer;
    ranking.setScorer(scorer);
  }

  @Override
  public void collect(int document) throws IOException {
    ranking.collect(document);
    for (int i = 0; i < collectors.length; i++) {
      collectors[i].collect(document, scored[i] ? scorer.score() : Float.NaN);
    }
  }
}
