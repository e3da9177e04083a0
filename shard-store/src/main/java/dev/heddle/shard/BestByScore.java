package dev.heddle.shard;

import dev.heddle.function.Bound;
import dev.heddle.function.RisingBound;
import dev.heddle.function.Shard.TopDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Scorable;
import org.jspecify.annotations.Nullable;

/**
 * The k best by score, ties by id. Documents of a segment lie in the order of their ids, so within
 * a segment a tie goes to the earlier one and the later can be skipped; ids are only read where
 * segments tie.
 */
final class BestByScore implements Ranked {
  /** Documents between two looks at the bound; a power of two. */
  private static final int LOOKS = 64;

  private final int k;
  private final long countUpTo;
  private final RisingBound bound;
  private final StopSignal stop;

  /** Best of the segments so far, best first. */
  private List<Candidate> best = new ArrayList<>();

  private @Nullable InSegment current;
  private long seen;

  /** Documents that score below it are left out. */
  private float least;

  private boolean skipped;

  /**
   * @param k at least 1
   * @param countUpTo matches that are counted before any is skipped; as long as nothing is left out
   * @param bound documents that score below it are left out
   */
  BestByScore(int k, long countUpTo, RisingBound bound, StopSignal stop) {
    this.k = k;
    this.countUpTo = countUpTo;
    this.bound = bound;
    this.stop = stop;
    this.least = least(bound.now());
  }

  /** As a score, which must not be above the bound. */
  private static float least(Bound bound) {
    float nearest = (float) bound.least();
    return nearest > bound.least() ? Math.nextDown(nearest) : nearest;
  }

  /** Whether the bound has risen. */
  private boolean rose() {
    float now = least(bound.now());
    if (now <= least) {
      return false;
    }
    least = now;
    return true;
  }

  @Override
  public LeafCollector enter(LeafReaderContext segment, boolean maySkip) {
    float floor = best.size() == k ? Math.max(least, best.get(k - 1).score) : least;
    InSegment entered = new InSegment(segment, floor, maySkip);
    current = entered;
    return entered;
  }

  @Override
  public void leave() {
    InSegment left = current;
    current = null;
    if (left == null || left.size == 0) {
      return;
    }
    List<Candidate> merged = new ArrayList<>(best.size() + left.size);
    merged.addAll(best);
    left.into(merged);
    merged.sort(Candidate.ORDER);
    best = merged.size() > k ? new ArrayList<>(merged.subList(0, k)) : merged;
  }

  @Override
  public long seen() {
    return seen;
  }

  @Override
  public boolean skipped() {
    return skipped;
  }

  @Override
  public List<TopDocument> best() {
    readIds();
    List<TopDocument> documents = new ArrayList<>(best.size());
    for (Candidate candidate : best) {
      if (candidate.score < least) {
        // It was found before the bound had risen; others like it may have been skipped since.
        break;
      }
      documents.add(
          new TopDocument(
              candidate.base + candidate.document, candidate.id(), candidate.score, List.of()));
    }
    return documents;
  }

