package dev.heddle.loadtest.search;

import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.SortedSetDocValues;
import org.apache.lucene.search.Collector;
import org.apache.lucene.search.CollectorManager;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Scorable;
import org.apache.lucene.search.ScoreMode;

/** Counts the values of a keyword field over all matches. Stateless. */
record ValueCounts(String field)
    implements CollectorManager<ValueCounts.Counting, ValueCounts.Counted> {
  /**
   * @param documents that matched
   * @param values documents by value
   */
  record Counted(long documents, Map<String, Long> values) {}

  @Override
  public Counting newCollector() {
    return new Counting(field);
  }

  @Override
  public Counted reduce(Collection<Counting> parts) throws IOException {
    long documents = 0;
    var values = new HashMap<String, Long>();
    for (var part : parts) {
      part.settle();
      documents += part.documents;
      part.values.forEach((value, count) -> values.merge(value, count, Long::sum));
    }
    return new Counted(documents, values);
  }

  /** Counts by number within a segment, and by value at its end. For one thread. */
  static final class Counting implements Collector {
    private final String field;
    private final Map<String, Long> values = new HashMap<>();
    private long documents;
    private SortedSetDocValues ordinals = DocValues.emptySortedSet();
    private long[] counts = {};

    Counting(String field) {
      this.field = field;
    }

    @Override
    public LeafCollector getLeafCollector(LeafReaderContext context) throws IOException {
      settle();
      ordinals = DocValues.getSortedSet(context.reader(), field);
      counts = new long[Math.toIntExact(ordinals.getValueCount())];
      return new LeafCollector() {
        @Override
        public void setScorer(Scorable scorer) {
          // Counts need no scores.
        }

        @Override
        public void collect(int document) throws IOException {
          documents++;
          if (ordinals.advanceExact(document)) {
            for (int left = ordinals.docValueCount(); left > 0; left--) {
              counts[(int) ordinals.nextOrd()]++;
            }
          }
        }
      };
    }

    private void settle() throws IOException {
      for (int ordinal = 0; ordinal < counts.length; ordinal++) {
        if (counts[ordinal] > 0) {
          values.merge(ordinals.lookupOrd(ordinal).utf8ToString(), counts[ordinal], Long::sum);
        }
      }
      counts = new long[0];
    }

    @Override
    public ScoreMode scoreMode() {
      return ScoreMode.COMPLETE_NO_SCORES;
    }
  }
}
