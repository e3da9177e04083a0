package dev.heddle.shard;

import dev.heddle.function.Shard.TopDocument;
import java.io.IOException;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.SortedNumericDocValues;
import org.apache.lucene.util.NumericUtils;
import org.jspecify.annotations.Nullable;

/** Orders by a long, date or double, in the form in which all of them compare as longs. */
final class NumberKey implements SortKey {
  private final String field;
  private final boolean decimal;
  private final boolean descending;
  private final long[] numbers;
  private final boolean[] missing;
  private @Nullable SortedNumericDocValues values;
  private long loaded;
  private boolean loadedMissing;

  NumberKey(String field, boolean decimal, boolean descending, int slots) {
    this.field = field;
    this.decimal = decimal;
    this.descending = descending;
    this.numbers = new long[slots];
    this.missing = new boolean[slots];
  }

  @Override
  public void enter(LeafReader segment) throws IOException {
    values = DocValues.getSortedNumeric(segment, field);
  }

  @Override
  public void load(int document) throws IOException {
    SortedNumericDocValues entered = values;
    loadedMissing = entered == null || !entered.advanceExact(document);
    loaded = loadedMissing || entered == null ? 0 : entered.nextValue();
  }

  @Override
  public int compareLoaded(int slot) {
    return compare(loaded, loadedMissing, numbers[slot], missing[slot]);
  }

  @Override
  public void keep(int slot) {
    numbers[slot] = loaded;
    missing[slot] = loadedMissing;
  }

  @Override
  public int compare(int first, int second) {
    return compare(numbers[first], missing[first], numbers[second], missing[second]);
  }

  private int compare(long a, boolean aMissing, long b, boolean bMissing) {
    if (aMissing || bMissing) {
      return Boolean.compare(aMissing, bMissing);
    }
    return descending ? Long.compare(b, a) : Long.compare(a, b);
  }

  @Override
  public Object value(int slot) {
    if (missing[slot]) {
      return TopDocument.MISSING;
    }
    return decimal
        ? (Object) NumericUtils.sortableLongToDouble(numbers[slot])
        : (Object) numbers[slot];
  }
}