  /** Segment by segment and front to back, which takes one look into each segment's column. */
  private void readIds() {
    List<Candidate> byPlace = new ArrayList<>(best);
    byPlace.sort(Candidate.BY_PLACE);
    int base = -1;
    BinaryDocValues ids = null;
    try {
      for (Candidate candidate : byPlace) {
        if (ids == null || candidate.base != base) {
          base = candidate.base;
          ids = StoredDocuments.ids(candidate.segment);
        }
        candidate.read(ids);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A heap of the segment's best, the worst on top, as sortable longs. */
  private final class InSegment implements LeafCollector {
    private final LeafReaderContext segment;
    private float floor;
    private final boolean maySkip;
    private long[] heap = new long[Math.min(k, 64)];
    private int size;
    private Scorable scorer = Unscored.INSTANCE;
    private float announced;

    /** What a document must reach, or with a full heap exceed. */
    private float bar;

    InSegment(LeafReaderContext segment, float floor, boolean maySkip) {
      this.segment = segment;
      this.floor = floor;
      this.maySkip = maySkip;
      this.bar = floor;
    }

    @Override
    public void setScorer(Scorable scorer) throws IOException {
      this.scorer = scorer;
      announced = 0;
      heed();
      announce();
    }

    /** What others found since may have raised the bar. */
    private void heed() {
      if (rose() && least > floor) {
        floor = least;
      }
    }

    @Override
    public void collect(int document) throws IOException {
      stop.document();
      if ((++seen & (LOOKS - 1)) == 0) {
        heed();
      }
      float score = scorer.score();
      if (size == k ? score > bar && score >= floor : score >= floor) {
        add(encode(score, document));
      }
      announce();
    }

    private void add(long entry) throws IOException {
      if (size < k) {
        if (size == heap.length) {
          heap = Arrays.copyOf(heap, Math.min(k, size * 2));
        }
        heap[size++] = entry;
        up(size - 1);
      } else {
        heap[0] = entry;
        down();
      }
      if (size == k) {
        bar = score(heap[0]);
      }
    }

    /** Tells the scorer what no longer needs to be seen. */
    private void announce() throws IOException {
      if (!maySkip || (seen <= countUpTo && least == Float.NEGATIVE_INFINITY)) {
        return;
      }
      float needed = size == k ? Math.max(floor, Math.nextUp(bar)) : floor;
      if (needed > announced) {
        announced = needed;
        skipped = true;
        scorer.setMinCompetitiveScore(needed);
      }
    }

    private void up(int from) {
      int node = from;
      long entry = heap[node];
      while (node > 0 && heap[(node - 1) >>> 1] > entry) {
        heap[node] = heap[(node - 1) >>> 1];
        node = (node - 1) >>> 1;
      }
      heap[node] = entry;
    }

    private void down() {
      int node = 0;
      long entry = heap[0];
      for (int child = 1; child < size; child = 2 * node + 1) {
        if (child + 1 < size && heap[child + 1] < heap[child]) {
          child++;
        }
        if (heap[child] >= entry) {
          break;
        }
        heap[node] = heap[child];
        node = child;
      }
      heap[node] = entry;
    }

    private void into(List<Candidate> candidates) {
      for (int i = 0; i < size; i++) {
        candidates.add(
            new Candidate(segment.reader(), segment.docBase, document(heap[i]), score(heap[i])));
      }
    }
  }

  /** Larger is better: the score first, then the earlier document. Scores are not negative. */
  private static long encode(float score, int document) {
    return ((long) Float.floatToIntBits(score) << 32) | (Integer.MAX_VALUE - document);
  }

  private static float score(long entry) {
    return Float.intBitsToFloat((int) (entry >>> 32));
  }

  private static int document(long entry) {
    return Integer.MAX_VALUE - (int) entry;
  }

  /** One of the best, which reads its id when asked. */
  private static final class Candidate {
    static final Comparator<Candidate> ORDER = Candidate::compare;
    static final Comparator<Candidate> BY_PLACE =
        Comparator.<Candidate>comparingInt(one -> one.base).thenComparingInt(one -> one.document);

    private final LeafReader segment;
    private final int base;
    private final int document;
    private final float score;
    private @Nullable String id;

    Candidate(LeafReader segment, int base, int document, float score) {
      this.segment = segment;
      this.base = base;
      this.document = document;
      this.score = score;
    }

    void read(BinaryDocValues ids) throws IOException {
      if (id == null) {
        id = StoredDocuments.id(ids, document);
      }
    }

    String id() {
      String known = id;
      if (known == null) {
        try {
          known = StoredDocuments.id(segment, document);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
        id = known;
      }
      return known;
    }

    private static int compare(Candidate a, Candidate b) {
      if (a.score != b.score) {
        return a.score > b.score ? -1 : 1;
      }
      return a.base == b.base
          ? Integer.compare(a.document, b.document)
          : IdOrder.compare(a.id(), b.id());
    }
  }
}
