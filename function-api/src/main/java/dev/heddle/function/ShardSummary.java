package dev.heddle.function;

import java.util.Optional;

/**
 * What is known of a shard without asking it: enough to see that a query cannot match there. It may
 * claim more than there is, never less: a value that some document has lies within the bounds of
 * its field, and is among its terms. What is not known is no reason to skip.
 */
public interface ShardSummary {
  int shard();

  /** Live documents; 0 only where there are none. */
  long documents();

  /** Within what the values of a long, double or date field lie; empty: not known. */
  Optional<Bounds> bounds(String field);

  /** Whether a keyword field may have the value; true where that is not known. */
  boolean mayHave(String field, String value);

  /** Whether some document may match; false only if none can. */
  default boolean mayMatch(Query query) {
    return documents() > 0 && SummaryMatch.mayMatch(query, this);
  }

  /**
   * The least and the greatest value of a field, rounded outwards where a double cannot hold them;
   * dates as milliseconds since 1970.
   */
  record Bounds(double least, double greatest) {
    /** Of a field without values. */
    public static final Bounds NONE =
        new Bounds(Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);

    public Bounds {
      if (Double.isNaN(least) || Double.isNaN(greatest)) {
        throw new IllegalArgumentException(
            "bounds: " + least + ".." + greatest + " (expected: numbers)");
      }
    }

    /** Of longs, which doubles cannot always hold. */
    public static Bounds of(long least, long greatest) {
      double low = (double) least;
      double high = (double) greatest;
      // A cast rounds to the nearest; what it may have cut off is given back.
      return new Bounds(
          Math.abs(low) < 0x1p53 ? low : Math.nextDown(low),
          Math.abs(high) < 0x1p53 ? high : Math.nextUp(high));
    }

    /** Both together. */
    public Bounds with(Bounds other) {
      return new Bounds(Math.min(least, other.least), Math.max(greatest, other.greatest));
    }

    public boolean empty() {
      return least > greatest;
    }

    /** Whether they have a value in common with the closed range. */
    public boolean meets(double from, double to) {
      return !empty() && from <= greatest && to >= least;
    }
  }
}
