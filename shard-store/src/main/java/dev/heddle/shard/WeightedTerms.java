package dev.heddle.shard;

import java.util.Arrays;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.TermFrequencyAttribute;

/** Terms that count for more than one occurrence each, for a field without positions. */
final class WeightedTerms extends TokenStream {
  private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
  private final TermFrequencyAttribute frequency = addAttribute(TermFrequencyAttribute.class);
  private String[] terms = new String[32];
  private int[] units = new int[32];
  private int size;
  private int next;

  /**
   * @param unit frequency of this occurrence, at least 1
   */
  void add(String text, int unit) {
    if (size == terms.length) {
      terms = Arrays.copyOf(terms, size * 2);
      units = Arrays.copyOf(units, size * 2);
    }
    terms[size] = text;
    units[size] = unit;
    size++;
  }

  int size() {
    return size;
  }

  @Override
  public void reset() {
    next = 0;
  }

  @Override
  public boolean incrementToken() {
    if (next == size) {
      return false;
    }
    clearAttributes();
    term.append(terms[next]);
    frequency.setTermFrequency(units[next]);
    next++;
    return true;
  }
}
