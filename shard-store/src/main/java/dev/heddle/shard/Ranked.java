package dev.heddle.shard;

import dev.heddle.function.Shard.TopDocument;
import java.io.IOException;
import java.util.List;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.LeafCollector;

/** Keeps the best documents of a shard, fed segment by segment. */
sealed interface Ranked permits BestByScore, BestByFields, NoneRanked {
  /**
   * The collector for one segment's matches.
   *
   * @param maySkip whether documents that cannot make it may go unseen, once enough are counted
   */
  LeafCollector enter(LeafReaderContext segment, boolean maySkip) throws IOException;

  /** Call after a segment's last match. */
  void leave() throws IOException;

  /** Matches seen. */
  long seen();

  /** Whether documents may have gone unseen. */
  boolean skipped();

  /** The best, best first. */
  List<TopDocument> best() throws IOException;
}
