package dev.heddle.shard;

/**
 * How much text a field holds. Deleted documents count until their segment is merged.
 *
 * @param documents documents with at least one term
 * @param sumTotalTermFrequency occurrences of all terms
 * @param sumDocumentFrequency pairs of a document and one of its terms
 */
public record FieldFigures(long documents, long sumTotalTermFrequency, long sumDocumentFrequency) {
  public static final FieldFigures NONE = new FieldFigures(0, 0, 0);

  public FieldFigures plus(FieldFigures other) {
    return new FieldFigures(
        documents + other.documents,
        sumTotalTermFrequency + other.sumTotalTermFrequency,
        sumDocumentFrequency + other.sumDocumentFrequency);
  }
}
