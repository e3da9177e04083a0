package dev.heddle.aggregations;

import dev.heddle.function.Shard.KeywordValues;
import dev.heddle.function.Shard.Segment;
import dev.heddle.function.Sort;
import java.util.Arrays;

/** Finds out which of the buckets that were kept a document is in, by their place. */
final class KeptKeys {
  /** A binary search for each kept term beats a look at each ordinal when ordinals are many. */
  private static final int ORDINALS_PER_SEARCH = 16;

  private final BucketKeys keys;
  private final Keys kept;
  private int[] placeOfOrdinal = {};

  KeptKeys(BucketKeys keys, Keys kept) {
    this.keys = keys;
    this.kept = kept;
  }

  void enter(Segment segment) {
    keys.enter(segment);
    if (kept instanceof Keys.Text text && keys instanceof TermKeys terms) {
      placeOfOrdinal = places(text.values(), terms.values());
    }
  }

  private static int[] places(String[] kept, KeywordValues values) {
    var places = new int[values.cardinality()];
    Arrays.fill(places, -1);
    if (places.length > (long) kept.length * ORDINALS_PER_SEARCH) {
      for (int i = 0; i < kept.length; i++) {
        int ordinal = ordinal(kept[i], values);
        if (ordinal >= 0) {
          places[ordinal] = i;
        }
      }
      return places;
    }
    int next = 0;
    for (int ordinal = 0; ordinal < places.length && next < kept.length; ordinal++) {
      var term = values.term(ordinal);
      while (next < kept.length && Sort.compareText(kept[next], term) < 0) {
        next++;
      }
      if (next < kept.length && kept[next].equals(term)) {
        places[ordinal] = next++;
      }
    }
    return places;
  }

  private static int ordinal(String term, KeywordValues values) {
    int low = 0;
    int high = values.cardinality() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = Sort.compareText(values.term(middle), term);
      if (order == 0) {
        return middle;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }

  /** Puts the places of the document's kept buckets at the front; how many there are. */
  int read(int document, Places into) {
    int found = keys.read(document);
    into.room(found);
    int size = 0;
    for (int i = 0; i < found; i++) {
      int place =
          kept instanceof Keys.Numbers numbers
              ? Arrays.binarySearch(numbers.values(), keys.keys[i])
              : placeOfOrdinal[(int) keys.keys[i]];
      if (place >= 0) {
        into.places[size++] = place;
      }
    }
    return size;
  }

  /** Room for places. */
  static final class Places {
    int[] places = new int[8];

    private void room(int count) {
      if (count > places.length) {
        places = new int[2 * count];
      }
    }
  }
}
