package dev.heddle.coordinator.plan;

import dev.heddle.function.ShardSummary;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a replica's view of a shard held, as its node told. Immutable.
 *
 * @param node that told it
 * @param incarnation of the shard's history
 * @param index up to which the view shows the history, and nothing beyond
 * @param documents live ones
 * @param bounds by field of a number or date
 * @param terms by keyword field: all values that it has
 */
public record KnownSummary(
    String node,
    int shard,
    String incarnation,
    long index,
    long documents,
    Map<String, Bounds> bounds,
    Map<String, Set<String>> terms)
    implements ShardSummary {
  public KnownSummary {
    bounds = Map.copyOf(bounds);
    terms = Map.copyOf(terms);
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

  /** Whether this one is to be kept where the other is known. */
  boolean replaces(KnownSummary other) {
    return !incarnation.equals(other.incarnation) || index >= other.index;
  }
}
