package dev.heddle.shard;

import dev.heddle.function.Shard.TopDocument;
import java.io.IOException;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.SortedSetDocValues;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * Orders by a keyword, by code point. Within a segment ordinals compare; the term of a kept
 * document is read once.
 */
final class KeywordKey implements SortKey {
  private static final long MISSING = -1;

  private final String field;
  private final boolean descending;
  private final @Nullable BytesRef[] terms;

  /** Ordinals of kept documents, valid where the generation is the segment's. */
  private final long[] ordinals;

  private final int[] generations;
  private int generation;
  private @Nullable SortedSetDocValues values;
  private long loaded = MISSING;
  private @Nullable BytesRef loadedTerm;

  KeywordKey(String field, boolean descending, int slots) {
    this.field = field;
    this.descending = descending;
    this.terms = new BytesRef[slots];
    this.ordinals = new long[slots];
    this.generations = new int[slots];
  }

  @Override
  public void enter(LeafReader segment) throws IOException {
    values = DocValues.getSortedSet(segment, field);
    generation++;
  }

  @Override
  public void load(int document) throws IOException {
    SortedSetDocValues entered = values;
    loaded = entered != null && entered.advanceExact(document) ? entered.nextOrd() : MISSING;
    loadedTerm = null;
  }

  @Override
  public int compareLoaded(int slot) throws IOException {
    if (generations[slot] == generation && loaded != MISSING && ordinals[slot] != MISSING) {
      return directed(Long.compare(loaded, ordinals[slot]));
    }
    return compare(loadedTerm(), terms[slot]);
  }

  private @Nullable BytesRef loadedTerm() throws IOException {
    SortedSetDocValues entered = values;
    if (loadedTerm == null && loaded != MISSING && entered != null) {
      loadedTerm = BytesRef.deepCopyOf(entered.lookupOrd(loaded));
    }
    return loadedTerm;
  }

  @Override
  public void keep(int slot) throws IOException {
    terms[slot] = loadedTerm();
    ordinals[slot] = loaded;
    generations[slot] = generation;
  }

  @Override
  public int compare(int first, int second) {
    return compare(terms[first], terms[second]);
  }

  private int compare(@Nullable BytesRef a, @Nullable BytesRef b) {
    if (a == null || b == null) {
      return Boolean.compare(a == null, b == null);
    }
    return directed(a.compareTo(b));
  }

  private int directed(int ascending) {
    return descending ? -ascending : ascending;
  }

  @Override
  public Object value(int slot) {
    BytesRef term = terms[slot];
    return term == null ? TopDocument.MISSING : term.utf8ToString();
  }
}
