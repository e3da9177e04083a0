package dev.heddle.aggregations;

import dev.heddle.function.Shard;
import dev.heddle.function.Shard.FieldKind;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which fields to highlight: those asked for, or where none was said, all text that is returned.
 */
final class Highlighted {
  static final Highlighted NOTHING = new Highlighted(List.of(), List.of());

  private final List<String> returned;
  private @Nullable List<String> known;

  private Highlighted(List<String> returned, @Nullable List<String> known) {
    this.returned = returned;
    this.known = known;
  }

  static Highlighted of(SearchQuery query) {
    return new Highlighted(query.fields(), query.highlight().orElse(null));
  }

  /** The same for all shards of a dataset. */
  List<String> fields(Shard shard) {
    var fields = known;
    if (fields == null) {
      fields = new ArrayList<>();
      for (var field : returned.isEmpty() ? shard.fields() : returned) {
        if (shard.kind(field) == FieldKind.TEXT) {
          fields.add(field);
        }
      }
      known = fields;
    }
    return fields;
  }
}
