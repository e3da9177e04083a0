package dev.heddle.aggregations;

import dev.heddle.function.Shard;
import dev.heddle.function.Shard.FieldKind;
import java.util.ArrayList;
import java.util.List;

/**
 * Which fields to highlight: those asked for, or where none was said, all text that is returned.
 */
final class Highlighted {
  private Highlighted() {}

  static List<String> fields(SearchQuery query, Shard shard) {
    if (query.highlight().isPresent()) {
      return query.highlight().get();
    }
    var text = new ArrayList<String>();
    for (var field : query.fields().isEmpty() ? shard.fields() : query.fields()) {
      if (shard.kind(field) == FieldKind.TEXT) {
        text.add(field);
      }
    }
    return text;
  }
}
