package dev.heddle.shard;

/**
 * How often a term occurs. Deleted documents count until their segment is merged.
 *
 * @param documentFrequency documents that have it
 * @param totalTermFrequency its occurrences, weighted where the field is
 */
public record TermFigures(long documentFrequency, long totalTermFrequency) {
  public static final TermFigures NONE = new TermFigures(0, 0);

  public TermFigures plus(TermFigures other) {
    return new TermFigures(
        documentFrequency + other.documentFrequency, totalTermFrequency + other.totalTermFrequency);
  }
}
