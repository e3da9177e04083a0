package dev.heddle.function.testkit;

import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.ShardSummary;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Knows exactly what an {@link InMemoryShard} holds. */
final class InMemorySummary implements ShardSummary {
  private final int shard;
  private final long documents;
  private final Map<String, Bounds> bounds = new HashMap<>();
  private final Map<String, Set<String>> terms = new HashMap<>();

  InMemorySummary(int shard, Map<String, FieldKind> kinds, List<InMemoryDocument> documents) {
    this.shard = shard;
    this.documents = documents.size();
    kinds.forEach((field, kind) -> {
      switch (kind) {
        case LONG, DOUBLE, DATE -> bounds.put(field, bounds(field, documents));
        case KEYWORD -> terms.put(field, terms(field, documents));
        case TEXT, GEO_POINT, STORED -> {}
      }
    });
  }

  private static Bounds bounds(String field, List<InMemoryDocument> documents) {
    var bounds = Bounds.NONE;
    for (var document : documents) {
      for (var value : document.values(field)) {
        bounds =
            bounds.with(
                value instanceof Long number
                    ? Bounds.of(number, number)
                    : new Bounds(((Number) value).doubleValue(), ((Number) value).doubleValue()));
      }
    }
    return bounds;
  }

  private static Set<String> terms(String field, List<InMemoryDocument> documents) {
    var terms = new HashSet<String>();
    for (var document : documents) {
      document.values(field).forEach(value -> terms.add(value.toString()));
    }
    return terms;
  }

  @Override
  public int shard() {
    return shard;
  }

  @Override
  public long documents() {
    return documents;
  }

  @Override
  public Optional<Bounds> bounds(String field) {
    return Optional.ofNullable(bounds.get(field));
  }

  @Override
  public boolean mayHave(String field, String value) {
    var known = terms.get(field);
    return known == null || known.contains(value);
  }
}
