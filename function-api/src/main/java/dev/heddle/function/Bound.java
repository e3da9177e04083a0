package dev.heddle.function;

/**
 * What a document, or whatever a function ranks, must reach to make a difference, given what was
 * already found: for the best k by score, the score of the k-th. The higher, the stronger.
 *
 * @param least not NaN; what is below it may be left out, what equals it may not
 */
public record Bound(double least) implements Comparable<Bound> {
  /** Leaves nothing out. */
  public static final Bound NONE = new Bound(Double.NEGATIVE_INFINITY);

  public Bound {
    if (Double.isNaN(least)) {
      throw new IllegalArgumentException("least: NaN (expected: a number)");
    }
  }

  /** The stronger of two; either of them holds for both. */
  public Bound raised(Bound other) {
    return compareTo(other) >= 0 ? this : other;
  }

  @Override
  public int compareTo(Bound other) {
    return Double.compare(least, other.least);
  }
}
