package dev.heddle.shard;

import java.util.HashMap;
import java.util.Map;

/**
 * What some shards know of their text; the sum over all shards of a dataset is what scoring needs.
 *
 * @param documents live documents
 */
public record ShardStatistics(
    long documents, Map<String, FieldFigures> fields, Map<TermKey, TermFigures> terms) {
  public static final ShardStatistics NONE = new ShardStatistics(0, Map.of(), Map.of());

  public ShardStatistics {
    fields = Map.copyOf(fields);
    terms = Map.copyOf(terms);
  }

  public ShardStatistics plus(ShardStatistics other) {
    Map<String, FieldFigures> summedFields = new HashMap<>(fields);
    other.fields.forEach(
        (field, figures) -> summedFields.merge(field, figures, FieldFigures::plus));
    Map<TermKey, TermFigures> summedTerms = new HashMap<>(terms);
    other.terms.forEach((term, figures) -> summedTerms.merge(term, figures, TermFigures::plus));
    return new ShardStatistics(documents + other.documents, summedFields, summedTerms);
  }
}
