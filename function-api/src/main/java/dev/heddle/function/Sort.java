package dev.heddle.function;

/**
 * One key of an order. Documents without the field come last; ties go to the next key, at last to
 * the id, ascending. Strings compare by {@link #compareText}.
 *
 * @param field a field with a single value a document, or {@link #SCORE}
 */
public record Sort(String field, boolean descending) {
  public static final String SCORE = "_score";

  /** The order of Unicode code points, which is also that of UTF-8 bytes. */
  public static int compareText(String a, String b) {
    int common = Math.min(a.length(), b.length());
    for (int i = 0; i < common; i++) {
      int x = a.charAt(i);
      int y = b.charAt(i);
      if (x != y) {
        return Character.isSurrogate((char) x) == Character.isSurrogate((char) y)
            ? x - y
            : codePointRank(x) - codePointRank(y);
      }
    }
    return a.length() - b.length();
  }

  /** Moves surrogates, which stand for the highest code points, behind all other characters. */
  private static int codePointRank(int character) {
    return Character.isSurrogate((char) character) ? character + 0x1_0000 : character;
  }
}
