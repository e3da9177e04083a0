package dev.heddle.coordinator.plan;

import java.util.HashMap;
import java.util.Map;

/**
 * Statistics of some shards, summed.
 *
 * @param fields by name
 */
public record Figures(
    long documents, Map<String, FieldFigures> fields, Map<TermKey, TermFigures> terms) {
  public static final Figures NONE = new Figures(0, Map.of(), Map.of());

  public Figures {
    fields = Map.copyOf(fields);
    terms = Map.copyOf(terms);
  }

  public Figures plus(Figures other) {
    var sumFields = new HashMap<>(fields);
    other.fields.forEach((name, figures) -> sumFields.merge(name, figures, FieldFigures::plus));
    var sumTerms = new HashMap<>(terms);
    other.terms.forEach((key, figures) -> sumTerms.merge(key, figures, TermFigures::plus));
    return new Figures(documents + other.documents, sumFields, sumTerms);
  }

  /** A term of a field. */
  public record TermKey(String field, String term) {}

  /** How often a term occurs. */
  public record TermFigures(long documentFrequency, long totalTermFrequency) {
    TermFigures plus(TermFigures other) {
      return new TermFigures(
          documentFrequency + other.documentFrequency,
          totalTermFrequency + other.totalTermFrequency);
    }
  }

  /** How much text a field holds. */
  public record FieldFigures(
      long documents, long sumTotalTermFrequency, long sumDocumentFrequency) {
    FieldFigures plus(FieldFigures other) {
      return new FieldFigures(
          documents + other.documents,
          sumTotalTermFrequency + other.sumTotalTermFrequency,
          sumDocumentFrequency + other.sumDocumentFrequency);
    }
  }
}
