package dev.heddle.shard;

import java.io.IOException;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.BulkScorer;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.ScorerSupplier;
import org.apache.lucene.search.Weight;
import org.apache.lucene.util.Bits;

/** Runs a query over one segment in windows, so that it stops even where nothing matches. */
final class SegmentScan {
  /** Documents of a window: some tens of microseconds, and few enough windows to cost nothing. */
  private static final int WINDOW = 16_384;

  private SegmentScan() {}

  static void run(
      Weight weight, LeafReaderContext segment, LeafCollector collector, StopSignal stop)
      throws IOException {
    stop.check();
    ScorerSupplier supplier = weight.scorerSupplier(segment);
    if (supplier == null) {
      return;
    }
    supplier.setTopLevelScoringClause();
    BulkScorer scorer = supplier.bulkScorer();
    if (scorer == null) {
      return;
    }
    Bits live = segment.reader().getLiveDocs();
    int end = segment.reader().maxDoc();
    int next = 0;
    while (next < end) {
      next = scorer.score(collector, live, next, Math.min(end, next + WINDOW));
      if (next == DocIdSetIterator.NO_MORE_DOCS) {
        return;
      }
      stop.check();
    }
  }
}
