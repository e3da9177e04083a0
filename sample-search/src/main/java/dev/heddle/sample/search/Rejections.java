package dev.heddle.sample.search;

import java.util.List;

/**
 * Lines that could not become documents.
 *
 * @param first the first few of them
 */
public record Rejections(long count, List<Rejection> first) {
  /** How many are kept with their reason. */
  public static final int KEPT = 5;

  public static final Rejections NONE = new Rejections(0, List.of());

  public Rejections {
    first = List.copyOf(first);
  }

  /**
   * One line.
   *
   * @param line 1-based
   */
  public record Rejection(long line, String reason) {
    @Override
    public String toString() {
      return "line " + line + ": " + reason;
    }
  }
}
