package dev.heddle.aggregations;

import dev.heddle.function.Sort;

/** What buckets are told apart by, ascending and each once: values of a field, or numbers. */
sealed interface Keys {
  int size();

  /** Compares a key with one of other keys of the same sort. */
  int compare(int index, Keys other, int otherIndex);

  /**
   * Keys of both in a given order.
   *
   * @param picks an index into these keys, or the complement of one into the other's
   */
  Keys pick(Keys other, int[] picks, int size);

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
  record Text(String[] values) implements Keys {
    static final Text NONE = new Text(new String[0]);

    @Override
    public int size() {
      return values.length;
    }

    @Override
    public int compare(int index, Keys other, int otherIndex) {
      return Sort.compareText(values[index], ((Text) other).values[otherIndex]);
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
    public Numbers pick(Keys other, int[] picks, int size) {
      var picked = new long[size];
      for (int i = 0; i < size; i++) {
        picked[i] = picks[i] >= 0 ? values[picks[i]] : ((Numbers) other).values[~picks[i]];
      }
      return new Numbers(picked);
    }
  }
}
