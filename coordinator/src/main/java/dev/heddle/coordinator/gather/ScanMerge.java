package dev.heddle.coordinator.gather;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A page of a scan as it grows: the first documents in the order of their ids, out of pages of
 * every shard that come in any order. Holds what the page may still need, no more.
 */
public final class ScanMerge {
  /** By the bytes of UTF-8, which is the order of code points. */
  public static final Comparator<String> ID_ORDER = ScanMerge::compare;

  private final int limit;
  private final long mostBytes;
  private final TreeMap<String, Document> first = new TreeMap<>(ID_ORDER);

  /** Up to which id each shard has been read; empty: from where the scan began. */
  private final String[] readTo;

  private final boolean[] exhausted;
  private long bytes;

  /** The least id that had to be left out; null: none. */
  private @Nullable String ceiling;

  /**
   * Begins a page.
   *
   * @param limit documents at most
   * @param mostBytes of them in the answer at most; one document always fits
   * @param after id before the first
   */
  public ScanMerge(int shards, int limit, long mostBytes, String after) {
    this.limit = limit;
    this.mostBytes = mostBytes;
    this.readTo = new String[shards];
    Arrays.fill(readTo, after);
    this.exhausted = new boolean[shards];
  }

  /**
   * Takes a page of a shard in.
   *
   * @param documents in order, behind what was read of the shard before
   * @param more whether there may be more behind the last one
   */
  public void accept(int shard, List<Document> documents, boolean more) {
    for (var document : documents) {
      readTo[shard] = document.id;
      if (ceiling == null || compare(document.id, ceiling) < 0) {
        first.put(document.id, document);
        bytes += document.bytes();
      }
    }
    exhausted[shard] = !more;
    while (first.size() > limit || (bytes > mostBytes && first.size() > 1)) {
      var out = first.pollLastEntry();
      bytes -= out.getValue().bytes();
      ceiling = out.getKey();
    }
  }

  /** Shards that may have documents which belong into the page and were not read yet. */
  public List<Integer> wanted() {
    boolean full = ceiling != null || first.size() == limit;
    List<Integer> wanted = new ArrayList<>();
    for (int shard = 0; shard < readTo.length; shard++) {
      if (!exhausted[shard] && !(full && compare(first.lastKey(), readTo[shard]) <= 0)) {
        wanted.add(shard);
      }
    }
    return wanted;
  }

  /** The id behind which the shard is to be read on. */
  public String readTo(int shard) {
    return readTo[shard];
  }

  /** The page. Whole once no shard is wanted. */
  public List<Document> documents() {
    return List.copyOf(first.values());
  }

  /** Whether there may be documents behind the page's last one. */
  public boolean more() {
    if (ceiling != null) {
      return true;
    }
    for (boolean done : exhausted) {
      if (!done) {
        return true;
      }
    }
    return false;
  }

  private static int compare(String a, String b) {
    int length = Math.min(a.length(), b.length());
    for (int i = 0; i < length; i++) {
      char one = a.charAt(i);
      char other = b.charAt(i);
      if (one != other) {
        boolean bothWhole = !Character.isSurrogate(one) && !Character.isSurrogate(other);
        // A surrogate stands for a code point above every char that is none.
        return bothWhole || (Character.isSurrogate(one) && Character.isSurrogate(other))
            ? Character.compare(one, other)
            : Character.isSurrogate(one) ? 1 : -1;
      }
    }
    return Integer.compare(a.length(), b.length());
  }

  /** A document of a page. */
  public record Document(String id, byte[] json, long version) {
    /** Tags, lengths and the version. */
    private static final int FRAMING = 32;

    /** What it takes of the answer at most. */
    public long bytes() {
      // No char takes more than three bytes of UTF-8.
      return json.length + 3L * id.length() + FRAMING;
    }
  }
}
