package dev.heddle.function;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which documents match, and how they score. */
public sealed interface Query {
  /** Every document, with score 1. */
  record All() implements Query {}

  /**
   * Analysed text.
   *
   * @param fields text or keyword fields; empty: the schema's weighted text fields together
   * @param allTerms whether all terms must match, not just any
   */
  record Match(String text, List<String> fields, boolean allTerms) implements Query {
    public Match {
      fields = List.copyOf(fields);
    }
  }

  /**
   * Terms in this order.
   *
   * @param field empty: any of the schema's weighted text fields
   * @param slop how many moves of terms are forgiven, 0..100
   */
  record Phrase(String field, String text, int slop) implements Query {
    public Phrase {
      if (slop < 0 || slop > 100) {
        throw new BadRequestException("slop: " + slop + " (expected: 0..100)");
      }
    }
  }

  /**
   * On a keyword field: values that start so. On text: all terms but the last match, and the last
   * one is a prefix.
   */
  record Prefix(String field, String text) implements Query {}

  /**
   * The exact value of a keyword, long, double or date field, or one analysed term of a text field.
   *
   * @param value String, Long, Double or Boolean
   */
  record Term(String field, Object value) implements Query {}

  /**
   * Values between bounds, of which there is at least one: Long, Double or String (keyword, or an
   * ISO-8601 date); null: open. For documents with any value there is {@link Exists}.
   */
  record Range(
      String field,
      @Nullable Object gte,
      @Nullable Object gt,
      @Nullable Object lte,
      @Nullable Object lt)
      implements Query {
    public Range {
      if (gte == null && gt == null && lte == null && lt == null) {
        throw new BadRequestException(
            "range " + field + ": no bounds (expected: gte, gt, lte or lt; or exists)");
      }
      if ((gte != null && gt != null) || (lte != null && lt != null)) {
        throw new BadRequestException(
            "range "
                + field
                + ": both open and closed bound (expected: one of gte, gt and one of lte, lt)");
      }
    }
  }

  /** Documents with any value of the field. */
  record Exists(String field) implements Query {}

  /** Documents with a point of the field within the distance. */
  record GeoDistance(String field, double lat, double lon, double meters) implements Query {
    public GeoDistance {
      if (!(lat >= -90 && lat <= 90)) {
        throw new BadRequestException("lat: " + lat + " (expected: -90..90)");
      }
      if (!(lon >= -180 && lon <= 180)) {
        throw new BadRequestException("lon: " + lon + " (expected: -180..180)");
      }
      if (!(meters > 0 && meters <= 40_000_000)) {
        throw new BadRequestException("meters: " + meters + " (expected: > 0, at most 40000000)");
      }
    }
  }

  /**
   * All of {@code must} and {@code filter}, none of {@code mustNot}, and where there is neither
   * must nor filter, at least one of {@code should}. Filters do not score.
   */
  record Bool(List<Query> must, List<Query> should, List<Query> mustNot, List<Query> filter)
      implements Query {
    public Bool {
      must = List.copyOf(must);
      should = List.copyOf(should);
      mustNot = List.copyOf(mustNot);
      filter = List.copyOf(filter);
    }
  }

  /** The query restricted to documents that match the filter, with the query's scores. */
  static Query filtered(Query query, Query filter) {
    return new Bool(List.of(query), List.of(), List.of(), List.of(filter));
  }
}
