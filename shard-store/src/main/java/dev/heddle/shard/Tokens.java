package dev.heddle.shard;

import java.util.Arrays;

/** Analysed text: terms in order, with their places. Not safe for threads while it grows. */
final class Tokens {
  static final Tokens NONE = new Tokens(0);

  private final int length;
  private String[] terms = new String[16];
  private int[] starts = new int[16];
  private int[] ends = new int[16];
  private int[] increments = new int[16];
  private int size;

  /**
   * @param length characters of the text
   */
  Tokens(int length) {
    this.length = length;
  }

  void add(String term, int start, int end, int increment) {
    if (size == terms.length) {
      int capacity = size * 2;
      terms = Arrays.copyOf(terms, capacity);
      starts = Arrays.copyOf(starts, capacity);
      ends = Arrays.copyOf(ends, capacity);
      increments = Arrays.copyOf(increments, capacity);
    }
    terms[size] = term;
    starts[size] = start;
    ends[size] = end;
    increments[size] = increment;
    size++;
  }

  int size() {
    return size;
  }

  String term(int token) {
    return terms[token];
  }

  /** Offset of the token's first character in the text. */
  int start(int token) {
    return starts[token];
  }

  /** Offset after the token's last character in the text. */
  int end(int token) {
    return ends[token];
  }

  /** How many positions the token is after the one before. */
  int increment(int token) {
    return increments[token];
  }

  int length() {
    return length;
  }
}
