package dev.heddle.coordinator.plan;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.Schema;
import dev.heddle.function.Aggregation;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;

/**
 * Whether the fields that a request names exist: a misspelt one is told before anything is
 * scattered. What a field can do is the leaf's to say.
 */
public final class FieldCheck {
  private final Schema schema;

  private FieldCheck(Schema schema) {
    this.schema = schema;
  }

  /** Throws UNKNOWN_FIELD, naming the field, where it was named, and the fields there are. */
  public static void check(ScatterRequest request, Schema schema) {
    var check = new FieldCheck(schema);
    check.query(request.query());
    request.fields().forEach(field -> check.known("fields", field));
    request.highlight().ifPresent(fields -> fields.forEach(f -> check.known("highlight", f)));
    check.sort("sort", request.sort());
    request.aggs().forEach((name, agg) -> check.aggregation("aggs." + name, agg));
  }

  private void sort(String where, List<Sort> keys) {
    for (var key : keys) {
      if (!key.field().equals(Sort.SCORE)) {
        known(where, key.field());
      }
    }
  }

  private void aggregation(String where, Aggregation aggregation) {
    if (aggregation instanceof Aggregation.TopHits best) {
      sort(where + ".sort", best.sort());
      best.fields().forEach(field -> known(where + ".fields", field));
    } else {
      known(where, aggregation.field());
    }
    aggregation.inner().forEach((name, inner) -> aggregation(where + ".aggs." + name, inner));
  }

  private void query(Query query) {
    switch (query) {
      case Query.All all -> {}
      case Query.Match match -> match.fields().forEach(field -> known("match", field));
      case Query.Phrase phrase -> {
        if (!phrase.field().isEmpty()) {
          known("phrase", phrase.field());
        }
      }
      case Query.Prefix prefix -> known("prefix", prefix.field());
      case Query.Term term -> known("term", term.field());
      case Query.Range range -> known("range", range.field());
      case Query.Exists exists -> known("exists", exists.field());
      case Query.GeoDistance near -> known("geoDistance", near.field());
      case Query.Bool bool -> {
        for (var part : List.of(bool.must(), bool.should(), bool.mustNot(), bool.filter())) {
          part.forEach(this::query);
        }
      }
    }
  }

  private void known(String where, String field) {
    if (schema.field(field).isEmpty()) {
      throw new HeddleException(
          ErrorCode.UNKNOWN_FIELD,
          where
              + ": "
              + field
              + " (expected: a field of the dataset: "
              + String.join(", ", schema.fields().stream().map(Field::name).toList())
              + ")");
    }
  }
}
