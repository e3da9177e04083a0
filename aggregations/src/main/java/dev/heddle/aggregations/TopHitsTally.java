package dev.heddle.aggregations;

import dev.heddle.function.Shard;
import dev.heddle.function.Shard.DoubleValues;
import dev.heddle.function.Shard.LongValues;
import dev.heddle.function.Shard.Segment;
import dev.heddle.function.Shard.TopDocument;
import dev.heddle.function.Sort;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The best documents of each bucket. Each key of the order becomes a long that is larger the better
 * it is, so that documents compare without objects. A segment's documents come in the order of
 * their ids: ids are only read where segments tie.
 */
final class TopHitsTally implements Tally {
  private static final long MISSING = Long.MIN_VALUE;

  private final Shard shard;
  private final int size;
  private final List<Sort> sort;
  private final boolean byScore;
  private final Key[] keys;
  private final long[] loaded;
  private final List<Segment> segments = new ArrayList<>();
  private @Nullable Best[] best = new Best[1];

  /** One key of the order. */
  private static final class Key {
    private final ValueKind kind;
    private final String field;
    private final boolean descending;
    private @Nullable LongValues longs;
    private @Nullable DoubleValues doubles;

    Key(Sort key, ValueKind kind) {
      this.field = key.field();
      this.kind = kind;
      this.descending = key.descending();
    }

    void enter(Segment segment) {
      switch (kind) {
        case LONG, DATE -> longs = segment.longs(field);
        case DOUBLE -> doubles = segment.doubles(field);
        case NONE -> {}
      }
    }

    /** Larger is better; the least of all stands for none. */
    long load(int document, float score) {
      if (kind == ValueKind.NONE) {
        return better(RangeBounds.sortable(score));
      }
      if (longs != null && longs.advance(document)) {
        return better(longs.next());
      }
      if (doubles != null && doubles.advance(document)) {
        return better(RangeBounds.sortable(doubles.next()));
      }
      return MISSING;
    }

    private long better(long value) {
      return Math.max(descending ? value : ~value, MISSING + 1);
    }

    Object value(long better) {
      if (better == MISSING) {
        return TopDocument.MISSING;
      }
      long value = descending ? better : ~better;
      return kind == ValueKind.LONG || kind == ValueKind.DATE
          ? (Object) value
          : RangeBounds.unsortable(value);
    }
  }

  /** The best of a bucket, best first. */
  private static final class Best {
    private final long[] keys;
    private final int[] segments;
    private final int[] documents;
    private final float[] scores;
    private final @Nullable String[] ids;
    private int size;

    Best(int capacity, int keysEach) {
      keys = new long[capacity * keysEach];
      segments = new int[capacity];
      documents = new int[capacity];
      scores = new float[capacity];
      ids = new String[capacity];
    }
  }

  /**
   * Starts with nothing found.
   *
   * @param kinds of the sort's fields; {@link ValueKind#NONE} for the score
   */
  TopHitsTally(Shard shard, int size, List<Sort> sort, List<ValueKind> kinds) {
    this.shard = shard;
    this.size = size;
    this.sort = sort;
    this.byScore = kinds.isEmpty() || kinds.contains(ValueKind.NONE);
    this.keys = new Key[Math.max(1, sort.size())];
    this.loaded = new long[keys.length];
    if (sort.isEmpty()) {
      keys[0] = new Key(new Sort(Sort.SCORE, true), ValueKind.NONE);
    }
    for (int i = 0; i < sort.size(); i++) {
      keys[i] = new Key(sort.get(i), kinds.get(i));
    }
  }

  @Override
  public boolean needsScores() {
    return byScore;
  }

  @Override
  public void enter(Segment segment) {
    segments.add(segment);
    for (var key : keys) {
      key.enter(segment);
    }
  }

  @Override
  public void collect(int document, float score, int[] buckets, int count) {
    for (int i = 0; i < keys.length; i++) {
      loaded[i] = keys[i].load(document, score);
    }
    for (int i = 0; i < count; i++) {
      var into = of(buckets[i]);
      if (into.size < size || beats(into, size - 1, document)) {
        insert(into, document, score);
      }
    }
  }

  private Best of(int bucket) {
    if (bucket >= best.length) {
      best = Arrays.copyOf(best, Math.max(bucket + 1, 2 * best.length));
    }
    var known = best[bucket];
    if (known == null) {
      known = best[bucket] = new Best(size, keys.length);
    }
    return known;
  }

  /** Whether the loaded document comes before one that is there. */
  private boolean beats(Best in, int place, int document) {
    for (int i = 0; i < loaded.length; i++) {
      long there = in.keys[place * loaded.length + i];
      if (loaded[i] != there) {
        return loaded[i] > there;
      }
    }
    int here = segments.size() - 1;
    return in.segments[place] != here
        && Sort.compareText(segments.get(here).id(document), id(in, place)) < 0;
  }

  private String id(Best in, int place) {
    var id = in.ids[place];
    if (id == null) {
      id = segments.get(in.segments[place]).id(in.documents[place]);
      in.ids[place] = id;
    }
    return id;
  }

  private void insert(Best into, int document, float score) {
    int place = Math.min(into.size, size - 1);
    into.size = place + 1;
    for (; place > 0 && beats(into, place - 1, document); place--) {
      System.arraycopy(
          into.keys, (place - 1) * loaded.length, into.keys, place * loaded.length, loaded.length);
      into.segments[place] = into.segments[place - 1];
      into.documents[place] = into.documents[place - 1];
      into.scores[place] = into.scores[place - 1];
      into.ids[place] = into.ids[place - 1];
    }
    System.arraycopy(loaded, 0, into.keys, place * loaded.length, loaded.length);
    into.segments[place] = segments.size() - 1;
    into.documents[place] = document;
    into.scores[place] = score;
    into.ids[place] = null;
  }

  @Override
  public HitsPartial partial(int bucket) {
    var found = bucket < best.length ? best[bucket] : null;
    var hits = new Hit[found == null ? 0 : found.size];
    for (int i = 0; i < hits.length; i++) {
      hits[i] = hit(found, i);
    }
    return new HitsPartial(hits, new HitOrder(sort), size);
  }

  private Hit hit(@Nullable Best found, int place) {
    if (found == null) {
      throw new IllegalStateException("no hits");
    }
    var values = new ArrayList<Object>(sort.size());
    for (int i = 0; i < sort.size(); i++) {
      values.add(keys[i].value(found.keys[place * keys.length + i]));
    }
    int document = segments.get(found.segments[place]).base() + found.documents[place];
    return Hit.of(
        new TopDocument(
            document, id(found, place), byScore ? found.scores[place] : Float.NaN, values),
        shard);
  }
}
