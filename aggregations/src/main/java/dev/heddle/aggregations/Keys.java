package dev.heddle.aggregations;

import dev.heddle.function.HeapSize;
import dev.heddle.function.Sort;

/** What buckets are told apart by, ascending and each once: values of a field, or numbers. */
sealed interface Keys {
  int size();

  /** What they take of the heap, in bytes. */
  long weight();

  /** Compares a key with one of other keys of the same sort. */
  int compare(int index, Keys other, int otherIndex);

  /**
   * Keys of both in a given order.
   *
   * @param picks an index into these keys, or the complement of one into the other's
   */
  Keys pick(Keys other, int[] picks, int size);

  /**
   * As {@link #pick}, where all keys of both are picked. Where the weight of either is known, that
   * of the union follows from it.
   *
   * @param twice indices of the other's keys that are among these, too, and were not picked
   * @param twins how many of those there are
   */
  Keys unite(Keys other, int[] picks, int size, int[] twice, int twins);

  /** Whether both hold the same keys. */
  default boolean same(Keys other) {
    if (size() != other.size()) {
      return false;
    }
    for (int i = 0; i < size(); i++) {
      if (compare(i, other, i) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Values, by code points. */
  final class Text implements Keys {
    static final Text NONE = new Text(new String[0]);

    private static final long UNKNOWN = -1;
    private static final long OWN = HeapSize.object(HeapSize.REFERENCE + Long.BYTES);

    private final String[] values;

    /** What the values take, once somebody asked. */
    private long texts;

    Text(String[] values) {
      this(values, UNKNOWN);
    }

    private Text(String[] values, long texts) {
      this.values = values;
      this.texts = texts;
    }

    String[] values() {
      return values;
    }

    @Override
    public long weight() {
      return OWN + HeapSize.references(values.length) + texts();
    }

    private long texts() {
      long known = texts;
      if (known == UNKNOWN) {
        known = 0;
        for (var value : values) {
          known += HeapSize.text(value);
        }
        texts = known;
      }
      return known;
    }

    @Override
    public int size() {
      return values.length;
    }

    @Override
    public int compare(int index, Keys other, int otherIndex) {
      return Sort.compareText(values[index], ((Text) other).values[otherIndex]);
    }

    @Override
    public Text unite(Keys other, int[] picks, int size, int[] twice, int twins) {
      var united = pick(other, picks, size);
      var others = (Text) other;
      if (texts != UNKNOWN || others.texts != UNKNOWN) {
        long both = texts() + others.texts();
        for (int i = 0; i < twins; i++) {
          both -= HeapSize.text(others.values[twice[i]]);
        }
        united.texts = both;
      }
      return united;
    }

    @Override
    public Text pick(Keys other, int[] picks, int size) {
      var picked = new String[size];
      for (int i = 0; i < size; i++) {
        picked[i] = picks[i] >= 0 ? values[picks[i]] : ((Text) other).values[~picks[i]];
      }
      return new Text(picked);
    }
  }

  /** Numbers: what they stand for is the aggregation's to say. */
  record Numbers(long[] values) implements Keys {
    static final Numbers NONE = new Numbers(new long[0]);

    private static final long OWN = HeapSize.object(HeapSize.REFERENCE);

    /** 0, 1, 2 and so on. */
    static Numbers upTo(int size) {
      var values = new long[size];
      for (int i = 0; i < size; i++) {
        values[i] = i;
      }
      return new Numbers(values);
    }

    @Override
    public int size() {
      return values.length;
    }

    @Override
    public int compare(int index, Keys other, int otherIndex) {
      return Long.compare(values[index], ((Numbers) other).values[otherIndex]);
    }

    @Override
    public long weight() {
      return OWN + HeapSize.longs(values.length);
    }

    @Override
    public Numbers unite(Keys other, int[] picks, int size, int[] twice, int twins) {
      return pick(other, picks, size);
    }

    @Override
    public Numbers pick(Keys other, int[] picks, int size) {
      var picked = new long[size];
      for (int i = 0; i < size; i++) {
        picked[i] = picks[i] >= 0 ? values[picks[i]] : ((Numbers) other).values[~picks[i]];
      }
      return new Numbers(picked);
    }
  }
}
