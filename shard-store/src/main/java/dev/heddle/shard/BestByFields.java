package dev.heddle.shard;

import dev.heddle.function.Shard.TopDocument;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.Scorable;
import org.jspecify.annotations.Nullable;

/**
 * The k best by sort keys, ties by id. A heap of slots, the worst on top. Documents of a segment
 * come in the order of their ids, so a newcomer that ties with one of its segment is behind it.
 */
final class BestByFields implements Ranked, LeafCollector {
  private final List<SortKey> keys;
  private final StopSignal stop;
  private final boolean scored;
  private final int[] heap;
  private final int[] documents;
  private final float[] scores;
  private final @Nullable LeafReaderContext[] segments;
  private final @Nullable String[] ids;
  private int size;
  private Scorable scorer = Unscored.INSTANCE;
  private @Nullable LeafReaderContext segment;
  private long seen;

  /**
   * @param keys made for {@code k} slots
   * @param scored whether the query's scores are there to be kept
   */
  BestByFields(int k, List<SortKey> keys, boolean scored, StopSignal stop) {
    this.keys = keys;
    this.scored = scored;
    this.stop = stop;
    this.heap = new int[k];
    this.documents = new int[k];
    this.scores = new float[k];
    this.segments = new LeafReaderContext[k];
    this.ids = new String[k];
  }

  @Override
  public LeafCollector enter(LeafReaderContext entered, boolean maySkip) throws IOException {
    segment = entered;
    for (SortKey key : keys) {
      key.enter(entered.reader());
    }
    return this;
  }

  @Override
  public void setScorer(Scorable scorer) {
    this.scorer = scorer;
    keys.forEach(key -> key.setScorer(scorer));
  }

  @Override
  public void collect(int document) throws IOException {
    stop.document();
    seen++;
    for (SortKey key : keys) {
      key.load(document);
    }
    if (size < heap.length) {
      keep(size, document);
      heap[size] = size;
      up(size++);
    } else if (beats(heap[0], document)) {
      keep(heap[0], document);
      down();
    }
  }

  private void keep(int slot, int document) throws IOException {
    for (SortKey key : keys) {
      key.keep(slot);
    }
    documents[slot] = document;
    segments[slot] = segment;
    ids[slot] = null;
    scores[slot] = scored ? scorer.score() : Float.NaN;
  }

  /** Whether the loaded document comes before the slot's. */
  private boolean beats(int slot, int document) throws IOException {
    for (SortKey key : keys) {
      int order = key.compareLoaded(slot);
      if (order != 0) {
        return order < 0;
      }
    }
    LeafReaderContext here = segment;
    return here != null
        && segments[slot] != here
        && IdOrder.compare(StoredDocuments.id(here.reader(), document), id(slot)) < 0;
  }

  private int compare(int first, int second) {
    for (SortKey key : keys) {
      int order = key.compare(first, second);
      if (order != 0) {
        return order;
      }
    }
    return segments[first] == segments[second]
        ? Integer.compare(documents[first], documents[second])
        : IdOrder.compare(id(first), id(second));
  }

  private String id(int slot) {
    String id = ids[slot];
    if (id == null) {
      try {
        id = StoredDocuments.id(segment(slot).reader(), documents[slot]);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      ids[slot] = id;
    }
    return id;
  }

  private LeafReaderContext segment(int slot) {
    LeafReaderContext kept = segments[slot];
    if (kept == null) {
      throw new IllegalStateException("slot " + slot + ": empty");
    }
    return kept;
  }

  private void up(int from) {
    int node = from;
    int slot = heap[node];
    while (node > 0 && compare(heap[(node - 1) >>> 1], slot) < 0) {
      heap[node] = heap[(node - 1) >>> 1];
      node = (node - 1) >>> 1;
    }
    heap[node] = slot;
  }

  private void down() {
    int node = 0;
    int slot = heap[0];
    for (int child = 1; child < size; child = 2 * node + 1) {
      if (child + 1 < size && compare(heap[child + 1], heap[child]) > 0) {
        child++;
      }
      if (compare(heap[child], slot) <= 0) {
        break;
      }
      heap[node] = heap[child];
      node = child;
    }
    heap[node] = slot;
  }

  @Override
  public void leave() {
    segment = null;
  }

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
    List<Integer> slots = new ArrayList<>(size);
    Arrays.stream(heap, 0, size).forEach(slots::add);
    slots.sort(this::compare);
    List<TopDocument> best = new ArrayList<>(size);
    for (int slot : slots) {
      List<Object> values = new ArrayList<>(keys.size());
      keys.forEach(key -> values.add(key.value(slot)));
      best.add(
          new TopDocument(segment(slot).docBase + documents[slot], id(slot), scores[slot], values));
    }
    return best;
  }
}
